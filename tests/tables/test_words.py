"""Columns of texts: codes into distinct words."""

from __future__ import annotations

import numpy as np

from gdsi_audit.tables.words import coded, words_of


def test_codes_are_in_the_order_of_first_sight():
    column = words_of(["x", "y", "x"])
    assert (column.codes.tolist(), column.words) == ([0, 1, 0], ("x", "y"))


def test_codes_into_a_list_of_words_keep_what_occurs_and_merge_what_is_equal():
    column = coded(np.array([4, 1, 2, 4]), ["never", "a", "b", "never", "a"])
    assert ([column.words[code] for code in column.codes], sorted(column.words)) == (["a", "a", "b", "a"], ["a", "b"])
    assert coded(np.empty(0, np.int64), []).words == ()
