"""Memory that was freed and that the C library keeps for what comes: between stages it goes back to the system."""

from __future__ import annotations

import ctypes
from functools import cache


def give_back() -> None:
    """Takes a few milliseconds. Where the C library has no such call, nothing happens."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> ctypes._NamedFuncPointer | None:
    """glibc's malloc_trim; None: another C library."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
