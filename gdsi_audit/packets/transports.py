"""Transport headers other than TCP's: UDP (RFC 768), and, in one, ICMP, SCTP, UDP-Lite and DCCP."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.books import BAD_LENGTH
from gdsi_audit.packets.numbers import Integer, u8, u16
from gdsi_audit.packets.outcomes import BAD_HEADER, SHORT_FRAME


@part
def read_udp(data: NDArray[np.uint8], packet: Any, offset: int, end: int, wire_end: int) -> tuple[int, int]:
    """Fills ports and payload; returns 0 or a reason, and gap bits."""
    gap, size = Integer(0), wire_end - offset
    if end - offset < 4:
        return (SHORT_FRAME if end < wire_end else BAD_HEADER), gap
    packet.src_port, packet.dst_port = u16(data, offset), u16(data, offset + 2)
    if end - offset >= 8:
        claimed = u16(data, offset + 4)
        packet.checksum = u16(data, offset + 6)
        # A length of 0 is a jumbogram's (RFC 2675) or one that the network card was to fill in.
        if 8 <= claimed <= size:
            size = claimed
        elif claimed != 0:
            gap |= BAD_LENGTH
    packet.payload_offset = min(offset + 8, end)
    packet.payload_bytes = max(0, min(end, offset + size) - offset - 8)
    packet.payload_wire_bytes = max(0, size - 8)
    return 0, gap


@part
def read_transport(data: NDArray[np.uint8], packet: Any, protocol: int, offset: int, end: int, wire_end: int) -> int:
    """Fills ports and payload of everything but TCP and UDP; returns 0 or a reason."""
    size = end - offset
    header = 0
    if protocol == 1 or protocol == 58:
        if size < 2:
            return SHORT_FRAME if end < wire_end else BAD_HEADER
        header = 8
        packet.src_port, packet.dst_port = u8(data, offset), u8(data, offset + 1)
        packet.checksum = u16(data, offset + 2) if size >= 4 else 0
    elif protocol in (132, 136, 33):
        if size < 4:
            return SHORT_FRAME if end < wire_end else BAD_HEADER
        packet.src_port, packet.dst_port = u16(data, offset), u16(data, offset + 2)
        header = 12
        if protocol == 132:
            packet.checksum = u16(data, offset + 10) if size >= 12 else 0
        elif protocol == 136:
            header = 8
            packet.checksum = u16(data, offset + 6) if size >= 8 else 0
        elif size >= 8:
            header = max(12, u8(data, offset + 4) * 4)
            packet.checksum = u16(data, offset + 6)
    packet.payload_offset = min(offset + header, end)
    packet.payload_bytes = max(0, size - header)
    packet.payload_wire_bytes = max(0, wire_end - offset - header)
    return 0
