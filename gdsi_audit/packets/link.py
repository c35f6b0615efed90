"""The link layer: from a frame of any link type to the protocol it carries.

A kernel strips what the capturing system put in front (pseudo-headers, radio headers) and says by Ethernet type what follows. Ethernet itself, PPP
and 802.2 are left for the packet kernel, because tunnels carry them too. Layouts: tcpdump.org/linktypes.html, IEEE 802.11-2020 section 9.3.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part
from gdsi_audit.packets.ether_types import ETHERNET, IPV4, IPV6, LLC, PPP, PPPOE
from gdsi_audit.packets.numbers import Integer, big, little, u8, u16
from gdsi_audit.packets.outcomes import BAD_HEADER, ENCRYPTED_LINK, FRAGMENT_UNREASSEMBLED, NOT_IP, SHORT_FRAME, UNKNOWN_LINKTYPE

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

MOST_SUBFRAMES = 64
"""A frame gives no more rows than this."""

LINKTYPE_ETHERNET = 1
LINKTYPE_IEEE802_11 = 105

LINUX_NETLINK = 824
PKTAP_BYTES = 76


@part
def _by_version(data: NDArray[np.uint8], offset: int, end: int) -> int:
    """Ethernet type of a bare IP packet, or minus the reason."""
    if offset >= end:
        return -SHORT_FRAME
    version = u8(data, offset) >> 4
    if version == 4:
        return IPV4
    return IPV6 if version == 6 else -BAD_HEADER


@part
def _by_family(family: int) -> int:
    """Ethernet type of an address family of BSD, Darwin or Linux, or minus the reason."""
    if family == 2:
        return IPV4
    if family in (10, 23, 24, 28, 30):
        return IPV6
    return -NOT_IP


@part
def _radiotap_trim(data: NDArray[np.uint8], offset: int, end: int) -> int:
    """Radiotap's flags byte (0x10: frame check sequence at the end, 0x20: header padded to 32 bits); 0 where it has none."""
    present = little(data, offset + 4, 4)
    field = offset + 8
    more = present
    while more & 0x80000000 and field + 4 <= end:
        more = little(data, field, 4)
        field += 4
    if not present & 2:
        return 0
    if present & 1:
        field = offset + ((field - offset + 7) & ~7) + 8
    if field >= end:
        return 0
    flags: int = u8(data, field) & 0x30
    return flags


@part
def _ieee802_11(data: NDArray[np.uint8], links: NDArray[np.void], at: int, record: int, flags: int) -> int:
    """Writes the rows of one 802.11 frame from `links[at]` on, which holds its bounds; returns how many."""
    link = links[at]
    offset, end = link.offset, link.end - (4 if flags & 0x10 else 0)
    link.end = end
    if end - offset < 24:
        # Acknowledgements and other control frames are shorter, and whole.
        link.reason = NOT_IP if end > offset and (u8(data, offset) >> 2) & 3 == 1 else SHORT_FRAME
        return 1
    control, distribution = u8(data, offset), u8(data, offset + 1)
    subtype = control >> 4
    if (control >> 2) & 3 != 2 or subtype & 4:
        link.reason = NOT_IP
        return 1
    if distribution & 0x40:
        link.reason = ENCRYPTED_LINK
        return 1
    both = distribution & 3 == 3
    header = 24 + (6 if both else 0)
    aggregate = False
    if subtype & 8:
        if end - offset < header + 2:
            link.reason = SHORT_FRAME
            return 1
        aggregate = u8(data, offset + header) & 0x80 != 0
        header += 2 + (4 if distribution & 0x80 else 0)
    if flags & 0x20:
        header = (header + 3) & ~3
    if end - offset < header:
        link.reason = SHORT_FRAME
        return 1
    if u8(data, offset + 22) & 15:
        link.reason = FRAGMENT_UNREASSEMBLED
        return 1
    to_system, from_system = distribution & 1, distribution & 2
    link.dst_mac = big(data, offset + (16 if to_system else 4), 6)
    link.src_mac = big(data, offset + (24 if both else 16 if from_system else 10), 6)
    link.ethertype = LLC
    link.offset = offset + header
    if not aggregate:
        return 1
    return _subframes(data, links, at, record, offset + header, end)


@part
def _subframes(data: NDArray[np.uint8], links: NDArray[np.void], at: int, record: int, offset: int, end: int) -> int:
    count = 0
    while count < MOST_SUBFRAMES and end - offset >= 14:
        size = u16(data, offset + 12)
        link = links[at + count]
        link.offset = offset + 14
        link.end = min(end, offset + 14 + size)
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
        offset += (14 + size + 3) & ~3
    if count == 0:
        links[at].reason = SHORT_FRAME
        return 1
    links[at + count - 1].last = 1
    return count


@part
def _nflog(data: NDArray[np.uint8], link: Any) -> int:
    """Ethernet type of a netfilter log message's packet, `link` moved to it; or minus the reason. Attributes: linux/netfilter/nfnetlink_log.h."""
    offset, end = link.offset, link.end
    if end - offset < 4:
        return -SHORT_FRAME
    family = u8(data, offset)
    place = offset + 4
    while end - place >= 4:
        size, attribute = little(data, place, 2), little(data, place + 2, 2) & 0x3FFF
        if size < 4:
            return -BAD_HEADER
        if attribute == 9:
            link.offset = place + 4
            link.end = min(end, place + size)
            return _by_family(family)
        if attribute == 8 and size >= 16 and end - place >= 16 and u16(data, place + 4) == 6:
            link.src_mac = big(data, place + 8, 6)
        place += (size + 3) & ~3
    return -NOT_IP


