"""Which flows are kept where there are too many, against a plain count in Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.assembly.kept_flows import kept_flows
from gdsi_audit.flows import CLOSED

FLOW = st.tuples(st.integers(0, 5), st.integers(0, 2), st.booleans())


def closed(table):
    rows = np.zeros(len(table), CLOSED)
    for name, values in zip(("resp_lo", "resp_port", "orig_bytes"), zip(*table, strict=True), strict=True):
        rows[name] = values
    return rows


@given(st.lists(FLOW, min_size=1, max_size=60), st.integers(1, 70), st.integers(1, 20))
def test_the_first_of_each_contact_come_before_their_repetitions(table, most, piece):
    rows = closed(table)
    kept = kept_flows([rows[first : first + piece] for first in range(0, rows.size, piece)], rows.size, most)
    speaking = int((rows["orig_bytes"] > 0).sum())
    assert kept[rows["orig_bytes"] > 0].sum() == min(speaking, most - kept[rows["orig_bytes"] == 0].sum())
    assert kept.sum() <= most
    seen, rank = Counter(), []
    for flow in table:
        rank.append(seen[flow])
        seen[flow] += 1
    for moved in (True, False):
        inside = [rank[row] for row, flow in enumerate(table) if flow[2] is moved and kept[row]]
        outside = [rank[row] for row, flow in enumerate(table) if flow[2] is moved and not kept[row]]
        assert not inside or not outside or max(inside) <= min(outside)


@pytest.mark.parametrize(("silent", "speaking", "kept_silent"), [(900, 10, 50), (900, 70, 30), (900, 90, 25), (3, 200, 3), (200, 0, 50)])
def test_a_flood_of_empty_flows_leaves_room_for_what_moved_payload(silent, speaking, kept_silent):
    table = [(number, 23, False) for number in range(silent)] + [(7, 443, True)] * speaking
    kept = kept_flows([closed(table)], len(table), 100)
    assert (kept[:silent].sum(), kept[silent:].sum()) == (kept_silent, min(speaking, 100 - kept_silent))
