from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest

from gdsi_audit import freed_memory


@pytest.fixture(params=[True, False], ids=["glibc", "another"])
def c_library(request, monkeypatch):
    """What the C library was asked for; None: it has none of these functions."""
    asked: list[tuple[int, ...]] = []
    functions = {name: lambda *words: asked.append(words) for name in ("malloc_trim", "mallopt")} if request.param else {}
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(**functions))
    freed_memory._function.cache_clear()
    yield asked if request.param else None
    freed_memory._function.cache_clear()


def test_freed_memory_goes_back_where_the_c_library_can(c_library):
    freed_memory.give_back()
    assert c_library in (None, [(0,)])


def test_freed_memory_is_kept_up_to_a_bound(c_library):
    freed_memory.keep()
    assert c_library in (None, [(-1, freed_memory.KEPT_BYTES), (-3, freed_memory.LARGEST_KEPT_BYTES)])


def test_the_library_of_this_machine_takes_both():
    freed_memory.keep()
    freed_memory.give_back()