@part
def _pseudo_header(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """Ethernet type behind a simple header, `link` moved behind it; or minus the reason."""
    offset = link.offset
    size = link.end - offset
    if linktype in (12, 14, 101):
        return _by_version(data, offset, link.end)
    if linktype == 228:
        return IPV4
    if linktype == 229:
        return IPV6
    if linktype in (0, 108):
        if size < 4:
            return -SHORT_FRAME
        link.offset = offset + 4
        family = little(data, offset, 4)
        return _by_family(family if linktype == 0 and family <= 0xFFFF else big(data, offset, 4))
    if linktype == 109:
        if size < 12:
            return -SHORT_FRAME
        link.offset = offset + 12
        family = little(data, offset, 4)
        return _by_family(family if family <= 0xFFFF else big(data, offset, 4))
    if linktype == 117:
        if size < 4 or size < (u8(data, offset) + 3) & ~3:
            return -SHORT_FRAME
        link.offset = offset + ((u8(data, offset) + 3) & ~3)
        return _by_family(u8(data, offset + 1))
    if linktype == 9 or linktype == 166 or linktype == 204:
        skipped = 0 if linktype == 9 else 1 if linktype == 204 else 2
        if size < skipped + 2:
            return -SHORT_FRAME
        link.offset = offset + skipped
        return PPP
    if linktype == 50 or linktype == 104:
        if size < 4:
            return -SHORT_FRAME
        if u8(data, offset) in (0x0F, 0x8F):
            link.offset = offset + 4
            return u16(data, offset + 2)
        return PPP if linktype == 50 else -NOT_IP
    if linktype == 51:
        return PPPOE
    if linktype == 11 or linktype == 100:
        return LLC
    if linktype == 113:
        if size < 16:
            return -SHORT_FRAME
        if u16(data, offset + 4) == 6:
            link.src_mac = big(data, offset + 6, 6)
        link.offset = offset + 16
        return -NOT_IP if u16(data, offset + 2) == LINUX_NETLINK else u16(data, offset + 14)
    if linktype == 276:
        if size < 20:
            return -SHORT_FRAME
        if u8(data, offset + 11) == 6:
            link.src_mac = big(data, offset + 12, 6)
        link.offset = offset + 20
        return -NOT_IP if u16(data, offset + 8) == LINUX_NETLINK else u16(data, offset)
    if linktype == 138:
        if size < 18:
            return -SHORT_FRAME
        link.offset = offset + 18
        return u16(data, offset + 16)
    if linktype == 240 or linktype == 241:
        skipped = 4 if linktype == 240 else 12
        if size < skipped:
            return -SHORT_FRAME
        link.offset = offset + skipped
        return ETHERNET
    if linktype == 239:
        return _nflog(data, link)
    return -UNKNOWN_LINKTYPE


@part
def _wrapped(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """Link type behind a header that wraps another link type, `link` moved behind it, radiotap's flags above bit 15; or minus the reason."""
    offset = link.offset
    size = link.end - offset
    if size < 12:
        return -SHORT_FRAME if linktype != 127 or size < 8 else -NOT_IP
    flags = 0
    inner = LINKTYPE_IEEE802_11
    if linktype == 127:
        header = little(data, offset + 2, 2)
        if header < 8:
            return -BAD_HEADER
        flags = _radiotap_trim(data, offset, min(link.end, offset + header))
    elif linktype == 192:
        header, inner = little(data, offset + 2, 2), little(data, offset + 4, 4)
    elif linktype == 258:
        header, inner = little(data, offset, 4), little(data, offset + 8, 4)
        if header >= PKTAP_BYTES and size >= PKTAP_BYTES:
            link.app = little(data, offset + 52, 4)
            link.app_name_offset = offset + 56
    elif big(data, offset, 4) >> 12 == 0x80211:
        header = big(data, offset + 4, 4)
    else:
        header = min(little(data, offset + 4, 4), big(data, offset + 4, 4))
    if header < 8 or inner > 0xFFFF:
        return -BAD_HEADER
    if header > size:
        return -SHORT_FRAME
    link.offset = offset + header
    return inner | (flags << 16)


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
        while linktype in (119, 127, 163, 192, 258) and wraps < 4:
            wrapped = _wrapped(data, link, linktype)
            wraps += 1
            linktype = wrapped if wrapped < 0 else wrapped & 0xFFFF
            flags = wrapped >> 16
        if linktype < 0:
            link.reason = -linktype
        elif linktype == LINKTYPE_IEEE802_11:
            count = _ieee802_11(data, links, written, position, flags)
        elif linktype != LINKTYPE_ETHERNET:
            ethertype = _pseudo_header(data, link, linktype)
            if ethertype < 0:
                link.reason = -ethertype
            else:
                link.ethertype = ethertype
        written += count
        position += 1
    return written, position
