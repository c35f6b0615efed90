"""Classic pcap, both byte orders: microseconds, nanoseconds, and Kuznetzov's modified records.

Source: draft-ietf-opsawg-pcap; for versions up to 2.3 and 543, whose two lengths may stand in the other order, libpcap and Wireshark.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel
from gdsi_audit.kernels.prefetch import prefetch
from gdsi_audit.readers import LARGEST_RECORD_BYTES, Interface
from gdsi_audit.readers._numbers import u32
from gdsi_audit.readers._tally import BAD, FULL, LARGEST_HELD_BYTES, LONGEST_WIRE_BYTES, NEED_MORE, new_tally, note_absurd_length

FORMAT = "pcap"

_VARIANTS = {
    0xA1B2C3D4: ("pcap", 16, 1000),
    0xA1B23C4D: ("nsecpcap", 16, 1),
    0xA1B2CD34: ("modpcap", 24, 1000),
}
"""By magic: name, bytes of a record's header, nanoseconds per unit of its fraction."""

MAGIC = tuple(struct.pack(order + "I", magic) for magic in _VARIANTS for order in "<>")

_HEADER = "IHHiIII"
_HEADER_BYTES = 24
_SWAPPED_ALWAYS, _SWAPPED_IF_LARGER = 1, 2


def walk(head: bytes) -> PcapWalk:
    """The record walk of a capture that begins with `head`. Raises ValueError when its header is cut or of another version."""
    return PcapWalk(head)


def _length_order(major: int, minor: int) -> int:
    if major == 543 or minor < 3:
        return _SWAPPED_ALWAYS
    return _SWAPPED_IF_LARGER if minor == 3 else 0


class PcapWalk:
    """State of the walk over one pcap file."""

    def __init__(self, head: bytes) -> None:
        if len(head) < _HEADER_BYTES:
            raise ValueError(f"the file header is cut: {len(head)} of {_HEADER_BYTES} bytes; copy the capture again from where it was taken")
        self.big_endian = head[0] == 0xA1
        magic, major, minor, _, _, snaplen, network = struct.unpack_from((">" if self.big_endian else "<") + _HEADER, head)
        if major not in (2, 543):
            raise ValueError(f"pcap version {major}.{minor} is not known; convert it with editcap")
        self.format, self._header_bytes, self._fraction_ns = _VARIANTS[magic]
        # The upper bits say how long the frame check sequence is; what lies behind a packet's own length is ignored anyway.
        self.interfaces = [Interface(linktype=network & 0xFFFF, snaplen=snaplen)]
        self.tally = new_tally()
        self.stopped = ""
        self.decryption_secrets: list[tuple[int, bytes]] = []
        self.resolved_names: list[tuple[bytes, bytes]] = []
        self.interfaces_dropped = 0
        self._largest = min(max(snaplen, LARGEST_RECORD_BYTES), LARGEST_HELD_BYTES - self._header_bytes)
        self._length_order = _length_order(major, minor)
        self._header_left = _HEADER_BYTES

    def take(self, data: NDArray[np.uint8], start: int, stop: int, out: NDArray[np.void]) -> tuple[int, int]:
        """See Walk."""
        if self._header_left:
            start += self._header_left
            self._header_left = 0
        rows, position, code = walk_records(
            *(data, start, stop, self.big_endian, self._header_bytes, self._fraction_ns, self._length_order),
            *(self._largest, self.interfaces[0].linktype, out, self.tally),
        )
        if code == BAD:
            self.stopped = "bad_caplen"
        return rows, position

    def cut_packet(self, rest: bytes) -> bool:
        """See Walk."""
        return bool(rest)


@kernel
def walk_records(
    data: NDArray[np.uint8],
    position: int,
    stop: int,
    big_endian: bool,
    header_bytes: int,
    fraction_ns: int,
    length_order: int,
    largest: int,
    linktype: int,
    out: NDArray[np.void],
    tally: NDArray[np.void],
) -> tuple[int, int, int]:
    """Writes a row of RECORDS per whole record in `data[position:stop]`; returns rows, first unread byte, and why it returned."""
    count = tally[0]
    rows = 0
    frames = count.frames
    wire_sum = count.wire_bytes
    earliest = count.first
    latest = count.last
    code = NEED_MORE
    while position + header_bytes <= stop:
        if rows == out.size:
            code = FULL
            break
        caplen = u32(data, position + 8, big_endian)
        wire = u32(data, position + 12, big_endian)
        if length_order == _SWAPPED_ALWAYS or (length_order == _SWAPPED_IF_LARGER and caplen > wire):
            caplen, wire = wire, caplen
        if caplen > largest:
            code = BAD
            break
        body = position + header_bytes
        if body + caplen > stop:
            break
        frames += 1
        time = u32(data, position, big_endian) * 1_000_000_000 + u32(data, position + 4, big_endian) * fraction_ns
        if wire > LONGEST_WIRE_BYTES:
            note_absurd_length(count, frames)
            wire = LONGEST_WIRE_BYTES
        row = out[rows]
        row.time = time
        row.frame = frames
        row.offset = body
        row.caplen_bytes = caplen
        row.wire_bytes = wire
        row.linktype = linktype
        row.interface = 0
        rows += 1
        wire_sum += wire
        earliest = min(earliest, time)
        latest = max(latest, time)
        position = body + caplen
        # Full packets come in trains: where the next headers stand, if the next records are as long as this one.
        prefetch(data, position, header_bytes + caplen)
        prefetch(data, position, 2 * (header_bytes + caplen))
    count.frames = frames
    count.wire_bytes = wire_sum
    count.first = earliest
    count.last = latest
    return rows, position, code
