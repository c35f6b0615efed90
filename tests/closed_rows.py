"""CLOSED rows, as the flow table gives them, of a few fields each."""

from __future__ import annotations

import numpy as np

from gdsi_audit.flows import CLOSED


def flows(*given):
    """CLOSED rows of these fields."""
    rows = np.zeros(len(given), CLOSED)
    for row, fields in zip(rows, given, strict=True):
        row["continues"], row["orig_pkts"], row["resp_pkts"] = -1, 1, 1
        for name, value in fields.items():
            row[name] = value
    return rows
