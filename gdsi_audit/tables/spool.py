"""Rows that must not stay in memory: appended to an unnamed file, read back in pieces.

Memory stays the same whatever the capture's size; the file goes when the process goes.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

PIECE_ROWS = 65_536


def unnamed_file(owner: object) -> BinaryIO:
    """A file that nobody else can find, which is closed, and so gone, when `owner` is."""
    open_files = ExitStack()
    weakref.finalize(owner, open_files.close)
    return cast(BinaryIO, open_files.enter_context(tempfile.TemporaryFile(prefix="gdsi-audit-")))


class Spool:
    """An append-only table of one structured dtype, on disk."""

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self.dtype = dtype
        self.rows = 0
        self._file = unnamed_file(self)

    def append(self, rows: NDArray[np.void]) -> None:
        """Adds `rows`, of this table's dtype. Raises OSError when the disk is full."""
        if rows.size:
            self._file.write(np.ascontiguousarray(rows).data)
            self.rows += rows.size

    def piece(self, first_row: int, rows: int) -> NDArray[np.void]:
        """`rows` rows from `first_row` on; fewer at the end."""
        self._file.flush()
        size = self.dtype.itemsize
        return np.frombuffer(os.pread(self._file.fileno(), min(rows, self.rows - first_row) * size, first_row * size), dtype=self.dtype)

    def pieces(self, piece_rows: int = PIECE_ROWS) -> Iterator[NDArray[np.void]]:
        """All rows in the order of appending, at most `piece_rows` at a time."""
        wanted = self.rows
        for first in range(0, wanted, piece_rows):
            yield self.piece(first, min(piece_rows, wanted - first))

    def all(self) -> NDArray[np.void]:
        """All rows in memory."""
        table = np.empty(self.rows, dtype=self.dtype)
        self._file.flush()
        read_into(table, self._file.fileno(), 0)
        return table


def read_into(table: NDArray[Any], file: int, offset: int) -> None:
    """Fills `table` from a file that holds as much from `offset` on."""
    left = table.view(np.uint8).data
    while left:
        read = os.preadv(file, [left], offset)
        left, offset = left[read:], offset + read
