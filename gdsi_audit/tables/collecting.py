"""Python's collector of cycles, held back: what an audit makes holds none, and looking for them takes as long again as making it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

EVERY_OBJECTS = 100_000


@contextmanager
def rare_collection() -> Iterator[None]:
    """Collects after so many new objects only, until it ends."""
    before = gc.get_threshold()
    gc.set_threshold(EVERY_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
