"""Transport headers other than TCP's and UDP's: ICMP, SCTP, UDP-Lite, DCCP."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.numbers import u8, u16
from gdsi_audit.packets.outcomes import BAD_HEADER, SHORT_FRAME


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
