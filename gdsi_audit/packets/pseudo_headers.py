"""Pseudo-headers: what a capturing system puts in front of a packet in place of a link header. Layouts: tcpdump.org/linktypes.html."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.ether_types import ETHERNET, IPV4, IPV6, LLC, PPP, PPPOE
from gdsi_audit.packets.frame_relay import read_frame_relay
from gdsi_audit.packets.link_types import (
    LINKTYPE_APPLE_IP_OVER_IEEE1394,
    LINKTYPE_ATM_RFC1483,
    LINKTYPE_C_HDLC,
    LINKTYPE_DSA_TAG_BRCM,
    LINKTYPE_DSA_TAG_BRCM_PREPEND,
    LINKTYPE_DSA_TAG_DSA,
    LINKTYPE_DSA_TAG_EDSA,
    LINKTYPE_ENC,
    LINKTYPE_FDDI,
    LINKTYPE_FRELAY,
    LINKTYPE_IEEE802_5,
    LINKTYPE_IPNET,
    LINKTYPE_IPOIB,
    LINKTYPE_LINUX_SLL,
    LINKTYPE_LINUX_SLL2,
    LINKTYPE_LOOP,
    LINKTYPE_NETANALYZER,
    LINKTYPE_NETANALYZER_TRANSPARENT,
    LINKTYPE_NFLOG,
    LINKTYPE_NULL,
    LINKTYPE_PFLOG,
    LINKTYPE_PPP,
    LINKTYPE_PPP_ETHER,
    LINKTYPE_PPP_HDLC,
    LINKTYPE_PPP_PPPD,
    LINKTYPE_PPP_WITH_DIR,
    LINKTYPE_RAW,
)
from gdsi_audit.packets.numbers import Integer, big, little, u8, u16
from gdsi_audit.packets.outcomes import BAD_HEADER, NOT_IP, SHORT_FRAME, UNKNOWN_LINKTYPE
from gdsi_audit.packets.rings import read_ring
from gdsi_audit.packets.switch_tags import read_switch_tag

ARPHRD_NETLINK = 824
NFULA_HWADDR, NFULA_PAYLOAD = 8, 9


@part
def read_pseudo_header(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """Ethernet type behind the header, `link` moved behind it; or minus the reason."""
    if linktype in LINKTYPE_RAW:
        return _by_version(data, link.offset, link.end)
    if linktype in (LINKTYPE_NULL, LINKTYPE_LOOP, LINKTYPE_ENC, LINKTYPE_PFLOG):
        return _behind_family(data, link, linktype)
    if linktype in (LINKTYPE_PPP_PPPD, LINKTYPE_PPP_WITH_DIR):
        direction_bytes = 1 if linktype == LINKTYPE_PPP_WITH_DIR else 2
        return PPP if _skip(link, direction_bytes, direction_bytes + 2) else -SHORT_FRAME
    if linktype in (LINKTYPE_PPP, LINKTYPE_PPP_HDLC, LINKTYPE_C_HDLC):
        return _hdlc(data, link, linktype)
    if linktype == LINKTYPE_PPP_ETHER:
        return PPPOE
    if linktype in LINKTYPE_ATM_RFC1483:
        return LLC
    if linktype in (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2):
        return _linux_cooked(data, link, linktype)
    if linktype == LINKTYPE_APPLE_IP_OVER_IEEE1394:
        return u16(data, link.offset - 2) if _skip(link, Integer(18), Integer(18)) else -SHORT_FRAME
    if linktype in (LINKTYPE_NETANALYZER, LINKTYPE_NETANALYZER_TRANSPARENT):
        header_bytes = 4 if linktype == LINKTYPE_NETANALYZER else 12
        return ETHERNET if _skip(link, header_bytes, header_bytes) else -SHORT_FRAME
    if linktype == LINKTYPE_NFLOG:
        return _nflog(data, link)
    if linktype == LINKTYPE_IPNET:
        return _by_family(u8(data, link.offset - 23)) if _skip(link, Integer(24), Integer(24)) else -SHORT_FRAME
    if linktype == LINKTYPE_IPOIB:
        return u16(data, link.offset - 4) if _skip(link, Integer(44), Integer(44)) else -SHORT_FRAME
    if linktype == LINKTYPE_FRELAY:
        return read_frame_relay(data, link)
    if linktype in (LINKTYPE_IEEE802_5, LINKTYPE_FDDI):
        return read_ring(data, link, linktype)
    if linktype in (LINKTYPE_DSA_TAG_BRCM, LINKTYPE_DSA_TAG_BRCM_PREPEND, LINKTYPE_DSA_TAG_DSA, LINKTYPE_DSA_TAG_EDSA):
        return read_switch_tag(data, link, linktype)
    return -UNKNOWN_LINKTYPE


@part
def _skip(link: Any, header_bytes: int, needed_bytes: int) -> bool:
    """Moves `link` behind a header. False, and nothing moved, where fewer than `needed_bytes` are there."""
    if link.end - link.offset < needed_bytes:
        return False
    link.offset += header_bytes
    return True


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
    """Ethernet type of an address family of BSD, Darwin, Linux or Solaris, or minus the reason."""
    if family == 2:
        return IPV4
    if family in (10, 23, 24, 26, 28, 30):
        return IPV6
    return -NOT_IP


@part
def _behind_family(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """BSD's headers with an address family: in the byte order of the capturing host (NULL, ENC), in network order (LOOP), or in one byte (PFLOG)."""
    offset = link.offset
    if linktype == LINKTYPE_PFLOG:
        padded_bytes = (u8(data, offset) + 3) & ~3 if link.end > offset else 0
        return _by_family(u8(data, offset + 1)) if _skip(link, padded_bytes, max(4, padded_bytes)) else -SHORT_FRAME
    header_bytes = 12 if linktype == LINKTYPE_ENC else 4
    if not _skip(link, header_bytes, header_bytes):
        return -SHORT_FRAME
    family = little(data, offset, 4)
    return _by_family(family if linktype != LINKTYPE_LOOP and family <= 0xFFFF else big(data, offset, 4))


