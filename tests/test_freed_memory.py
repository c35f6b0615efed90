from __future__ import annotations

import ctypes

import pytest

from gdsi_audit import freed_memory


@pytest.mark.parametrize("library", [ctypes.CDLL(None), object()])
def test_freed_memory_goes_back_where_the_c_library_can(monkeypatch, library):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    freed_memory._trim.cache_clear()
    freed_memory.give_back()
    assert (freed_memory._trim() is None) == (type(library) is object)
    freed_memory._trim.cache_clear()
