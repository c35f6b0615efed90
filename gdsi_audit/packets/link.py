"""The link layer: from a frame of any link type to the protocol it carries.

A kernel strips what the capturing system put in front (headers that wrap another link, pseudo-headers) and the header of 802.11, and says by Ethernet
type what follows. Ethernet itself, PPP and 802.2 are left for the packet kernel, because tunnels carry them too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel
from gdsi_audit.packets.ether_types import ETHERNET
from gdsi_audit.packets.ieee802_11 import MOST_SUBFRAMES, read_ieee802_11
from gdsi_audit.packets.link_types import LINKTYPE_ETHERNET, LINKTYPE_IEEE802_11
from gdsi_audit.packets.numbers import Integer
from gdsi_audit.packets.pseudo_headers import read_pseudo_header
from gdsi_audit.packets.wrapped_links import WRAPPING, unwrap

LINKS = np.dtype(
    [
        ("offset", "i8"),  # of the first byte of `ethertype`'s protocol, in Frames.data
        ("end", "i8"),  # behind the last captured byte, frame check sequence excluded where it is announced
        ("app_name_offset", "i8"),  # of the 20 bytes that name `app`; -1: none
        ("src_mac", "u8"),
        ("dst_mac", "u8"),
        ("ethertype", "i4"),  # what stands at `offset`
        ("record", "i4"),  # row in Frames.records
        ("app", "i4"),  # process id, -1: unknown
        ("reason", "u1"),  # 0, or 1 + index in SKIP_REASONS: nothing can be decoded
        ("shared", "u1"),  # 1: one of several rows of its frame
        ("last", "u1"),  # 1: the last row of its frame
    ],
    align=True,
)
"""One row per frame; an 802.11 aggregate (A-MSDU) has one per subframe."""

MOST_WRAPPINGS = 4


@kernel
def find_protocol(data: NDArray[np.uint8], records: NDArray[np.void], first: int, links: NDArray[np.void]) -> tuple[int, int]:
    """Writes LINKS rows for `records[first:]` until `links` is full; returns (rows written, first record not looked at)."""
    written = Integer(0)
    room = links.size - MOST_SUBFRAMES
    position = Integer(first)
    while position < records.size and written <= room:
        record = records[position]
        link = links[written]
        link.offset = record.offset
        link.end = record.offset + record.caplen_bytes
        link.app_name_offset = -1
        link.src_mac = 0
        link.dst_mac = 0
        link.ethertype = ETHERNET
        link.record = position
        link.app = -1
        link.reason = 0
        link.shared = 0
        link.last = 1
        count = Integer(1)
        linktype = Integer(record.linktype)
        flags = Integer(0)
        wraps = 0
        while linktype in WRAPPING and wraps < MOST_WRAPPINGS:
            wrapped = unwrap(data, link, linktype)
            wraps += 1
            linktype = wrapped if wrapped < 0 else wrapped & 0xFFFF
            flags = wrapped >> 16
        if linktype < 0:
            link.reason = -linktype
        elif linktype == LINKTYPE_IEEE802_11:
            count = read_ieee802_11(data, links, written, position, flags)
        elif linktype != LINKTYPE_ETHERNET:
            ethertype = read_pseudo_header(data, link, linktype)
            if ethertype < 0:
                link.reason = -ethertype
            else:
                link.ethertype = ethertype
        written += count
        position += 1
    return written, position
