"""ARP messages for IPv4 (RFC 826)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets import ARP
from gdsi_audit.packets.ether_types import IPV4
from gdsi_audit.packets.numbers import u8, u16, u32, u48
from gdsi_audit.packets.outcomes import NOT_IP, SHORT_FRAME


@part
def read_arp(data: NDArray[np.uint8], offset: int, end: int, packet: Any) -> int:
    """Fills the row of an ARP message for IPv4 (RFC 826); returns 0 or a reason."""
    if end - offset < 8:
        return SHORT_FRAME
    hardware, protocol = u8(data, offset + 4), u8(data, offset + 5)
    if u16(data, offset + 2) != IPV4 or protocol != 4:
        return NOT_IP
    if end - offset < 8 + 2 * (hardware + protocol):
        return SHORT_FRAME
    sender, target = offset + 8, offset + 8 + hardware + protocol
    packet.src_hi, packet.dst_hi = 0, 0
    packet.src_lo = (0xFFFF << 32) | u32(data, sender + hardware)
    packet.dst_lo = (0xFFFF << 32) | u32(data, target + hardware)
    if hardware == 6:
        packet.src_mac, packet.dst_mac = u48(data, sender), u48(data, target)
    packet.src_port = u16(data, offset + 6)
    packet.payload_offset = target + hardware + protocol
    packet.transport = ARP
    packet.ip_version, packet.ttl, packet.ip_bytes, packet.ip_id = 0, 0, 0, 0
    return 0
