"""Columns give what the same DataFrame would."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gdsi_audit.columns import Columns, Words, columns_of, grouped, words_of

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


def test_groups_come_in_the_order_of_their_keys():
    assert [(key, rows.tolist()) for key, rows in grouped(["b", "a", "b"])] == [("a", [1]), ("b", [0, 2])]
    assert words_of(["x", "y", "x"]).codes.tolist() == [0, 1, 0]
