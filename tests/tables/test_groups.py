"""Rows by a key."""

from __future__ import annotations

import numpy as np

from gdsi_audit.tables.groups import grouped


def test_groups_come_in_the_order_of_their_keys():
    assert [(key, rows.tolist()) for key, rows in grouped(["b", "a", "b"])] == [("a", [1]), ("b", [0, 2])]
    assert [(key, rows.tolist()) for key, rows in grouped(np.array([7, 3, 7]))] == [(3, [1]), (7, [0, 2])]
    assert [*grouped([]), *grouped(np.empty(0, np.int64))] == []
