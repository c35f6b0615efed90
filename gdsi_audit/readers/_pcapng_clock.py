"""The clocks of a pcapng capture's interfaces: what their ticks are in UTC nanoseconds (draft-ietf-opsawg-pcapng, if_tsresol and if_tsoffset)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.kernels import part
from gdsi_audit.readers._tally import LATEST_S

_NANO = np.uint64(1_000_000_000)

INTERFACES = np.dtype(
    [
        ("ticks_per_s", "u8"),  # a power of ten; 0: more than a second can be counted in
        ("ns_per_tick", "u8"),  # 0: less than one
        ("ticks_per_ns", "u8"),  # 0: less than one, or beyond counting
        ("shift", "i8"),  # ticks of 2^-shift seconds; -1: a power of ten
        ("offset_s", "i8"),  # if_tsoffset, within ±2^61
        ("snaplen", "i8"),  # 0: unlimited
        ("linktype", "i4"),
    ],
    align=True,
)
"""One row per interface description: what a packet needs of it."""


@part
def nanoseconds(ticks: np.uint64, interface: Any) -> tuple[int, bool]:
    """UTC nanoseconds of a timestamp, rounded down; False when int64 cannot hold it and it was clamped."""
    seconds = np.uint64(0)
    fraction_ns = np.uint64(0)
    if interface.shift >= 0:
        shift = np.uint64(interface.shift)
        fraction = ticks
        if shift < np.uint64(64):
            seconds = ticks >> shift
            fraction = ticks - (seconds << shift)
        # The product of fraction and 10^9 needs 94 bits: it is made of two halves, and what the shift drops is dropped once.
        if shift < np.uint64(32):
            fraction_ns = (fraction * _NANO) >> shift
        elif shift < np.uint64(96):
            low = ((fraction & np.uint64(0xFFFFFFFF)) * _NANO) >> np.uint64(32)
            fraction_ns = ((fraction >> np.uint64(32)) * _NANO + low) >> (shift - np.uint64(32))
    else:
        fraction = ticks
        if interface.ticks_per_s > np.uint64(0):
            seconds = ticks // interface.ticks_per_s
            fraction = ticks - seconds * interface.ticks_per_s
        if interface.ns_per_tick > np.uint64(0):
            fraction_ns = fraction * interface.ns_per_tick
        elif interface.ticks_per_ns > np.uint64(0):
            fraction_ns = fraction // interface.ticks_per_ns
    whole_s = int(min(seconds, np.uint64(1 << 61))) + int(interface.offset_s)
    if whole_s > LATEST_S:
        return LATEST_S * 1_000_000_000, False
    if whole_s < -LATEST_S:
        return -LATEST_S * 1_000_000_000, False
    return whole_s * 1_000_000_000 + int(fraction_ns), True
