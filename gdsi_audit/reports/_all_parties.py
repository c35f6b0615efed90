"""Whom all devices spoke with, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.reports._parties import SUMS, Numbers, Parties, Sets, merged

NUMBERS = ("source", "verdicts", "assessments", *SUMS, "first", "last")
SETS = ("services", "items")


def together(found: Sequence[Parties]) -> tuple[Parties, Numbers]:
    """(the parties of several devices as one table, of each the row of its device)."""
    names, name = _joined(found, "names", "name")
    addresses, address = _joined(found, "addresses", "address")
    columns: dict[str, Any] = {column: _concatenated([getattr(one, column) for one in found]) for column in NUMBERS}
    columns |= {column: _chained([getattr(one, column) for one in found]) for column in SETS}
    whole = Parties(names=names, addresses=addresses, name=name, address=address, **columns)
    return whole, np.repeat(np.arange(len(found)), [one.flows.size for one in found])


def _joined(found: Sequence[Parties], words: str, rows: str) -> tuple[tuple[str, ...], Numbers]:
    every, places = merged(*(getattr(one, words) for one in found))
    return every, _concatenated([place[getattr(one, rows)] for place, one in zip(places, found, strict=True)])


def _concatenated(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(columns) if columns else np.empty(0, np.int64)


def _chained(sets: Sequence[Sets]) -> Sets:
    before = np.cumsum([0, *(len(one.known) for one in sets)]).tolist()
    rows = _concatenated([one.rows + start for one, start in zip(sets, before, strict=False)])
    return Sets(rows.astype(np.int32), [one for given in sets for one in given.known])
