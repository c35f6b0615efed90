"""Headers between IP and the transport (RFC 8200 section 4, RFC 4302), and what else an IP protocol number may mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.numbers import u8, u16, u32
from gdsi_audit.packets.outcomes import SHORT_FRAME
from gdsi_audit.packets.step import FRAGMENT_OFFSET, IDENTIFICATION, MORE, OFFSET, PROTOCOL

EXTENSION, EXTENSION_OF_IPV6, TUNNELS_IP = 1, 2, 4
PROTOCOL_ROLES = np.zeros(256, np.uint8)
"""What an IP protocol number means for the walk: bits of the line above."""
PROTOCOL_ROLES[[44, 51]] = EXTENSION
PROTOCOL_ROLES[[0, 43, 60, 135, 139, 140]] = EXTENSION_OF_IPV6
PROTOCOL_ROLES[[4, 41, 47, 97, 115, 137, 143]] = TUNNELS_IP


@part
def read_extension(data: NDArray[np.uint8], protocol: int, offset: int, end: int, step: NDArray[np.int64]) -> int:
    """Takes one extension header off (RFC 8200 section 4). Leaves OFFSET, PROTOCOL and a fragment's fields (MORE -1: none); returns 0 or a reason."""
    if end - offset < 8:
        return SHORT_FRAME
    step[MORE] = -1
    step[PROTOCOL] = u8(data, offset)
    if protocol == 44:
        field = u16(data, offset + 2)
        step[OFFSET] = offset + 8
        step[FRAGMENT_OFFSET] = field & 0xFFF8
        step[MORE] = field & 1
        step[IDENTIFICATION] = u32(data, offset + 4)
        return 0
    size = (u8(data, offset + 1) + 2) * 4 if protocol == 51 else (u8(data, offset + 1) + 1) * 8
    if end - offset < size:
        return SHORT_FRAME
    step[OFFSET] = offset + size
    return 0
