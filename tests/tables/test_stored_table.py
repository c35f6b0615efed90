"""A stored table reads as the structured array that it was made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.tables.spool import Spool
from gdsi_audit.tables.stored_table import READ_ACROSS_BYTES, ColumnFile, picked, stored

ROWS = np.dtype([("number", "i8"), ("letter", "S3"), ("flag", "?")], align=True)
WHOLE = np.array([(number, chr(97 + number % 26).encode() * 3, number % 3 == 0) for number in range(50)], ROWS)


def spooled(rows=WHOLE):
    spool = Spool(ROWS)
    for piece in np.array_split(rows, 3):
        spool.append(piece)
    return spool


@pytest.mark.parametrize("kept", [np.arange(50) < 0, np.arange(50) % 7 == 3, np.arange(50) > 20, None])
def test_rows_column_by_column(kept):
    table, expected = stored(spooled(), kept), WHOLE[slice(None) if kept is None else kept]
    assert (table.size, table.dtype) == (expected.size, ROWS)
    assert all(table[name].tolist() == expected[name].tolist() for name in ROWS.names)


@given(st.lists(st.integers(0, 49), max_size=30), st.lists(st.booleans(), min_size=30, max_size=30))
def test_rows_may_be_chosen_from_chosen_rows(positions, mask):
    places, kept = np.array(positions, np.intp), np.array(mask[: len(positions)], np.bool_)
    table, expected = stored(spooled())[places][kept], WHOLE[places][kept]
    assert (table.size, table["letter"].tolist()) == (expected.size, expected["letter"].tolist())


def test_what_is_spooled_later_is_no_part_of_it():
    spool = spooled()
    table = stored(spool)
    spool.append(WHOLE)
    assert (table.size, table["number"].size) == (50, 50)


@pytest.mark.parametrize("rows", [WHOLE, stored(spooled())])
def test_some_columns_of_some_rows(rows):
    assert picked(rows, ("letter", "number"), np.array([3, 1, 3])).tolist() == [(b"ddd", 3), (b"bbb", 1), (b"ddd", 3)]


@given(st.lists(st.integers(0, 29_999), max_size=20), st.slices(30_000))
def test_stretches_and_positions_of_a_column(positions, stretch):
    numbers = np.arange(30_000) * 7
    file = ColumnFile(np.dtype([("other", "u1"), ("number", "i8")]), numbers.size)
    file.put("number", numbers[:10_000])
    file.put("number", numbers[10_000:], 10_000)
    assert file.values("number", np.array(positions, np.intp)).tolist() == numbers[positions].tolist()
    ahead = slice(min(stretch.indices(30_000)[:2]), max(stretch.indices(30_000)[:2]))
    assert file.values("number", ahead).tolist() == numbers[ahead].tolist()
    assert numbers.nbytes > READ_ACROSS_BYTES
