"""Fragments put together again: IPv4 (RFC 791) and IPv6 (RFC 8200 section 4.5), bounded in number, bytes and time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part
from gdsi_audit.packets import DEEPEST_TUNNEL
from gdsi_audit.packets.books import FREE_PAGES, GAP_PLACES, LIVE, OWED, Books, note_odd
from gdsi_audit.packets.numbers import Integer
from gdsi_audit.packets.outcomes import BAD_HEADER, FRAGMENT_OVERLAP, FRAGMENT_UNREASSEMBLED, LIMIT_REASSEMBLY, PENDING
from gdsi_audit.packets.step import FRAGMENT_OFFSET, MORE, OFFSET, PROTOCOL

DATAGRAMS = 1024
"""Datagrams in reassembly at a time."""

PAGE_BYTES = 2048
PAGES = 4096
PAGES_PER_DATAGRAM = 32
FRAGMENT_TIMEOUT_NS = 30_000_000_000
"""In capture time, from a datagram's first fragment."""

LARGEST_DATAGRAM_BYTES = 65_535
SPARE_PER_FRAME_BYTES = (DEEPEST_TUNNEL + 1) * (LARGEST_DATAGRAM_BYTES + 1)
"""What one frame may put together, each layer of its tunnels being the last fragment of a datagram."""

DATAGRAM = np.dtype(
    [
        ("src_hi", "u8"),
        ("src_lo", "u8"),
        ("dst_hi", "u8"),
        ("dst_lo", "u8"),
        ("time", "i8"),  # of its first fragment
        ("frame", "i8"),  # of its first fragment
        ("frames", "i8"),  # of this capture, that wait for the outcome to be booked
        ("frames_bytes", "i8"),  # their bytes on the wire
        ("earlier_frames", "i8"),  # of the capture before this one
        ("earlier_bytes", "i8"),
        ("identification", "u4"),
        ("units", "i4"),  # distinct 8-byte units that have come
        ("reach", "i4"),  # end of the farthest fragment
        ("total_bytes", "i4"),  # -1: the last fragment is still to come
        ("header_bytes", "i4"),  # before the fragmentable part, from the first fragment
        ("fragments", "i4"),
        ("protocol", "u1"),  # IPv4: part of its identity
        ("version", "u1"),
        ("depth", "u1"),
        ("first_protocol", "u1"),  # what the first fragment begins with
        ("ttl", "u1"),
        ("dropped", "u1"),  # its fragments overlapped
    ],
    align=True,
)
"""One row per datagram in reassembly."""


class Reassembly(NamedTuple):
    """Datagrams that wait for fragments. Rows are used in the order of `order`: the first state[LIVE] are in use."""

    datagrams: NDArray[np.void]
    order: NDArray[np.int32]
    came: NDArray[np.uint8]
    """Shape (DATAGRAMS, 1024): which 8-byte units have come, one bit each."""
    page_of: NDArray[np.int16]
    """Shape (DATAGRAMS, PAGES_PER_DATAGRAM): where a datagram's bytes stand; -1: nowhere yet."""
    pages: NDArray[np.uint8]
    free_pages: NDArray[np.int32]
    """The first state[FREE_PAGES] are free."""


@part
def _close(table: Reassembly, place: int, books: Books, state: NDArray[np.int64], reason: int) -> None:
    """The outcome of a datagram is known: its frames are booked for `reason`, or owed to the frame that completed it (0).

    Inside tunnels, where frames are booked already, it is an oddity. One that overlapped keeps its row, so that the rest of it is dropped too.
    """
    row = table.order[place]
    held = table.datagrams[row]
    if reason == 0:
        state[OWED] += held.frames
        state[OWED + 1] += held.frames_bytes
        state[OWED + 2] += held.earlier_frames
        state[OWED + 3] += held.earlier_bytes
    elif not held.dropped:
        books.frames[0, reason, 0] += held.frames
        books.frames[0, reason, 1] += held.frames_bytes
        books.frames[1, reason, 0] += held.earlier_frames
        books.frames[1, reason, 1] += held.earlier_bytes
        if held.depth > 0:
            note_odd(books, GAP_PLACES + reason, held.frame)
    held.frames = 0
    held.frames_bytes = 0
    held.earlier_frames = 0
    held.earlier_bytes = 0
    for index in range(PAGES_PER_DATAGRAM):
        page = table.page_of[row, index]
        if page >= 0:
            table.free_pages[state[FREE_PAGES]] = page
            state[FREE_PAGES] += 1
            table.page_of[row, index] = -1
    if reason == FRAGMENT_OVERLAP:
        held.dropped = 1
        return
    last = state[LIVE] - 1
    table.order[place] = table.order[last]
    table.order[last] = row
    state[LIVE] = last


@part
def _make_room(table: Reassembly, packet: Any, spared: int, books: Books, state: NDArray[np.int64]) -> bool:
    """Gives up what has timed out, or else the datagram that waits longest; never row `spared`. False: there is nothing else."""
    oldest = Integer(-1)
    before = state[LIVE]
    for place in range(before - 1, -1, -1):
        row = table.order[place]
        if row == spared:
            continue
        if abs(packet.time - table.datagrams[row].time) > FRAGMENT_TIMEOUT_NS:
            _close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
    if state[LIVE] < before:
        return True
    for place in range(before):
        row = table.order[place]
        if row != spared and (oldest < 0 or table.datagrams[row].frame < table.datagrams[table.order[oldest]].frame):
            oldest = Integer(place)
    if oldest < 0:
        return False
    _close(table, oldest, books, state, Integer(LIMIT_REASSEMBLY))
    return True


