"""Fragments put together again: IPv4 (RFC 791) and IPv6 (RFC 8200 section 4.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets import DEEPEST_TUNNEL
from gdsi_audit.packets.books import FREE_PAGES, Books
from gdsi_audit.packets.numbers import Integer
from gdsi_audit.packets.outcomes import BAD_HEADER, FRAGMENT_OVERLAP, LIMIT_REASSEMBLY, PENDING
from gdsi_audit.packets.reassembly import PAGE_BYTES, Reassembly, close, find, make_room
from gdsi_audit.packets.step import FRAGMENT_OFFSET, MORE, OFFSET, PROTOCOL

LARGEST_DATAGRAM_BYTES = 65_535
SPARE_PER_FRAME_BYTES = (DEEPEST_TUNNEL + 1) * (LARGEST_DATAGRAM_BYTES + 1)
"""What one frame may put together, each layer of its tunnels being the last fragment of a datagram."""


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
    row = find(table, packet, protocol, books, state)
    held = table.datagrams[row]
    if held.dropped:
        return FRAGMENT_OVERLAP
    came = _units_here(table, row, begin, stop)
    wrong = 0 < came < ((stop + 7) >> 3) - (begin >> 3) or _misses_end(held, stop, last)
    if came == 0 and not wrong:
        if not _take_pages(table, packet, row, begin, stop, books, state):
            return LIMIT_REASSEMBLY
        _store(table, row, begin, size, data, offset)
    elif not wrong:
        wrong = not _is_same(table, row, begin, size, data, offset)
    at = Integer(0)
    while table.order[at] != row:
        at += 1
    if wrong:
        close(table, at, books, state, Integer(FRAGMENT_OVERLAP))
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
        data[room + index] = table.pages[_place(table, row, index)]
    packet.ttl = held.ttl
    packet.fragments = min(held.fragments, 255)
    packet.ip_bytes = held.header_bytes + total
    step[OFFSET] = total
    step[PROTOCOL] = held.first_protocol
    close(table, at, books, state, Integer(0))
    return 0


@part
def _units_here(table: Reassembly, row: int, begin: int, stop: int) -> int:
    """How many of the units of 8 bytes between have come before."""
    came = 0
    for unit in range(begin >> 3, (stop + 7) >> 3):
        came += (Integer(table.came[row, unit >> 3]) >> (unit & 7)) & 1
    return came


@part
def _misses_end(held: Any, stop: int, last: bool) -> bool:
    """Whether a fragment that ends at `stop` contradicts the datagram's end, the one known or the one that it says itself."""
    total = Integer(held.total_bytes)
    known = total >= 0 and (stop > total or (last and stop < total) or (not last and stop == total))
    return bool(known or (last and held.reach > stop))


@part
def _take_pages(table: Reassembly, packet: Any, row: int, begin: int, stop: int, books: Books, state: NDArray[np.int64]) -> bool:
    """Gives the datagram pages for these of its bytes. False: there are none."""
    for index in range(begin // PAGE_BYTES, (stop - 1) // PAGE_BYTES + 1):
        while table.page_of[row, index] < 0:
            if state[FREE_PAGES] > 0:
                state[FREE_PAGES] -= 1
                table.page_of[row, index] = table.free_pages[state[FREE_PAGES]]
            elif not make_room(table, packet, row, books, state):
                return False
    return True


@part
def _place(table: Reassembly, row: int, byte: int) -> int:
    """Where in `pages` a byte of the datagram stands."""
    place: int = Integer(table.page_of[row, byte // PAGE_BYTES]) * PAGE_BYTES + byte % PAGE_BYTES
    return place


@part
def _store(table: Reassembly, row: int, begin: int, size: int, data: NDArray[np.uint8], offset: int) -> None:
    for unit in range(begin >> 3, (begin + size + 7) >> 3):
        table.came[row, unit >> 3] |= np.uint8(1 << (unit & 7))
        table.datagrams[row].units += 1
    for index in range(size):
        table.pages[_place(table, row, begin + index)] = data[offset + index]


@part
def _is_same(table: Reassembly, row: int, begin: int, size: int, data: NDArray[np.uint8], offset: int) -> bool:
    """Whether the bytes that came before are the same."""
    same = 0
    while same < size and table.pages[_place(table, row, begin + same)] == data[offset + same]:
        same += 1
    return same == size
