"""Distinct rows of integer columns, numbered, counted and summed. NumPy's own way sorts rows as raw memory, which takes several times as long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST_NUMBER = 1 << 62


def distinct_rows(*columns: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(a row of each distinct tuple, ascending; for each row the place of its tuple among them). Columns of equal length, at least one."""
    code, width = np.zeros(columns[0].size, np.int64), 1
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        if width * values.size > LARGEST_NUMBER:
            known, code = np.unique(code, return_inverse=True)
            width = known.size
        if values.size > 1:
            code, width = code * values.size + place.ravel(), width * values.size
    return _first_rows(code, width)


def numbered(*keys: tuple[NDArray[Any], int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(a row of each distinct combination, for each row the number of its own), from keys from 0 up to but without the size beside each."""
    code, size = np.zeros(keys[0][0].size, np.int64), 1
    for key, width in keys:
        if size * width > LARGEST_NUMBER:
            known, code = np.unique(code, return_inverse=True)
            code, size = code.ravel(), known.size
        code, size = code * width + key, size * max(width, 1)
    return _first_rows(code, size)


def sums(numbers: NDArray[Any], size: int, *amounts: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Of each column of whole numbers the sum for each of the `size` numbers that `numbered` gave."""
    return [np.bincount(numbers, column, size).astype(np.int64) for column in amounts]


def ordinals(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """How many equal values are before each."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    begins = np.flatnonzero(np.diff(ranked, prepend=-1))
    ordinals = np.empty(values.size, np.int64)
    ordinals[order] = np.arange(values.size) - np.repeat(begins, np.diff(begins, append=values.size))
    return ordinals


def _first_rows(code: NDArray[np.int64], width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first row of each number below `width`, ascending by number, and for each row the place of its number."""
    if width > 4 * code.size:
        _, rows, place = np.unique(code, return_index=True, return_inverse=True)
        return rows, place.ravel()
    first = np.full(max(width, 1), -1, np.intp)
    first[code[::-1]] = np.arange(code.size - 1, -1, -1)
    used = np.flatnonzero(first >= 0)
    place = np.empty(first.size, np.intp)
    place[used] = np.arange(used.size)
    return first[used], place[code]


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
        if width * values.size > LARGEST_NUMBER:
            raise OverflowError("too many distinct values to number their combinations")
        own, found, width = own * values.size + code.ravel(), found * values.size + place, width * values.size
    keys, rows = np.unique(own, return_index=True)
    place = np.minimum(np.searchsorted(keys, found), keys.size - 1)
    return np.where(hit & (keys[place] == found), rows[place], -1)
