"""Memory that was freed: while captures are read the C library keeps it for what comes, between stages it goes back to the system."""

from __future__ import annotations

import ctypes
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
KEPT_BYTES, LARGEST_KEPT_BYTES = 1 << 25, 1 << 22


def keep() -> None:
    """Up to KEPT_BYTES stay with the process. Arrays of a batch come and go; with every one new pages are mapped and cleared else."""
    set_option = _function("mallopt")
    if set_option is not None:
        set_option(M_TRIM_THRESHOLD, KEPT_BYTES)
        set_option(M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)


def give_back() -> None:
    """Takes a few milliseconds. Where the C library has no such call, nothing happens."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _function(name: str) -> ctypes._NamedFuncPointer | None:
    """glibc's; None: another C library."""
    return getattr(ctypes.CDLL(None), name, None)
