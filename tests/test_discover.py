from __future__ import annotations

import sys

import pytest

from gdsi_audit import discover


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    folder = tmp_path / "planted_shelf"
    folder.mkdir()
    for name in ("__init__", "pear", "apple", "_private"):
        (folder / f"{name}.py").write_text(f"NAME = {name!r}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "planted_shelf"
    for name in [name for name in sys.modules if name.startswith("planted_shelf")]:
        del sys.modules[name]
    discover.names.cache_clear()


def test_a_public_file_is_the_registration(shelf):
    assert discover.names(shelf) == ("apple", "pear")
    assert "planted_shelf.apple" not in sys.modules
    assert [module.NAME for module in discover.modules(shelf)] == ["apple", "pear"]


def test_an_unknown_name_lists_what_there_is(shelf):
    with pytest.raises(ValueError, match="there is no 'plum' among apple, pear"):
        discover.module(shelf, "plum")


def test_the_readers_are_found():
    assert discover.names("gdsi_audit.readers") == ("pcap", "pcapng")
