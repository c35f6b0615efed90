"""Distinct rows of several integer columns. NumPy's own way sorts rows as raw memory, which takes several times as long."""

from __future__ import annotations

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
