"""Columns give what the same DataFrame would."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_tables import columns_of

from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.words import Words, narrow, words_of

FRAME = pd.DataFrame({"port": [443, 53, 443, 80], "name": ["b.example", "", "a.example", "b.example"], "local": [True, False, False, True]})


def test_values_and_words():
    table = columns_of(FRAME)
    assert (len(table), table.names) == (4, ("port", "name", "local"))
    assert table["name"].tolist() == FRAME["name"].tolist()
    assert table.distinct("name") == ["", "a.example", "b.example"]
    assert table.is_any("name", ("b.example", "never.example")).tolist() == [True, False, False, True]
    assert table.is_any("name", "a.example").tolist() == [False, False, True, False]


@pytest.mark.parametrize("rows", [np.array([True, False, True, True]), np.array([0, 2, 3])])
def test_chosen_rows_may_be_chosen_from_again(rows):
    chosen = columns_of(FRAME).take(rows)
    assert chosen["port"].tolist() == [443, 443, 80]
    assert chosen.take(chosen["port"] == 443)["name"].tolist() == ["b.example", "a.example"]
    assert chosen.sum("port") == 966
    assert chosen.distinct("name") == ["a.example", "b.example"]


def test_frame_is_the_table_again():
    table = columns_of(FRAME).take(np.array([3, 1]))
    assert table.frame().astype({"name": "object"}).to_dict("list") == FRAME.iloc[[3, 1]].to_dict("list")


def test_no_rows():
    table = columns_of(FRAME).take(np.zeros(4, bool))
    assert (len(table), table["name"].tolist(), table.distinct("name"), table.sum("port")) == (0, [], [], 0)
    assert Columns({"name": Words(np.empty(0, np.int64), ())})["name"].tolist() == []


@pytest.mark.parametrize(("words", "kept"), [(1, "u1"), (256, "u1"), (257, "u2"), (65_537, "u4")])
def test_codes_are_kept_narrow_and_given_wide(words, kept):
    column = narrow(np.array([0, words - 1]), [str(number) for number in range(words)])
    table = Columns({"name": column})
    assert column.codes.dtype == kept
    assert (table.codes("name") * words).tolist() == [0, (words - 1) * words]
    assert table["name"].tolist() == ["0", str(words - 1)]


def test_stretches_are_views_and_may_be_chosen_from():
    whole = columns_of(FRAME)
    part = whole.stretch(1, 3)
    assert (len(part), part["port"].tolist(), part["name"].tolist()) == (2, [53, 443], ["", "a.example"])
    assert np.shares_memory(part["port"], whole["port"])
    assert part.take(np.array([False, True]))["name"].tolist() == ["a.example"]
    assert part.is_any("name", ("a.example", "b.example")).tolist() == [False, True]
    with pytest.raises(ValueError, match="whole table"):
        part.stretch(0, 1)


def test_columns_are_added_for_the_rows_chosen():
    more = columns_of(FRAME).take(np.array([3, 0])).having({"port": np.array([1, 2]), "word": words_of(["x", "y"])})
    assert (more["port"].tolist(), more["word"].tolist(), more["name"].tolist()) == ([1, 2], ["x", "y"], ["b.example", "b.example"])
