"""Frame relay (RFC 2427): an address, and by which protocol identifier the packet goes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.ether_types import IPV4, IPV6
from gdsi_audit.packets.numbers import u8, u16
from gdsi_audit.packets.outcomes import NOT_IP, SHORT_FRAME

UNNUMBERED = 0x03
NLPID_IPV4, NLPID_IPV6, NLPID_SNAP = 0xCC, 0x8E, 0x80


@part
def read_frame_relay(data: NDArray[np.uint8], link: Any) -> int:
    """Ethernet type behind the header, `link` moved behind it; or minus the reason. Cisco's own encapsulation has an Ethernet type alone."""
    place, end = link.offset, link.end
    # The last byte of the address, of two to four, has its lowest bit set (ITU-T Q.922).
    while place < end and place - link.offset < 3 and u8(data, place) & 1 == 0:
        place += 1
    place += 1
    if end - place < 2:
        return -SHORT_FRAME
    if u8(data, place) != UNNUMBERED:
        link.offset = place + 2
        return u16(data, place)
    place += 2 if u8(data, place + 1) == 0 else 1
    protocol = u8(data, place) if place < end else 0
    if protocol == NLPID_SNAP:
        if end - place < 6:
            return -SHORT_FRAME
        link.offset = place + 6
        return u16(data, place + 4) if u8(data, place + 1) == 0 and u16(data, place + 2) == 0 else -NOT_IP
    link.offset = place + 1
    return IPV4 if protocol == NLPID_IPV4 else IPV6 if protocol == NLPID_IPV6 else -NOT_IP
