"""A hint to the processor, for kernels: fetch what will be wanted soon, so that looking it up then does not wait for memory."""

from __future__ import annotations

from typing import Any


def prefetch(array: Any, place: Any, offset_bytes: Any) -> None:
    """Asks for the cache line that is `offset_bytes` behind the beginning of `array[place]`; it need not exist. In Python it does nothing."""
