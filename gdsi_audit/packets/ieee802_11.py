"""The MAC header of 802.11 data frames, and the subframes of an aggregate (IEEE 802.11-2020 section 9.3.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.ether_types import LLC
from gdsi_audit.packets.numbers import big, u8, u16
from gdsi_audit.packets.outcomes import ENCRYPTED_LINK, FRAGMENT_UNREASSEMBLED, NOT_IP, SHORT_FRAME
from gdsi_audit.packets.wrapped_links import FCS_AT_END, PADDED

MOST_SUBFRAMES = 64
"""A frame gives no more rows than this."""

CONTROL, DATA = 1, 2
"""Types of frames, beside 0: management."""
TO_SYSTEM, FROM_SYSTEM, PROTECTED, HAS_HT_CONTROL = 1, 2, 0x40, 0x80
"""Bits of the second byte."""
NO_DATA, QOS = 4, 8
"""Bits of a data frame's subtype."""
AGGREGATE = 0x80
"""Of the QoS field: the frame's body is an A-MSDU."""
SHORTEST_HEADER_BYTES, SUBFRAME_HEADER_BYTES = 24, 14
FRAGMENT_NUMBER = 15
"""Low bits of the sequence control field."""


@part
def read_ieee802_11(data: NDArray[np.uint8], links: NDArray[np.void], at: int, record: int, flags: int) -> int:
    """Writes the rows of one 802.11 frame from `links[at]` on, which holds its bounds; returns how many. `flags`: radiotap's."""
    link = links[at]
    offset, end = link.offset, link.end - (4 if flags & FCS_AT_END else 0)
    link.end = end
    link.reason = _why_unreadable(data, offset, end)
    if link.reason != 0:
        return 1
    distribution, quality = u8(data, offset + 1), u8(data, offset) >> 4 & QOS
    both = distribution & 3 == TO_SYSTEM | FROM_SYSTEM
    header_bytes = SHORTEST_HEADER_BYTES + (6 if both else 0)
    aggregate = False
    if quality:
        if end - offset < header_bytes + 2:
            link.reason = SHORT_FRAME
            return 1
        aggregate = u8(data, offset + header_bytes) & AGGREGATE != 0
        header_bytes += 2 + (4 if distribution & HAS_HT_CONTROL else 0)
    if flags & PADDED:
        header_bytes = (header_bytes + 3) & ~3
    if end - offset < header_bytes:
        link.reason = SHORT_FRAME
        return 1
    if u8(data, offset + 22) & FRAGMENT_NUMBER:
        link.reason = FRAGMENT_UNREASSEMBLED
        return 1
    link.dst_mac = big(data, offset + (16 if distribution & TO_SYSTEM else 4), 6)
    link.src_mac = big(data, offset + (24 if both else 16 if distribution & FROM_SYSTEM else 10), 6)
    link.ethertype = LLC
    link.offset = offset + header_bytes
    return _subframes(data, links, at, record, offset + header_bytes, end) if aggregate else 1


@part
def _why_unreadable(data: NDArray[np.uint8], offset: int, end: int) -> int:
    """By its first two bytes: 0 for a data frame in clear, else the reason."""
    if end - offset < SHORTEST_HEADER_BYTES:
        # Acknowledgements and other control frames are shorter, and whole.
        return NOT_IP if end > offset and (u8(data, offset) >> 2) & 3 == CONTROL else SHORT_FRAME
    if (u8(data, offset) >> 2) & 3 != DATA or u8(data, offset) >> 4 & NO_DATA:
        return NOT_IP
    return ENCRYPTED_LINK if u8(data, offset + 1) & PROTECTED else 0


@part
def _subframes(data: NDArray[np.uint8], links: NDArray[np.void], at: int, record: int, offset: int, end: int) -> int:
    """Writes a row for each subframe of an aggregate; returns how many rows, at least one."""
    count = 0
    while count < MOST_SUBFRAMES and end - offset >= SUBFRAME_HEADER_BYTES:
        size = u16(data, offset + 12)
        link = links[at + count]
        link.offset = offset + SUBFRAME_HEADER_BYTES
        link.end = min(end, offset + SUBFRAME_HEADER_BYTES + size)
        link.dst_mac = big(data, offset, 6)
        link.src_mac = big(data, offset + 6, 6)
        link.app_name_offset = -1
        link.ethertype = LLC
        link.record = record
        link.app = -1
        link.reason = 0
        link.shared = 1
        link.last = 0
        count += 1
        # Each but the last is padded to 32 bits.
        offset += (SUBFRAME_HEADER_BYTES + size + 3) & ~3
    if count == 0:
        links[at].reason = SHORT_FRAME
        return 1
    links[at + count - 1].last = 1
    return count
