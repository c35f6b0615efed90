"""The index of the sample captures is complete and true, and every generator writes the same bytes again."""

from __future__ import annotations

import pytest

from captures._index import FOLDER, NOT_KEPT, PAGE, contents, generators, is_kept, page

GENERATORS = [path for path in generators() if is_kept(path)]
WRITTEN_OTHERWISE = ("malformed", "recorded")
"""Folders with a script of their own, tested elsewhere."""


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda path: path.name.removesuffix(".pcap.py"))
def test_a_generator_writes_the_same_bytes_again(generator):
    made = contents(generator)
    assert made
    changed = [name for name, maker in made.items() if generator.with_name(name).read_bytes() != maker()]
    assert changed == []


def test_the_index_is_what_the_files_are():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_capture_has_a_generator():
    made = {generator.with_name(name) for generator in GENERATORS for name in contents(generator)}
    assert {path for path in FOLDER.rglob("*.pcap") if path.parent.name not in (*WRITTEN_OTHERWISE, *NOT_KEPT)} == made


def test_every_generator_says_what_it_shows():
    assert [path.name for path in generators() if not path.read_text(encoding="utf-8").startswith('"""')] == []
