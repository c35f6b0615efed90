"""Stage 1: a file, pipe or interface becomes blocks of frames.

Every file on this shelf reads one capture format. The contract is `Reader`. `_inputs.py` says what is to be read; `_source.py` opens it, undoes
compression, fills the ring of blocks and hands each block to the format's record walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 3 << 20
"""Capture bytes per block. A record never straddles two blocks: its head is moved to the front of the next one."""

SPARE_BYTES = 1 << 20
"""Room behind each block for bytes that later stages put together: reassembled datagrams."""

LARGEST_RECORD_BYTES = 262_144
"""Largest captured length where the snapshot length does not allow more; beyond max(snaplen, this) a record is `bad_caplen` (A1.3)."""

RECORDS = np.dtype(
    [
        ("time", "i8"),  # UTC nanoseconds since 1970
        ("frame", "i8"),  # Wireshark's frame number in this capture, from 1
        ("offset", "i8"),  # of the first captured byte, in Frames.data
        ("caplen_bytes", "i4"),  # captured
        ("wire_bytes", "i4"),  # on the wire
        ("linktype", "i4"),  # LINKTYPE_ value
        ("interface", "i4"),  # row in Capture.interfaces
    ],
    align=True,
)
"""One row per frame that holds a packet."""


class UnreadableInputError(ValueError):
    """No packet can be read from an input: says which, why, and what to do next."""


@dataclass(slots=True)
class Frames:
    """One block of frames. `data` and `records` are reused for a later block: whoever wants them beyond this block's turn copies."""

    capture: int
    """Ordinal of the capture, from 0."""
    data: NDArray[np.uint8]
    """BLOCK_BYTES of capture, then SPARE_BYTES of room for later stages."""
    spare_offset: int
    """Where the spare room begins in `data`."""
    records: NDArray[np.void]
    """RECORDS."""


@dataclass(frozen=True, slots=True)
class Interface:
    """Where frames were taken, as the capture says."""

    linktype: int
    name: str = ""
    snaplen: int = 0
    """0: unlimited or unknown."""
    dropped_pkts: int | None = None
    """From pcapng's interface statistics; None: unknown."""


class Walk(Protocol):
    """The state of one capture's record walk. `take` is given the unread bytes and writes records."""

    format: str
    """Name as in Wireshark: pcap, nsecpcap, modpcap, pcapng."""
    interfaces: list[Interface]
    tally: NDArray[np.void]
    """One row of `_tally.TALLY`: frames numbered, wire bytes, earliest and latest time, and what was booked by the walk itself."""
    stopped: str
    """Why the walk cannot go on (a skip reason); empty: it can."""
    decryption_secrets: list[tuple[int, bytes]]
    """(secrets type, secrets), bounded."""
    resolved_names: list[tuple[bytes, bytes]]
    """(address, name) that the capture itself carries, bounded."""
    interfaces_dropped: int
    """Interface descriptions beyond the bound."""

    def take(self, data: NDArray[np.uint8], start: int, stop: int, out: NDArray[np.void]) -> tuple[int, int]:
        """Writes a RECORDS row per whole record in `data[start:stop]` to `out`; returns (rows written, first unread byte).

        Returns early when `out` is full, a record is incomplete or cannot be (`stopped`). The first unread byte lies beyond `stop` when what
        follows is not to be looked at: so many bytes are to be passed over.
        """
        ...

    def cut_packet(self, rest: bytes) -> bool:
        """Whether `rest`, all that the capture has left, is the beginning of a packet."""
        ...


class Reader(Protocol):
    """A file on this shelf: one capture format."""

    MAGIC: tuple[bytes, ...]
    """First bytes by which the format is known."""
    FORMAT: str
    """Name as in Wireshark: pcap, pcapng. A walk may refine it."""

    def walk(self, head: bytes) -> Walk:
        """The walk of a capture that begins with `head`. Raises ValueError, with reason and next step, when its header cannot be."""
        ...
