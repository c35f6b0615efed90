"""Tunnels: whether a packet carries another one, by protocol or port and by shape."""

# ruff: noqa: SIM109 - in a kernel, `in` over a tuple costs more to compile than comparisons

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets import TUNNELS
from gdsi_audit.packets.ether_types import ETHERNET, IPV4, IPV6, MPLS, MPLS_MULTICAST, PPP, SERVICE_HEADER
from gdsi_audit.packets.numbers import u8, u16
from gdsi_audit.packets.step import KIND, OFFSET, TUNNEL

IP_IN_IP, SIX_IN_FOUR, GRE, ERSPAN = TUNNELS.index("ip-in-ip"), TUNNELS.index("6in4"), TUNNELS.index("gre"), TUNNELS.index("erspan")
VXLAN, GENEVE, AYIYA, TEREDO = TUNNELS.index("vxlan"), TUNNELS.index("geneve"), TUNNELS.index("ayiya"), TUNNELS.index("teredo")
GTP_U, IN_FABRICPATH, L2TP = TUNNELS.index("gtp-u"), TUNNELS.index("fabricpath"), TUNNELS.index("l2tp")
ETHERNET_IN_IP, IN_MPLS = TUNNELS.index("ethernet-in-ip"), TUNNELS.index("mpls")

VXLAN_PORT, VXLAN_GPE_PORT, VXLAN_LINUX_PORT = 4789, 4790, 8472
GENEVE_PORT, GTP_U_PORT, TEREDO_PORT, AYIYA_PORT, L2TP_PORT, MPLS_PORT = 6081, 2152, 3544, 5072, 1701, 6635


@part
def may_carry(src_port: int, dst_port: int) -> bool:
    """Whether UDP between these ports may carry a tunnel. VXLAN, Geneve and MPLS take their source port from a hash: only the destination tells."""
    found = dst_port == VXLAN_PORT or dst_port == VXLAN_GPE_PORT or dst_port == VXLAN_LINUX_PORT or dst_port == GENEVE_PORT or dst_port == MPLS_PORT
    found = found or src_port == GTP_U_PORT or dst_port == GTP_U_PORT or src_port == TEREDO_PORT or dst_port == TEREDO_PORT
    return found or src_port == AYIYA_PORT or dst_port == AYIYA_PORT or src_port == L2TP_PORT or dst_port == L2TP_PORT


@part
def carries(
    data: NDArray[np.uint8], protocol: int, src_port: int, dst_port: int, offset: int, end: int, wire_end: int, step: NDArray[np.int64]
) -> bool:
    """Whether this payload is a tunnel's, by protocol or port and by shape; leaves OFFSET, KIND and TUNNEL. IP in IP: RFC 2003, 4213.

    The parts below look at a header of at least 8 bytes each. They leave TUNNEL, and KIND where the version of an IP header does not tell it, and
    return where the inner packet begins, be it behind the end, or -1: it is no such header.
    """
    if end - offset < 8:
        return False
    step[KIND] = 0
    if protocol == 4 or protocol == 41:
        step[TUNNEL] = IP_IN_IP if protocol == 4 else SIX_IN_FOUR
        place = offset
    elif protocol == 47:
        place = _behind_gre(data, offset, end, step)
    elif protocol == 115:
        place = _behind_l2tp_session(data, offset + 4, end, step)
    elif protocol == 97 or protocol == 143:
        place = _behind_ethernet_in_ip(data, offset, end, protocol == 97, step)
    elif protocol == 137 or dst_port == MPLS_PORT:
        place = _at_labels(data, offset, end, step)
    elif dst_port == VXLAN_PORT or dst_port == VXLAN_LINUX_PORT or dst_port == VXLAN_GPE_PORT:
        place = _behind_vxlan(data, offset, end, dst_port == VXLAN_GPE_PORT, step)
    elif dst_port == GENEVE_PORT:
        place = _behind_geneve(data, offset, step)
    elif dst_port == GTP_U_PORT or src_port == GTP_U_PORT:
        place = _behind_gtp_u(data, offset, end, wire_end, step)
    elif dst_port == TEREDO_PORT or src_port == TEREDO_PORT:
        place = _behind_teredo(data, offset, end, wire_end, step)
    elif dst_port == L2TP_PORT or src_port == L2TP_PORT:
        place = _behind_l2tp(data, offset, end, wire_end, step)
    else:
        place = _behind_ayiya(data, offset, step)
    if place < 0 or place >= end:
        return False
    if step[KIND] == 0:
        version = u8(data, place) >> 4
        step[KIND] = IPV4 if version == 4 else IPV6
        if version != 4 and version != 6:
            return False
    step[OFFSET] = place
    return True


