"""Hashes of a flow and of its ends, and what they are mixed with."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._rows import COPY_ROWS, EXPIRED_ROWS
from gdsi_audit.kernels import part

MIX_1, MIX_2, MIX_3 = (np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93))
BITS_16, BITS_20, BITS_28, BITS_29, BITS_32, BITS_40, BITS_48, BITS_56 = (np.uint64(count) for count in (16, 20, 28, 29, 32, 40, 48, 56))
COPY_MASK, EXPIRED_MASK, LOW_32 = np.uint64(COPY_ROWS - 1), np.uint64(EXPIRED_ROWS - 1), np.uint64(0xFFFFFFFF)


@part
def side_hash(hi: Any, lo: Any, port: Any) -> Any:
    """Hash of one end of a flow."""
    value = (lo + port * MIX_2) ^ (hi * MIX_1)
    value = (value ^ (value >> BITS_32)) * MIX_3
    return value ^ (value >> BITS_29)


@part
def flow_hash(first: Any, second: Any, transport: Any) -> Any:
    """Hash of a flow, the same from both ends."""
    value = (first + second) * MIX_1 + (first ^ second) + transport * MIX_2
    value = (value ^ (value >> BITS_32)) * MIX_3
    return value ^ (value >> BITS_29)
