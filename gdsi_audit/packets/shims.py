"""What may stand between link and network: tags, labels, PPP, 802.2, MACsec."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.ether_types import (
    BACKBONE_BRIDGE,
    ETHERNET,
    FABRICPATH,
    IPV4,
    IPV6,
    MACSEC,
    MPLS,
    MPLS_MULTICAST,
    PORT_EXTENSION,
    PPP,
    PPPOE,
    SERVICE_HEADER,
    VN_TAG,
)
from gdsi_audit.packets.numbers import u8, u16, u32
from gdsi_audit.packets.outcomes import BAD_HEADER, ENCRYPTED_LINK, NOT_IP, SHORT_FRAME
from gdsi_audit.packets.step import KIND, OFFSET, TUNNEL, VLAN
from gdsi_audit.packets.tunnels import IN_FABRICPATH


@part
def shim(data: NDArray[np.uint8], kind: int, offset: int, end: int, step: NDArray[np.int64]) -> int:
    """Takes one header between link and network off. Leaves OFFSET, KIND and, where it has them, VLAN and TUNNEL; returns 0 or a reason.

    MPLS labels say not what they carry (RFC 3032): the first half-byte tells IPv4 and IPv6, else it is an Ethernet pseudo-wire (RFC 4448). PPP may
    have address, control and protocol compressed (RFC 1661, 1662). SNAP has Ethernet types below the organisation codes 0 and 0000f8 (RFC 1042).
    MACsec hides what it carries unless it vouches for its integrity alone (IEEE 802.1AE section 9.5). Service function chains: RFC 8300.
    """
    size = end - offset
    needed = 2
    following = -1
    if kind == 0x8100 or kind == 0x88A8 or kind == 0x9100 or kind == 0x9200:
        needed = 4
        if size >= needed:
            step[VLAN] = u16(data, offset) & 0xFFF
            following = u16(data, offset + 2)
    elif MPLS <= kind <= MPLS_MULTICAST:
        while end - offset >= 5 and u8(data, offset + 2) & 1 == 0:
            offset += 4
        size = end - offset
        needed = 5
        if size >= needed:
            version = u8(data, offset + 4) >> 4
            following = IPV4 if version == 4 else IPV6 if version == 6 else ETHERNET
            offset += 4 if version == 0 else 0
            needed = 4
    elif kind == PPPOE:
        needed = 6
        following = PPP
        if size >= needed and (u8(data, offset) != 0x11 or u8(data, offset + 1) != 0):
            return BAD_HEADER
    elif kind == PPP:
        if size >= 4 and u16(data, offset) == 0xFF03:
            offset += 2
            size -= 2
        if size >= needed:
            protocol = u8(data, offset)
            if protocol & 1:
                needed = 1
            else:
                protocol = u16(data, offset)
            following = IPV4 if protocol == 0x0021 else IPV6 if protocol == 0x0057 else MPLS if protocol == 0x0281 else -1
    elif kind <= 1500:
        needed = 3
        service = u16(data, offset) if size >= needed else 0
        if service == 0x0606:
            following = IPV4
        elif service == 0xAAAA:
            needed = 8
            organisation = u32(data, offset + 2) if size >= needed else -1
            if (organisation == 0x03000000 or organisation == 0x030000F8) and u16(data, offset + 6) > 1500:
                following = u16(data, offset + 6)
    elif kind == FABRICPATH:
        step[TUNNEL] = IN_FABRICPATH
        following = ETHERNET
    elif kind == BACKBONE_BRIDGE:
        needed = 4
        following = ETHERNET
    elif kind == PORT_EXTENSION:
        needed = 8
        following = u16(data, offset + 6) if size >= needed else -1
    elif kind == VN_TAG:
        needed = 6
        following = u16(data, offset + 4) if size >= needed else -1
    elif kind == MACSEC:
        control = u8(data, offset) if size > 0 else 0
        if control & 0x0C:
            return ENCRYPTED_LINK
        needed = 16 if control & 0x20 else 8
        following = u16(data, offset + needed - 2) if size >= needed else -1
    elif kind == SERVICE_HEADER:
        needed = 8
        if size >= needed:
            needed = max(needed, (u8(data, offset + 1) & 0x3F) * 4)
            protocol = u8(data, offset + 3)
            following = IPV4 if protocol == 1 else IPV6 if protocol == 2 else ETHERNET if protocol == 3 else MPLS if protocol == 5 else -1
    else:
        return NOT_IP
    if size < needed:
        return SHORT_FRAME
    step[OFFSET] = offset + needed
    step[KIND] = following
    return NOT_IP if following < 0 else 0
