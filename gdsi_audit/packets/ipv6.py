"""The header of IPv6 (RFC 8200 section 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.books import BAD_LENGTH, ZERO_IP_LENGTH
from gdsi_audit.packets.numbers import Integer, u8, u16, u64
from gdsi_audit.packets.outcomes import BAD_HEADER, SHORT_FRAME

IPV6_HEADER_BYTES = 40


@part
def read_ipv6(data: NDArray[np.uint8], offset: int, end: int, wire_end: int, packet: Any) -> tuple[int, int, int]:
    """Fills the row from the header; returns 0 or a reason, the bytes of the datagram, and gap bits."""
    gap = Integer(0)
    if end - offset < IPV6_HEADER_BYTES:
        return SHORT_FRAME, gap, gap
    if u8(data, offset) >> 4 != 6:
        return BAD_HEADER, gap, gap
    protocol = u8(data, offset + 6)
    ip_bytes = IPV6_HEADER_BYTES + u16(data, offset + 4)
    # A length of 0 is a jumbogram's (RFC 2675) or one that the network card was to fill in.
    if ip_bytes == IPV6_HEADER_BYTES and (protocol == 0 or protocol == 6 or protocol == 17):
        ip_bytes = wire_end - offset
        gap |= ZERO_IP_LENGTH
    elif ip_bytes > wire_end - offset:
        ip_bytes = wire_end - offset
        gap |= BAD_LENGTH
    packet.ttl = u8(data, offset + 7)
    packet.src_hi, packet.src_lo = u64(data, offset + 8), u64(data, offset + 16)
    packet.dst_hi, packet.dst_lo = u64(data, offset + 24), u64(data, offset + 32)
    packet.ip_version = 6
    return 0, ip_bytes, gap