@part
def _hdlc(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """Cisco's HDLC, by its address, and PPP, bare or in HDLC-like framing (RFC 1662)."""
    if link.end - link.offset < 4:
        return -SHORT_FRAME
    if u8(data, link.offset) in (0x0F, 0x8F):
        link.offset += 4
        return u16(data, link.offset - 2)
    return PPP if linktype != LINKTYPE_C_HDLC else -NOT_IP


@part
def _linux_cooked(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """Linux's cooked captures, of both versions: hardware type, the sender's address and its length, Ethernet type."""
    second = linktype == LINKTYPE_LINUX_SLL2
    offset = link.offset
    if not _skip(link, 20 if second else 16, 20 if second else 16):
        return -SHORT_FRAME
    address_bytes = u8(data, offset + 11) if second else u16(data, offset + 4)
    if address_bytes == 6:
        link.src_mac = big(data, offset + (12 if second else 6), 6)
    if u16(data, offset + (8 if second else 2)) == ARPHRD_NETLINK:
        return -NOT_IP
    return u16(data, offset if second else offset + 14)


@part
def _nflog(data: NDArray[np.uint8], link: Any) -> int:
    """A netfilter log message: attributes, one of which is the packet. Layout: linux/netfilter/nfnetlink_log.h."""
    offset, end = link.offset, link.end
    if end - offset < 4:
        return -SHORT_FRAME
    family = u8(data, offset)
    place = offset + 4
    while end - place >= 4:
        size, attribute = little(data, place, 2), little(data, place + 2, 2) & 0x3FFF
        if size < 4:
            return -BAD_HEADER
        if attribute == NFULA_PAYLOAD:
            link.offset = place + 4
            link.end = min(end, place + size)
            return _by_family(family)
        if attribute == NFULA_HWADDR and size >= 16 and end - place >= 16 and u16(data, place + 4) == 6:
            link.src_mac = big(data, place + 8, 6)
        place += (size + 3) & ~3
    return -NOT_IP
