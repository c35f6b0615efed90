"""Numbers in the bytes of packets, for kernels: big-endian where the name does not say otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part

Integer: Any = np.int64
"""What kernels count with; the type checker takes it for a Python int."""


@part
def u8(data: NDArray[np.uint8], offset: int) -> int:
    """One byte, signed, for unsigned arithmetic spreads. The unsigned index saves the look for a negative one, so that loads can be joined."""
    value: int = Integer(data[np.uint64(offset)])
    return value


@part
def u16(data: NDArray[np.uint8], offset: int) -> int:
    value: int = (u8(data, offset) << 8) | u8(data, offset + 1)
    return value


@part
def u32(data: NDArray[np.uint8], offset: int) -> int:
    value: int = (u8(data, offset) << 24) | (u8(data, offset + 1) << 16) | (u8(data, offset + 2) << 8) | u8(data, offset + 3)
    return value


@part
def u48(data: NDArray[np.uint8], offset: int) -> int:
    return (u16(data, offset) << 32) | u32(data, offset + 2)


@part
def u64(data: NDArray[np.uint8], offset: int) -> int:
    """The 64 bits as a signed number; storing it in an unsigned column restores it."""
    return (u32(data, offset) << 32) | u32(data, offset + 4)


@part
def little(data: NDArray[np.uint8], offset: int, size: int) -> int:
    value = 0
    for place in range(size):
        value |= u8(data, offset + place) << (8 * place)
    return value


@part
def big(data: NDArray[np.uint8], offset: int, size: int) -> int:
    value = 0
    for place in range(size):
        value = (value << 8) | u8(data, offset + place)
    return value
