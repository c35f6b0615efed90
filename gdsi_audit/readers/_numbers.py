"""Numbers in the bytes of captures, for kernels, in the byte order of the host that wrote them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part


@part
def u32(data: NDArray[np.uint8], at: int, big_endian: bool) -> int:
    first, second, third, fourth = np.int64(data[at]), np.int64(data[at + 1]), np.int64(data[at + 2]), np.int64(data[at + 3])
    if big_endian:
        return int((first << 24) | (second << 16) | (third << 8) | fourth)
    return int((fourth << 24) | (third << 16) | (second << 8) | first)


@part
def u16(data: NDArray[np.uint8], at: int, big_endian: bool) -> int:
    first, second = np.int64(data[at]), np.int64(data[at + 1])
    if big_endian:
        return int((first << 8) | second)
    return int((second << 8) | first)
