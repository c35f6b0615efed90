"""The entries of the frame index in the order of flows: in memory while they fit, else on disk, sorted part by part.

On disk each entry is read three times and written twice, however many there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.spool import Spool

MOST_IN_MEMORY = 4_000_000
"""Up to this many entries (32 MB while they are sorted) are sorted at once."""
READ_ACROSS = 4_096
"""Stretches on disk that are nearer to each other than so many frames are read at one go."""

ENTRIES = np.dtype([("frame", "<u4"), ("serial", "<u4")])  # frame over all captures, from 1; serial of the flow: as one number they sort by flow
FRAME = np.dtype([("frame", "<u4")])

Positions = NDArray[np.intp]
Numbers = NDArray[np.uint32]


class FrameOrder:
    """Frames of each flow, by its place in `serials`."""

    def __init__(self, entries: Spool, serials: NDArray[np.integer[Any]], most_in_memory: int = MOST_IN_MEMORY) -> None:
        self.rows = entries.rows
        self._memory: Numbers | None = None
        self._disk = Spool(FRAME)
        if entries.rows <= most_in_memory:
            self._memory, bounds = _sorted(entries.all(), serials)
            self._begins, self._ends = bounds
            return
        placed = _Placed(serials)
        counts = sum((placed.counts(piece) for piece in entries.pieces()), np.zeros(serials.size, np.int64))
        self._ends = np.cumsum(counts)
        self._begins = self._ends - counts
        for part in placed.parts(entries, (self._ends - 1) // most_in_memory):
            self._disk.append(_sorted(part.all(), serials[:0])[0].view(FRAME))

    def frames(self, places: Positions) -> Numbers:
        """Frames of the flows at `places`."""
        begins, ends = self._begins[places], self._ends[places]
        if self._memory is not None:
            return np.asarray(self._memory[_stretches(begins, ends)])
        order = np.argsort(begins, kind="stable")
        begins, ends = begins[order], ends[order]
        breaks = np.flatnonzero(begins[1:] - ends[:-1] > READ_ACROSS) + 1
        return np.concatenate([self._read(*part) for part in zip(np.split(begins, breaks), np.split(ends, breaks), strict=True)])

    def _read(self, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Numbers:
        """Neighbouring stretches."""
        if not begins.size:
            return np.empty(0, np.uint32)
        whole = self._disk.piece(int(begins[0]), int(ends[-1] - begins[0]))["frame"]
        return np.asarray(whole[_stretches(begins - begins[0], ends - begins[0])])


class _Placed:
    """Entries under the places of their flows in place of serials: flows whose frames may be asked for, without gaps."""

    def __init__(self, serials: NDArray[np.integer[Any]]) -> None:
        self._nobody = serials.size
        self._place = np.full(int(serials.max(initial=0)) + 2, serials.size, np.uint32)
        self._place[serials] = np.arange(serials.size, dtype=np.uint32)

    def counts(self, entries: NDArray[np.void]) -> NDArray[np.int64]:
        return np.bincount(self._of(entries), minlength=self._nobody + 1)[: self._nobody]

    def parts(self, entries: Spool, part_of: NDArray[np.int64]) -> list[Spool]:
        """`part_of`: the part that each place goes to, ascending."""
        parts = [Spool(ENTRIES) for _ in range(int(part_of.max(initial=0)) + 1)]
        for piece in entries.pieces():
            place = self._of(piece)
            kept = place < self._nobody
            placed = piece[kept]
            placed["serial"] = place[kept]
            of = part_of[placed["serial"]]
            for part in np.unique(of).tolist():
                parts[part].append(placed[of == part])
        return parts

    def _of(self, entries: NDArray[np.void]) -> NDArray[np.uint32]:
        return np.asarray(self._place[np.minimum(entries["serial"], self._place.size - 1)])


def _sorted(entries: NDArray[np.void], serials: NDArray[np.integer[Any]]) -> tuple[Numbers, NDArray[np.int64]]:
    """(frames in the order of serials, where those of each of `serials` begin and end: shape (2, n)). `entries` is used up."""
    numbers = entries.view("<u8")
    numbers.sort()
    first = serials.astype(np.uint64) << np.uint64(32)
    bounds = np.searchsorted(numbers, np.concatenate((first, first + np.uint64(1 << 32)))).reshape(2, -1)
    return numbers.astype(np.uint32), bounds


def _stretches(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Positions:
    """All positions from each begin up to its end."""
    counts = ends - begins
    return np.repeat(begins - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
