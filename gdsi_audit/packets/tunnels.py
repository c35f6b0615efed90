"""Tunnels: whether a packet carries another one, by protocol or port and by shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets import TUNNELS
from gdsi_audit.packets.ether_types import ETHERNET, IPV4, IPV6, MPLS, MPLS_MULTICAST, PPP
from gdsi_audit.packets.numbers import u8, u16
from gdsi_audit.packets.step import KIND, OFFSET, TUNNEL

IP_IN_IP, SIX_IN_FOUR, GRE, ERSPAN = TUNNELS.index("ip-in-ip"), TUNNELS.index("6in4"), TUNNELS.index("gre"), TUNNELS.index("erspan")
VXLAN, GENEVE, AYIYA, TEREDO = TUNNELS.index("vxlan"), TUNNELS.index("geneve"), TUNNELS.index("ayiya"), TUNNELS.index("teredo")
GTP_U, IN_FABRICPATH = TUNNELS.index("gtp-u"), TUNNELS.index("fabricpath")


@part
def carries(
    data: NDArray[np.uint8], protocol: int, src_port: int, dst_port: int, offset: int, end: int, wire_end: int, step: NDArray[np.int64]
) -> bool:
    """Whether this payload is a tunnel's, by protocol or port and by shape; leaves OFFSET, KIND and TUNNEL. KIND 0: whichever IP stands there.

    IP in IP: RFC 2003, 4213. GRE: RFC 2784, 2890, 2637 (PPTP); ERSPAN: draft-foschiano-erspan-03. VXLAN: RFC 7348 with the group policy and generic
    protocol extensions. Geneve: RFC 8926 section 3.4. GTP-U: 3GPP TS 29.281 section 5, message type 255 and its extension headers. Teredo: RFC 4380
    section 5.1.1, authentication and origin indication first. AYIYA: draft-massar-v6ops-ayiya-02, operation 1 (forward).
    """
    size = end - offset
    if size < 8:
        return False
    first, second = u8(data, offset), u8(data, offset + 1)
    place = offset
    kind = 0
    if protocol == 4 or protocol == 41:
        step[TUNNEL] = IP_IN_IP if protocol == 4 else SIX_IN_FOUR
    elif protocol == 47:
        step[TUNNEL] = GRE
        kind = u16(data, offset + 2)
        place += 4 + ((first >> 5) & 4) + ((first >> 3) & 4) + ((first >> 2) & 4)
        version = second & 7
        if version > 1 or first & 0x40:
            return False
        if version == 1:
            place += (second >> 5) & 4
        if kind == 0x88BE or kind == 0x22EB:
            step[TUNNEL] = ERSPAN
            if first & 0x10 or kind == 0x22EB:
                if end - place < 12:
                    return False
                third = u8(data, place) >> 4 == 2
                place += 20 if third and u8(data, place + 11) & 1 else 12 if third else 8
            kind = ETHERNET
        elif kind == 0x883E:
            place += 0 if place < end and u8(data, place) >> 4 == 4 else 4
            kind = IPV4
        elif kind not in (IPV4, IPV6, ETHERNET, PPP, MPLS, MPLS_MULTICAST, 0x8100):
            return False
    elif dst_port in (4789, 8472, 4790):
        step[TUNNEL] = VXLAN
        place += 8
        kind = ETHERNET
        if size < 8 + 14 or u8(data, offset + 7) != 0:
            return False
        if dst_port == 4790:
            following = u8(data, offset + 3)
            kind = IPV4 if following == 1 else IPV6 if following == 2 else ETHERNET
            if first & 0xF0 or not first & 4 or following == 0 or following > 3:
                return False
        elif first != 0x88 and (first != 8 or second != 0 or u16(data, offset + 2) != 0):
            return False
    elif dst_port == 6081:
        step[TUNNEL] = GENEVE
        place += 8 + (first & 0x3F) * 4
        kind = u16(data, offset + 2)
        if first & 0xC0 or second & 0x3F or u8(data, offset + 7) or kind not in (IPV4, IPV6, ETHERNET):
            return False
    elif dst_port == 2152 or src_port == 2152:
        step[TUNNEL] = GTP_U
        if first & 0xF0 != 0x30 or second != 255 or u16(data, offset + 2) > wire_end - offset - 8:
            return False
        place += 8 + (4 if first & 7 else 0)
        following = u8(data, place - 1) if first & 4 and place <= end else 0
        while following != 0:
            extension_bytes = u8(data, place) * 4 if place < end else 0
            if extension_bytes == 0 or end - place < extension_bytes:
                return False
            place += extension_bytes
            following = u8(data, place - 1)
    elif dst_port == 3544 or src_port == 3544:
        step[TUNNEL] = TEREDO
        kind = IPV6
        if first == 0 and second == 1:
            place += 13 + u8(data, offset + 2) + u8(data, offset + 3)
        if end - place >= 8 and u16(data, place) == 0:
            place += 8
        if end - place < 40 or u8(data, place) >> 4 != 6 or u16(data, place + 4) != wire_end - place - 40:
            return False
    else:
        step[TUNNEL] = AYIYA
        place += 8 + (1 << (first >> 4)) + (second >> 4) * 4
        if u8(data, offset + 2) & 15 != 1 or u8(data, offset + 3) not in (4, 41):
            return False
    if place >= end:
        return False
    if kind == 0:
        version = u8(data, place) >> 4
        kind = IPV4 if version == 4 else IPV6
        if version != 4 and version != 6:
            return False
    step[OFFSET] = place
    step[KIND] = kind
    return True


@part
def may_carry(src_port: int, dst_port: int) -> bool:
    """Whether UDP between these ports may carry a tunnel. VXLAN and Geneve take their source port from a hash: only the destination tells."""
    found = dst_port == 4789 or dst_port == 4790 or dst_port == 8472 or dst_port == 6081
    found = found or src_port == 2152 or dst_port == 2152 or src_port == 3544 or dst_port == 3544
    return found or src_port == 5072 or dst_port == 5072
