"""Which flows are one connection: what the wire said at its beginning holds for every flow that continues it after a time-out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.tables.distinct import rows_of
from gdsi_audit.tables.stored_table import Table


def beginnings(rows: Table, seen: Sides) -> NDArray[np.intp]:
    """For each entry of `seen` the entry of the same device at which its connection began: itself, where it continues nothing that is known."""
    begin = np.arange(seen.row.size)
    continues = rows["continues"][seen.row]
    later = np.flatnonzero(continues >= 0)
    if not later.size:
        return begin
    candidates = np.flatnonzero(np.isin(rows["flow"][seen.row], continues[later]))
    known = [seen.device[candidates], rows["flow"][seen.row[candidates]]]
    place = rows_of(known, [seen.device[later], continues[later]])
    begin[later[place >= 0]] = candidates[place[place >= 0]]
    while not np.array_equal(further := begin[begin], begin):
        begin = further
    return begin
