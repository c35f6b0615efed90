"""Tags that an Ethernet switch adds for the host that steers it: which port a frame came by. Captured where a router's own switch is listened to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.ether_types import ETHERNET
from gdsi_audit.packets.link_types import LINKTYPE_DSA_TAG_BRCM_PREPEND, LINKTYPE_DSA_TAG_EDSA
from gdsi_audit.packets.numbers import big, u16
from gdsi_audit.packets.outcomes import SHORT_FRAME

ADDRESSES_BYTES = 12


@part
def read_switch_tag(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """Ethernet type behind the tag, `link` moved behind it; or minus the reason. The tag stands before the frame, or behind its addresses."""
    offset = link.offset
    tag_bytes = 8 if linktype == LINKTYPE_DSA_TAG_EDSA else 4
    if link.end - offset < ADDRESSES_BYTES + tag_bytes + 2:
        return -SHORT_FRAME
    if linktype == LINKTYPE_DSA_TAG_BRCM_PREPEND:
        link.offset = offset + tag_bytes
        return ETHERNET
    link.dst_mac, link.src_mac = big(data, offset, 6), big(data, offset + 6, 6)
    link.offset = offset + ADDRESSES_BYTES + tag_bytes + 2
    return u16(data, link.offset - 2)