@part
def _behind_gre(data: NDArray[np.uint8], offset: int, end: int, step: NDArray[np.int64]) -> int:
    """RFC 2784, 2890, 2637 (PPTP), with the headers of ERSPAN (draft-foschiano-erspan-03) and WCCP where they follow."""
    first, second = u8(data, offset), u8(data, offset + 1)
    kind = u16(data, offset + 2)
    place = offset + 4 + ((first >> 5) & 4) + ((first >> 3) & 4) + ((first >> 2) & 4)
    version = second & 7
    step[TUNNEL] = GRE
    if version > 1 or first & 0x40:
        return -1
    if version == 1:
        place += (second >> 5) & 4
    if kind == 0x88BE or kind == 0x22EB:
        step[TUNNEL] = ERSPAN
        if first & 0x10 or kind == 0x22EB:
            if end - place < 12:
                return -1
            third = u8(data, place) >> 4 == 2
            place += 20 if third and u8(data, place + 11) & 1 else 12 if third else 8
        kind = ETHERNET
    elif kind == 0x883E:
        place += 0 if place < end and u8(data, place) >> 4 == 4 else 4
        kind = IPV4
    elif kind not in (IPV4, IPV6, ETHERNET, PPP, MPLS, MPLS_MULTICAST, 0x8100):
        return -1
    step[KIND] = kind
    return place


@part
def _behind_vxlan(data: NDArray[np.uint8], offset: int, end: int, generic: bool, step: NDArray[np.int64]) -> int:
    """RFC 7348, with the group policy extension; `generic`: with the generic protocol extension."""
    first = u8(data, offset)
    step[TUNNEL] = VXLAN
    kind = ETHERNET
    if end - offset < 8 + 14 or u8(data, offset + 7) != 0:
        return -1
    if generic:
        following = u8(data, offset + 3)
        kind = IPV4 if following == 1 else IPV6 if following == 2 else ETHERNET if following == 3 else SERVICE_HEADER
        if first & 0xF0 or not first & 4 or following == 0 or following > 4:
            return -1
    elif first != 0x88 and (first != 8 or u8(data, offset + 1) != 0 or u16(data, offset + 2) != 0):
        return -1
    step[KIND] = kind
    return offset + 8


@part
def _behind_geneve(data: NDArray[np.uint8], offset: int, step: NDArray[np.int64]) -> int:
    """RFC 8926 section 3.4."""
    first, kind = u8(data, offset), u16(data, offset + 2)
    step[TUNNEL] = GENEVE
    if first & 0xC0 or u8(data, offset + 1) & 0x3F or u8(data, offset + 7) or kind not in (IPV4, IPV6, ETHERNET):
        return -1
    step[KIND] = kind
    return offset + 8 + (first & 0x3F) * 4


@part
def _behind_gtp_u(data: NDArray[np.uint8], offset: int, end: int, wire_end: int, step: NDArray[np.int64]) -> int:
    """3GPP TS 29.281 section 5: message type 255 and its extension headers."""
    first = u8(data, offset)
    step[TUNNEL] = GTP_U
    if first & 0xF0 != 0x30 or u8(data, offset + 1) != 255 or u16(data, offset + 2) > wire_end - offset - 8:
        return -1
    place = offset + 8 + (4 if first & 7 else 0)
    following = u8(data, place - 1) if first & 4 and place <= end else 0
    while following != 0:
        extension_bytes = u8(data, place) * 4 if place < end else 0
        if extension_bytes == 0 or end - place < extension_bytes:
            return -1
        place += extension_bytes
        following = u8(data, place - 1)
    return place


@part
def _behind_teredo(data: NDArray[np.uint8], offset: int, end: int, wire_end: int, step: NDArray[np.int64]) -> int:
    """RFC 4380 section 5.1.1: authentication and origin indication, where they are, come first."""
    place = offset
    step[TUNNEL], step[KIND] = TEREDO, IPV6
    if u8(data, place) == 0 and u8(data, place + 1) == 1:
        place += 13 + u8(data, offset + 2) + u8(data, offset + 3)
    if end - place >= 8 and u16(data, place) == 0:
        place += 8
    if end - place < 40 or u8(data, place) >> 4 != 6 or u16(data, place + 4) != wire_end - place - 40:
        return -1
    return place


