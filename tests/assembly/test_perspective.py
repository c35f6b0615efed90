"""Flows as one device sees them."""

from __future__ import annotations

import numpy as np

from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.flows import CLOSED


def test_a_flow_between_equal_addresses_never_leaves_its_host():
    rows = np.zeros(3, CLOSED)
    rows["orig_hi"], rows["orig_lo"] = 7, [1, 1, 1]
    rows["resp_hi"], rows["resp_lo"] = [7, 7, 8], [1, 2, 1]
    seen = Sides(np.array([2, 0, 1]), np.zeros(3, np.int32), np.ones(3, np.bool_))
    assert seen.to_itself(rows).tolist() == [False, True, False]
