"""Which frames belong to which flow, exactly: what evidence is made of.

A row per packet of a flow is kept on disk while the captures are read, so that frames can be cited even when the input was a pipe.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.spool import Spool

ENTRIES = np.dtype([("serial", "u4"), ("frame", "u4")])  # serial of the flow; frame over all captures, from 1
UNKNOWN_SERIAL = np.uint32(0xFFFFFFFF)

Ranges = list[tuple[int, int]]


class FrameIndex:
    """Frames by flow. Serials are the flow table's, frames are numbered through over all captures in the order of reading."""

    def __init__(self) -> None:
        self._spool = Spool(ENTRIES)
        self._capture_starts: list[int] = []
        self._serials: NDArray[np.int64] = np.empty(0, np.int64)
        self._flows: NDArray[np.int64] = np.empty(0, np.int64)

    def begin_capture(self, frames_before: int) -> None:
        """The next capture begins; `frames_before` frames were in the earlier ones."""
        self._capture_starts.append(frames_before)

    def add(self, serials: NDArray[np.int64], frames: NDArray[np.int64]) -> None:
        """One entry per packet row: its flow's serial (-1: none) and its frame number in the current capture."""
        entries = np.empty(serials.size, ENTRIES)
        entries["serial"] = serials
        entries["frame"] = frames + self._capture_starts[-1]
        self._spool.append(entries[serials >= 0])

    def name_flows(self, flows: NDArray[np.int64], serials: NDArray[np.int64]) -> None:
        """Tells which flow id has which serial; called once, when all flows are closed."""
        order = np.argsort(flows, kind="stable")
        self._flows, self._serials = flows[order], serials[order]

    def frames(self, flows: Collection[int]) -> list[tuple[int, Ranges]]:
        """(capture ordinal, [(first frame, last frame), …]) of all packets of the flows with these ids, ranges ascending and merged."""
        wanted = np.fromiter(sorted(flows), np.int64, len(flows))
        places = np.searchsorted(self._flows, wanted)
        known = places < self._flows.size
        known[known] = self._flows[places[known]] == wanted[known]
        serials = self._serials[places[known]].astype(np.uint32)
        found = [piece["frame"][np.isin(piece["serial"], serials)] for piece in self._spool.pieces()]
        numbers = np.unique(np.concatenate(found)) if found else np.empty(0, np.uint32)
        return self._by_capture(numbers.astype(np.int64))

    def _by_capture(self, numbers: NDArray[np.int64]) -> list[tuple[int, Ranges]]:
        captures = np.searchsorted(self._capture_starts, numbers - 1, side="right") - 1
        return [(int(capture), merged(numbers[captures == capture] - self._capture_starts[capture])) for capture in np.unique(captures)]


def merged(numbers: NDArray[np.int64]) -> Ranges:
    """Ascending distinct numbers as ranges: 1 2 3 7 gives (1, 3), (7, 7)."""
    if not numbers.size:
        return []
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    firsts = numbers[np.concatenate(([0], breaks + 1))]
    lasts = numbers[np.concatenate((breaks, [numbers.size - 1]))]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