@part
def _behind_ayiya(data: NDArray[np.uint8], offset: int, step: NDArray[np.int64]) -> int:
    """draft-massar-v6ops-ayiya-02: operation 1 (forward)."""
    step[TUNNEL] = AYIYA
    if u8(data, offset + 2) & 15 != 1 or u8(data, offset + 3) not in (4, 41):
        return -1
    return offset + 8 + (1 << (u8(data, offset) >> 4)) + (u8(data, offset + 1) >> 4) * 4


@part
def _behind_l2tp(data: NDArray[np.uint8], offset: int, end: int, wire_end: int, step: NDArray[np.int64]) -> int:
    """A data message over UDP: of version 2 (RFC 2661 section 3.1), or of version 3 (RFC 3931 section 4.1.2.1)."""
    first, version = u8(data, offset), u8(data, offset + 1)
    if first == 0 and version == 3:
        return _behind_l2tp_session(data, offset + 8, end, step)
    has_length, has_offset = first & 0x40, first & 0x02
    if first & 0xB4 or version != 2 or (has_length and u16(data, offset + 2) != wire_end - offset):
        return -1
    place = offset + 6 + (2 if has_length else 0) + (4 if first & 0x08 else 0)
    if has_offset:
        place += 2 + (u16(data, place) if end - place >= 2 else 0)
    step[TUNNEL], step[KIND] = L2TP, PPP
    return place if _begins_ppp(data, place, end) else -1


@part
def _begins_ppp(data: NDArray[np.uint8], place: int, end: int) -> bool:
    """Whether a PPP frame that carries IP stands here (RFC 1661): its own control protocols are no packets."""
    if end - place >= 4 and u16(data, place) == 0xFF03:
        place += 2
    if end - place < 4:
        return False
    is_short = u8(data, place) & 1
    protocol = u8(data, place) if is_short else u16(data, place)
    version = u8(data, place + (1 if is_short else 2)) >> 4
    return (protocol == 0x21 and version == 4) or (protocol == 0x57 and version == 6)


@part
def _behind_l2tp_session(data: NDArray[np.uint8], place: int, end: int, step: NDArray[np.int64]) -> int:
    """Behind a session id of version 3 a cookie of 0, 4 or 8 bytes and a sublayer of 0 or 4 may follow (RFC 3931 section 4.1); nothing tells.

    Where an Ethernet frame that carries IP (RFC 4719) or a PPP frame (RFC 4349) stands is seen by its shape alone. Session 0 is control.
    """
    step[TUNNEL] = L2TP
    if u8(data, place - 4) == 0 and u8(data, place - 3) == 0 and u16(data, place - 2) == 0:
        return -1
    for _ in range(4):
        if end - place >= 34:
            kind, version = u16(data, place + 12), u8(data, place + 14) >> 4
            if (kind == IPV4 and version == 4) or (kind == IPV6 and version == 6):
                step[KIND] = ETHERNET
                return place
        if _begins_ppp(data, place, end):
            step[KIND] = PPP
            return place
        place += 4
    return -1


@part
def _behind_ethernet_in_ip(data: NDArray[np.uint8], offset: int, end: int, etherip: bool, step: NDArray[np.int64]) -> int:
    """EtherIP has a header of version 3 (RFC 3378), the next header Ethernet of segment routing none (RFC 8986 section 4.9)."""
    step[TUNNEL], step[KIND] = ETHERNET_IN_IP, ETHERNET
    if etherip and u16(data, offset) != 0x3000:
        return -1
    place = offset + (2 if etherip else 0)
    return place if end - place >= 14 else -1


@part
def _at_labels(data: NDArray[np.uint8], offset: int, end: int, step: NDArray[np.int64]) -> int:
    """MPLS over IP or UDP (RFC 4023, RFC 7510): labels, the last of them marked, and an IP header behind."""
    step[TUNNEL], step[KIND] = IN_MPLS, MPLS
    place = offset
    while end - place >= 5 and u8(data, place + 2) & 1 == 0:
        place += 4
    version = u8(data, place + 4) >> 4 if end - place >= 5 else 0
    return offset if version == 4 or version == 6 else -1
