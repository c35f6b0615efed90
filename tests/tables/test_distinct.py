"""Distinct rows against Python's own sets of tuples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.tables.distinct import distinct_rows, numbered, ordinals, rows_of

WORD = st.sampled_from((0, 1, 7, 2**63, 2**64 - 1))


@given(st.lists(st.tuples(WORD, WORD, WORD), max_size=40))
def test_rows_and_places(table):
    columns = [np.array([row[place] for row in table], np.uint64) for place in range(3)]
    rows, place = distinct_rows(*columns)
    distinct = [table[row] for row in rows.tolist()]
    assert distinct == sorted(set(table))
    assert [distinct[at] for at in place.tolist()] == table


TABLE = st.lists(st.tuples(WORD, WORD), max_size=20)


@given(TABLE, TABLE)
def test_rows_among_known_tuples(known, wanted):
    columns = [[np.array([row[place] for row in table], np.uint64) for place in range(2)] for table in (known, wanted)]
    assert rows_of(*columns).tolist() == [known.index(row) if row in known else -1 for row in wanted]


@pytest.mark.parametrize("size", [4, 1 << 40])
def test_combinations_are_numbered(size):
    rows, numbers = numbered((np.array([3, 1, 3, 3]), size), (np.array([0, 0, 0, 1]), size), (np.array([2, 2, 2, 2]), size))
    assert (rows.tolist(), numbers.tolist()) == ([1, 0, 3], [1, 0, 1, 2])


@given(st.lists(st.integers(0, 5), max_size=40))
def test_how_many_equal_ones_come_before_each(values):
    assert ordinals(np.array(values, np.int64)).tolist() == [values[:place].count(value) for place, value in enumerate(values)]
