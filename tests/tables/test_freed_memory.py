from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest

from gdsi_audit.tables import freed_memory


@pytest.mark.parametrize("can", [True, False])
def test_freed_memory_goes_back_where_the_c_library_can(monkeypatch, can):
    given_back = []
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(**({"malloc_trim": given_back.append} if can else {})))
    freed_memory._trim.cache_clear()
    freed_memory.give_back()
    assert given_back == ([0] if can else [])
    freed_memory._trim.cache_clear()


def test_freed_memory_goes_back_here():
    freed_memory.give_back()
