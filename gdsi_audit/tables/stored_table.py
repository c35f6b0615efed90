"""A table on disk, column by column: who reads one column holds that column, and nothing of the table stays in memory.

It is read as a NumPy structured array is, so that what works on one works on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.spool import Spool, read_into, unnamed_file

READ_ACROSS_BYTES = 16_384
"""Rows on disk that are nearer to each other than this are read at one go."""

Positions = NDArray[np.bool_] | NDArray[np.integer[Any]]
"""A mask over all rows, or positions."""


class ColumnFile:
    """So many rows of one structured dtype in an unnamed file, each column by itself."""

    def __init__(self, dtype: np.dtype[np.void], rows: int) -> None:
        self.dtype, self.rows = dtype, rows
        ends = np.cumsum([0, *(dtype[name].itemsize * rows for name in dtype.names or ())]).tolist()
        self._begins = dict(zip(dtype.names or (), ends, strict=False))
        self._file = unnamed_file(self)

    def put(self, name: str, values: NDArray[Any], first_row: int = 0) -> None:
        """Writes a stretch of one column. Raises OSError when the disk is full."""
        kind = self.dtype[name]
        self._file.seek(self._begins[name] + first_row * kind.itemsize)
        self._file.write(np.ascontiguousarray(values, kind).view(np.uint8).data)

    def stretch(self, name: str, first_row: int, rows: int) -> NDArray[Any]:
        """`rows` rows of one column from `first_row` on."""
        kind = self.dtype[name]
        found = np.empty(rows, kind)
        self._file.flush()
        read_into(found, self._file.fileno(), self._begins[name] + first_row * kind.itemsize)
        return found

    def values(self, name: str, rows: NDArray[np.integer[Any]] | slice) -> NDArray[Any]:
        """The rows of a slice, or at positions in any order."""
        if isinstance(rows, slice):
            within = range(self.rows)[rows]
            return self.stretch(name, within.start, len(within))
        if not rows.size:
            return np.empty(0, self.dtype[name])
        if rows.size == 1 or not _is_ascending(rows):
            return self._scattered(name, rows)
        return np.concatenate([self._near(name, part) for part in self._parts(name, rows)])

    def _scattered(self, name: str, rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
        if rows.size == 1:
            return self.stretch(name, int(rows[0]), 1)
        distinct, place = np.unique(rows, return_inverse=True)
        return np.asarray(self.values(name, distinct)[place.ravel()])

    def _parts(self, name: str, rows: NDArray[np.integer[Any]]) -> list[NDArray[np.integer[Any]]]:
        """Ascending rows in groups of neighbours."""
        far = READ_ACROSS_BYTES // self.dtype[name].itemsize
        return np.split(rows, np.flatnonzero(np.diff(rows) > far) + 1)

    def _near(self, name: str, rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
        first = int(rows[0])
        return np.asarray(self.stretch(name, first, int(rows[-1]) + 1 - first)[rows - first])


class StoredTable:
    """The rows of a spool, or some of them, in an order of their own."""

    def __init__(self, file: ColumnFile, order: NDArray[np.intp] | None = None) -> None:
        """`order`: rows of `file` that make up the table; None: all as they are."""
        self._file, self._order = file, order
        self.dtype = file.dtype
        self.size = file.rows if order is None else order.size

    @overload
    def __getitem__(self, key: str) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, key: Positions) -> StoredTable: ...
    def __getitem__(self, key: str | Positions) -> NDArray[Any] | StoredTable:
        """A column, read now; or the rows of a mask or at positions, of which nothing is read."""
        if isinstance(key, str):
            whole = self._file.stretch(key, 0, self._file.rows)
            return whole if self._order is None else whole[self._order]
        places = np.flatnonzero(key) if key.dtype == np.bool_ else key.astype(np.intp, copy=False)
        return StoredTable(self._file, places if self._order is None else self._order[places])


Table = NDArray[np.void] | StoredTable
"""What works by the column takes either."""


def stored(spool: Spool, kept: NDArray[np.bool_] | None = None) -> StoredTable:
    """The rows of `spool` as they are now, those of the mask `kept` or all, in their order."""
    file, first, behind = ColumnFile(spool.dtype, spool.rows if kept is None else int(kept.sum())), 0, 0
    for piece in spool.pieces():
        before, behind = behind, behind + piece.size
        rows = piece if kept is None else piece[kept[before:behind]]
        for name in spool.dtype.names or ():
            file.put(name, rows[name], first)
        first += rows.size
    return StoredTable(file)


def picked(rows: Table, names: Sequence[str], positions: NDArray[np.integer[Any]]) -> NDArray[np.void]:
    """Some columns of some rows, in memory."""
    found = np.empty(positions.size, [(name, rows.dtype[name]) for name in names])
    for name in names:
        found[name] = rows[name][positions]
    return found


def _is_ascending(rows: NDArray[np.integer[Any]]) -> bool:
    return bool((rows[1:] > rows[:-1]).all())
