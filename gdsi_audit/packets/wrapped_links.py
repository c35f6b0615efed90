"""Headers that wrap a whole frame of another link type: radiotap, Prism, AVS, PPI, PKTAP. Layouts: radiotap.org, tcpdump.org/linktypes.html."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part
from gdsi_audit.packets.link_types import (
    LINKTYPE_IEEE802_11,
    LINKTYPE_IEEE802_11_AVS,
    LINKTYPE_IEEE802_11_PRISM,
    LINKTYPE_IEEE802_11_RADIOTAP,
    LINKTYPE_PKTAP,
    LINKTYPE_PPI,
)
from gdsi_audit.packets.numbers import big, little, u8
from gdsi_audit.packets.outcomes import BAD_HEADER, NOT_IP, SHORT_FRAME

WRAPPING = (
    LINKTYPE_IEEE802_11_PRISM,
    LINKTYPE_IEEE802_11_RADIOTAP,
    LINKTYPE_IEEE802_11_AVS,
    LINKTYPE_PPI,
    LINKTYPE_PKTAP,
)
PKTAP_BYTES = 76
AVS_MAGIC = 0x80211
"""Its upper 20 bits; under Prism's link type AVS headers are found too."""

TSFT_PRESENT, FLAGS_PRESENT, MORE_PRESENT = 1, 2, 0x80000000
FCS_AT_END, PADDED = 0x10, 0x20
"""Radiotap's flags: a frame check sequence at the end; the 802.11 header padded to 32 bits."""


@part
def unwrap(data: NDArray[np.uint8], link: Any, linktype: int) -> int:
    """Link type behind a header that wraps another link type, `link` moved behind it, radiotap's flags above bit 15; or minus the reason."""
    offset = link.offset
    size = link.end - offset
    if size < 12:
        return -SHORT_FRAME if linktype != LINKTYPE_IEEE802_11_RADIOTAP or size < 8 else -NOT_IP
    flags = 0
    inner = LINKTYPE_IEEE802_11
    if linktype == LINKTYPE_IEEE802_11_RADIOTAP:
        header = little(data, offset + 2, 2)
        if header < 8:
            return -BAD_HEADER
        flags = _radiotap_flags(data, offset, min(link.end, offset + header))
    elif linktype == LINKTYPE_PPI:
        header, inner = little(data, offset + 2, 2), little(data, offset + 4, 4)
    elif linktype == LINKTYPE_PKTAP:
        header, inner = little(data, offset, 4), little(data, offset + 8, 4)
        if header >= PKTAP_BYTES and size >= PKTAP_BYTES:
            link.app = little(data, offset + 52, 4)
            link.app_name_offset = offset + 56
    elif big(data, offset, 4) >> 12 == AVS_MAGIC:
        header = big(data, offset + 4, 4)
    else:
        header = min(little(data, offset + 4, 4), big(data, offset + 4, 4))
    if header < 8 or inner > 0xFFFF:
        return -BAD_HEADER
    if header > size:
        return -SHORT_FRAME
    link.offset = offset + header
    return inner | (flags << 16)


@part
def _radiotap_flags(data: NDArray[np.uint8], offset: int, end: int) -> int:
    """FCS_AT_END and PADDED out of the flags byte; 0 where the header has none."""
    present = little(data, offset + 4, 4)
    field = offset + 8
    more = present
    while more & MORE_PRESENT and field + 4 <= end:
        more = little(data, field, 4)
        field += 4
    if not present & FLAGS_PRESENT:
        return 0
    if present & TSFT_PRESENT:
        field = offset + ((field - offset + 7) & ~7) + 8
    if field >= end:
        return 0
    flags: int = u8(data, field) & (FCS_AT_END | PADDED)
    return flags
