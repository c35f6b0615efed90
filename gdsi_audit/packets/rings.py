"""Token Ring (IEEE 802.5) and FDDI: addresses, and 802.2 behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.ether_types import LLC
from gdsi_audit.packets.link_types import LINKTYPE_FDDI
from gdsi_audit.packets.numbers import big, u8
from gdsi_audit.packets.outcomes import NOT_IP, SHORT_FRAME

SOURCE_ROUTED = 1 << 47
"""Of a Token Ring source address, which is never a group's: how the frame travels follows."""


@part
def read_ring(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """802.2 behind the header, `link` moved behind it; or minus the reason. Other frames than 802.2's keep the ring going."""
    fddi = linktype == LINKTYPE_FDDI
    offset = link.offset
    header_bytes = 13 if fddi else 14
    if link.end - offset < header_bytes + 1:
        return -SHORT_FRAME
    control = u8(data, offset if fddi else offset + 1)
    if control & (0xF0 if fddi else 0xC0) != (0x50 if fddi else 0x40):
        return -NOT_IP
    source = big(data, offset + header_bytes - 6, 6)
    if not fddi and source & SOURCE_ROUTED:
        source -= SOURCE_ROUTED
        header_bytes += u8(data, offset + header_bytes) & 0x1F
    link.dst_mac, link.src_mac = big(data, offset + (1 if fddi else 2), 6), source
    link.offset = offset + header_bytes
    return LLC
