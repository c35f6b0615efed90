"""Distinct rows of several integer columns. NumPy's own way sorts rows as raw memory, which takes several times as long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def distinct_rows(*columns: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(a row of each distinct tuple, ascending; for each row the place of its tuple among them). Columns of equal length, at least one."""
    rows, place = _distinct(columns[0])
    for column in columns[1:]:
        values, code = _distinct(column)
        # Places are fewer than rows, so the product of two fits.
        rows, place = _distinct(place * np.int64(max(values.size, 1)) + code)
    return rows, place


def _distinct(column: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    _, rows, place = np.unique(column, return_index=True, return_inverse=True)
    return rows, place.ravel()


def rows_of(known: Sequence[NDArray[Any]], wanted: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    """For each tuple of the columns `wanted` its row among the tuples of `known`, -1 where it is none. Of equal ones in `known` the first counts.

    Made for few `known` and many `wanted`: these are never sorted.
    """
    size = known[0].size
    found, hit, width = np.zeros(wanted[0].size, np.int64), np.full(wanted[0].size, size > 0), 1
    own = np.zeros(size, np.int64)
    if not size:
        return np.full(found.size, -1, np.intp)
    for known_column, column in zip(known, wanted, strict=True):
        values, code = np.unique(known_column, return_inverse=True)
        place = np.minimum(np.searchsorted(values, column), values.size - 1)
        hit &= values[place] == column
        if width * values.size > 1 << 62:
            raise OverflowError("too many distinct values to number their combinations")
        own, found, width = own * values.size + code.ravel(), found * values.size + place, width * values.size
    keys, rows = np.unique(own, return_index=True)
    place = np.minimum(np.searchsorted(keys, found), keys.size - 1)
    return np.where(hit & (keys[place] == found), rows[place], -1)
