"""Datagrams in reassembly: which wait for fragments, where their bytes stand, and what becomes of them. Bounded in number, bytes and time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part
from gdsi_audit.packets.books import FREE_PAGES, GAP_PLACES, LIVE, OWED, Books, note_odd
from gdsi_audit.packets.numbers import Integer
from gdsi_audit.packets.outcomes import FRAGMENT_OVERLAP, FRAGMENT_UNREASSEMBLED, LIMIT_REASSEMBLY

DATAGRAMS = 1024
"""Datagrams in reassembly at a time."""

PAGE_BYTES = 2048
PAGES = 4096
PAGES_PER_DATAGRAM = 32
UNIT_BITMAP_BYTES = 1024
FRAGMENT_TIMEOUT_NS = 30_000_000_000
"""In capture time, from a datagram's first fragment."""

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
    """Shape (DATAGRAMS, UNIT_BITMAP_BYTES): which 8-byte units have come, one bit each."""
    page_of: NDArray[np.int16]
    """Shape (DATAGRAMS, PAGES_PER_DATAGRAM): where a datagram's bytes stand; -1: nowhere yet."""
    pages: NDArray[np.uint8]
    free_pages: NDArray[np.int32]
    """The first state[FREE_PAGES] are free."""


def empty_table() -> Reassembly:
    """Room for DATAGRAMS, none of which waits: 9 MiB."""
    return Reassembly(
        datagrams=np.zeros(DATAGRAMS, DATAGRAM),
        order=np.arange(DATAGRAMS, dtype=np.int32),
        came=np.zeros((DATAGRAMS, UNIT_BITMAP_BYTES), np.uint8),
        page_of=np.full((DATAGRAMS, PAGES_PER_DATAGRAM), -1, np.int16),
        pages=np.zeros(PAGES * PAGE_BYTES, np.uint8),
        free_pages=np.arange(PAGES, dtype=np.int32)[::-1].copy(),
    )


@part
def close(table: Reassembly, place: int, books: Books, state: NDArray[np.int64], reason: int) -> None:
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
def make_room(table: Reassembly, packet: Any, spared: int, books: Books, state: NDArray[np.int64]) -> bool:
    """Gives up what has timed out, or else the datagram that waits longest; never row `spared`. False: there is nothing else."""
    oldest = Integer(-1)
    before = state[LIVE]
    for place in range(before - 1, -1, -1):
        row = table.order[place]
        if row == spared:
            continue
        if abs(packet.time - table.datagrams[row].time) > FRAGMENT_TIMEOUT_NS:
            close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
    if state[LIVE] < before:
        return True
    for place in range(before):
        row = table.order[place]
        if row != spared and (oldest < 0 or table.datagrams[row].frame < table.datagrams[table.order[oldest]].frame):
            oldest = Integer(place)
    if oldest < 0:
        return False
    close(table, oldest, books, state, Integer(LIMIT_REASSEMBLY))
    return True


@part
def find(table: Reassembly, packet: Any, protocol: int, books: Books, state: NDArray[np.int64]) -> int:
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
            close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
            break
    if state[LIVE] == table.order.size:
        make_room(table, packet, Integer(-1), books, state)
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


@kernel
def next_capture(table: Reassembly, books: Books, state: NDArray[np.int64], at_end: bool) -> None:
    """Another capture begins: what waits since the one before the last is given up, the rest grows a capture older. At the end all is given up."""
    for place in range(state[LIVE] - 1, -1, -1):
        held = table.datagrams[table.order[place]]
        if at_end or held.earlier_frames > 0:
            close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
        else:
            held.earlier_frames = held.frames
            held.earlier_bytes = held.frames_bytes
            held.frames = 0
            held.frames_bytes = 0
