"""What the audit could not see, and the ledger that proves nothing was lost in silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the audit could not see, counted. Bad input is data: it never raises."""

    stage: str
    """The folder that met it: readers, packets, flows, protocols, geo, declarations, detectors."""
    kind: str
    """One word with underscores, stable for golden files: `truncated_record`, `bad_ip_checksum`, `limit:live_flows`."""
    count: int
    first_capture: str = ""
    """sha256 of the capture of the first example, empty where there is none."""
    first_frame: int = 0
    """Frame number of the first example; 0 where it belongs to no frame."""
    note: str = ""


SKIP_REASONS = (
    "not_a_packet",  # a record that Wireshark numbers but that holds no packet
    "truncated_record",  # the file ends inside the record
    "bad_caplen",  # the record claims more bytes than a record may have
    "unknown_interface",  # pcapng: a packet before any interface description
    "unknown_linktype",
    "not_ip",  # link control, ARP excepted
    "encrypted_link",  # 802.11 data with the protected bit
    "short_frame",  # captured bytes end before the header they should hold
    "bad_header",  # a length or version that cannot be
    "fragment_unreassembled",
    "fragment_overlap",  # RFC 5722
    "limit:reassembly",
    "limit:tunnel_depth",
    "limit:extension_headers",
    "filtered",  # left out by the analyst: --from, --to, --exclude, [[ignore]]
    "internal_error",
)
"""The closed list. A frame is decoded, or skipped with exactly one of these."""


@dataclass
class Ledger:
    """`read = decoded + skipped`, for frames and for bytes on the wire."""

    read: int = 0
    decoded: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    read_bytes: int = 0
    decoded_bytes: int = 0
    skipped_bytes: Counter[str] = field(default_factory=Counter)

    def skip(self, reason: str, frames: int, wire_bytes: int) -> None:
        """Books `frames` frames as skipped for `reason`, which must be on the closed list."""
        if reason not in SKIP_REASONS:
            raise ValueError(f"{reason!r} is not on the closed list of skip reasons")
        if frames:
            self.skipped[reason] += frames
            self.skipped_bytes[reason] += wire_bytes

    def adds_up(self) -> bool:
        return self.read == self.decoded + self.skipped.total() and self.read_bytes == self.decoded_bytes + self.skipped_bytes.total()