@part
def _find(table: Reassembly, packet: Any, protocol: int, books: Books, state: NDArray[np.int64]) -> int:
    """Row of the datagram that `packet` is a fragment of, begun if need be."""
    for place in range(state[LIVE]):
        row: int = Integer(table.order[place])
        held = table.datagrams[row]
        if (
            held.identification == packet.ip_id
            and held.src_lo == packet.src_lo
            and held.dst_lo == packet.dst_lo
            and held.src_hi == packet.src_hi
            and held.dst_hi == packet.dst_hi
            and held.version == packet.ip_version
            and held.depth == packet.depth
            and (held.version == 6 or held.protocol == protocol)
        ):
            if abs(packet.time - held.time) <= FRAGMENT_TIMEOUT_NS:
                return row
            _close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
            break
    if state[LIVE] == table.order.size:
        _make_room(table, packet, Integer(-1), books, state)
    row = Integer(table.order[state[LIVE]])
    state[LIVE] += 1
    for index in range(table.came.shape[1]):
        table.came[row, index] = 0
    held = table.datagrams[row]
    held.src_hi = packet.src_hi
    held.src_lo = packet.src_lo
    held.dst_hi = packet.dst_hi
    held.dst_lo = packet.dst_lo
    held.time = packet.time
    held.frame = packet.frame
    held.identification = packet.ip_id
    held.protocol = protocol
    held.version = packet.ip_version
    held.depth = packet.depth
    held.units = 0
    held.reach = 0
    held.total_bytes = -1
    held.header_bytes = 0
    held.fragments = 0
    held.dropped = 0
    return row


@part
def reassemble(
    table: Reassembly,
    data: NDArray[np.uint8],
    packet: Any,
    offset: int,
    size: int,
    header_bytes: int,
    protocol: int,
    room: int,
    to_book: bool,
    step: NDArray[np.int64],
    books: Books,
    state: NDArray[np.int64],
) -> int:
    """Takes one fragment (fields in `step`): 0 once its datagram is complete and stands at `room`, else PENDING or a reason.

    Leaves OFFSET (its length) and PROTOCOL. A fragment that came before with the same bytes is tolerated; any other overlap drops the whole
    datagram (RFC 5722), as does a fragment beyond its end.
    """
    begin, last = step[FRAGMENT_OFFSET], step[MORE] == 0
    stop = begin + size
    if size <= 0 or stop > LARGEST_DATAGRAM_BYTES or (not last and size & 7 != 0):
        return BAD_HEADER
    row = _find(table, packet, protocol, books, state)
    held = table.datagrams[row]
    if held.dropped:
        return FRAGMENT_OVERLAP
    first_unit, stop_unit = begin >> 3, (stop + 7) >> 3
    came = 0
    for unit in range(first_unit, stop_unit):
        came += (Integer(table.came[row, unit >> 3]) >> (unit & 7)) & 1
    total = Integer(held.total_bytes)
    wrong = 0 < came < stop_unit - first_unit or (total >= 0 and (stop > total or (last and stop < total) or (not last and stop == total)))
    wrong = wrong or (last and held.reach > stop)
    if came == 0 and not wrong:
        for index in range(begin // PAGE_BYTES, (stop - 1) // PAGE_BYTES + 1):
            while table.page_of[row, index] < 0:
                if state[FREE_PAGES] > 0:
                    state[FREE_PAGES] -= 1
                    table.page_of[row, index] = table.free_pages[state[FREE_PAGES]]
                elif not _make_room(table, packet, row, books, state):
                    return LIMIT_REASSEMBLY
        for unit in range(first_unit, stop_unit):
            table.came[row, unit >> 3] |= np.uint8(1 << (unit & 7))
        held.units += stop_unit - first_unit
    if not wrong:
        for index in range(size):
            place = begin + index
            place = table.page_of[row, place // PAGE_BYTES] * PAGE_BYTES + place % PAGE_BYTES
            if came == 0:
                table.pages[place] = data[offset + index]
            elif table.pages[place] != data[offset + index]:
                wrong = True
    at = Integer(0)
    while table.order[at] != row:
        at += 1
    if wrong:
        _close(table, at, books, state, Integer(FRAGMENT_OVERLAP))
        return FRAGMENT_OVERLAP
    held.fragments += 1
    held.reach = max(held.reach, stop)
    if last:
        held.total_bytes = stop
    if begin == 0:
        held.first_protocol = protocol
        held.header_bytes = header_bytes
        held.ttl = packet.ttl
    total = Integer(held.total_bytes)
    if total < 0 or held.units < (total + 7) >> 3:
        if to_book:
            held.frames += 1
            held.frames_bytes += packet.wire_bytes
        return PENDING
    for index in range(total):
        data[room + index] = table.pages[table.page_of[row, index // PAGE_BYTES] * PAGE_BYTES + index % PAGE_BYTES]
    packet.ttl = held.ttl
    packet.fragments = min(held.fragments, 255)
    packet.ip_bytes = held.header_bytes + total
    step[OFFSET] = total
    step[PROTOCOL] = held.first_protocol
    _close(table, at, books, state, Integer(0))
    return 0


@kernel
def next_capture(table: Reassembly, books: Books, state: NDArray[np.int64], at_end: bool) -> None:
    """Another capture begins: what waits since the one before the last is given up, the rest grows a capture older. At the end all is given up."""
    for place in range(state[LIVE] - 1, -1, -1):
        held = table.datagrams[table.order[place]]
        if at_end or held.earlier_frames > 0:
            _close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
        else:
            held.earlier_frames = held.frames
            held.earlier_bytes = held.frames_bytes
            held.frames = 0
            held.frames_bytes = 0
