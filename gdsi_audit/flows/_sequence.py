"""Sequence numbers of 32 bits, and how far they may jump."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.kernels import part

# Constants that are passed to kernels have a NumPy type: for Python's ints numba compiles the callee once per value.
NOTHING = np.int64(0)
LARGEST_ACK_JUMP = 1 << 30
TOO_LARGE_SEQ_DELTA = 1 << 20


@part
def signed_distance(distance: Any) -> Any:
    """Signed distance of two 32-bit sequence numbers from their plain difference."""
    return ((distance + 0x80000000) & 0xFFFFFFFF) - 0x80000000
