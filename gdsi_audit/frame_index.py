"""Which frames belong to which flow, exactly: what evidence is made of.

A row per packet of a flow is kept on disk while the captures are read, so that frames can be cited even when the input was a pipe.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.spool import Spool

ENTRIES = np.dtype([("frame", "<u4"), ("serial", "<u4")])  # frame over all captures, from 1; serial of the flow: as one number they sort by flow
UNKNOWN_SERIAL = np.uint32(0xFFFFFFFF)

MOST_SORTED_ENTRIES = 4_000_000
"""Up to this many entries (32 MB) are held sorted by flow; more are searched where they lie."""

Ranges = list[tuple[int, int]]


class FrameIndex:
    """Frames by flow. Serials are the flow table's, frames are numbered through over all captures in the order of reading."""

    def __init__(self) -> None:
        self._spool = Spool(ENTRIES)
        self._batches: list[tuple[int, int, int, int]] = []  # first row, rows, lowest frame, highest frame
        self._sorted: NDArray[np.uint32] | None = None  # frames, flow after flow
        self._begins = self._ends = np.empty(0, np.int64)  # where in it the frames of each flow begin and end
        self._capture_starts: list[int] = []
        self._flows = self._serials = self._firsts = self._lasts = np.empty(0, np.int64)

    def begin_capture(self, frames_before: int) -> None:
        """The next capture begins; `frames_before` frames were in the earlier ones."""
        self._capture_starts.append(frames_before)

    def add(self, serials: NDArray[np.int64], frames: NDArray[np.int64]) -> None:
        """One entry per packet row: its flow's serial (-1: none) and its frame number in the current capture."""
        numbers = frames + self._capture_starts[-1]
        # As one number the frame stands in the lower half, the serial in the upper.
        entries = ((serials << 32) | numbers).astype("<i8", copy=False).view(ENTRIES)
        if serials.size and int(serials.min()) < 0:
            entries, numbers = entries[serials >= 0], numbers[serials >= 0]
        if entries.size:
            self._batches.append((self._spool.rows, entries.size, int(numbers.min()), int(numbers.max())))
            self._spool.append(entries)

    def name_flows(self, rows: NDArray[np.void]) -> None:
        """Tells which flow has which serial and where it lies; `rows` are all CLOSED rows, ascending by flow id."""
        starts = np.array(self._capture_starts, np.int64)
        self._flows, self._serials = rows["flow"].copy(), rows["serial"].copy()
        self._firsts = rows["first_frame"] + starts[rows["first_capture"]]
        self._lasts = rows["last_frame"] + starts[rows["last_capture"]]

    def frames(self, flows: Collection[int] | NDArray[np.int64]) -> list[tuple[int, Ranges]]:
        """(capture ordinal, [(first frame, last frame), …]) of all packets of the flows with these ids, ranges ascending and merged."""
        wanted = np.unique(flows if isinstance(flows, np.ndarray) else np.array(sorted(flows), np.int64))
        places = np.searchsorted(self._flows, wanted)
        places = places[places < self._flows.size]
        places = places[np.isin(self._flows[places], wanted)]
        if not places.size:
            return []
        if self._spool.rows <= MOST_SORTED_ENTRIES:
            numbers = self._sorted_frames(places)
        else:
            serials = self._serials[places].astype(np.uint32)
            entries = self._between(int(self._firsts[places].min()), int(self._lasts[places].max()))
            found = [piece["frame"][np.isin(piece["serial"], serials)] for piece in entries]
            numbers = np.concatenate(found) if found else np.empty(0, np.uint32)
        return self._by_capture(np.sort(numbers).astype(np.int64))

    def _sorted_frames(self, places: NDArray[np.intp]) -> NDArray[np.uint32]:
        """The frames of the flows at `places`, from entries that are sorted once."""
        if self._sorted is None or self._sorted.size != self._spool.rows:
            entries = self._spool.all().view("<u8")
            entries.sort()
            first = self._serials.astype(np.uint64) << np.uint64(32)
            self._begins, self._ends = np.searchsorted(entries, np.concatenate((first, first + np.uint64(1 << 32)))).reshape(2, -1)
            self._sorted = entries.astype(np.uint32)
        begins, counts = self._begins[places], (self._ends - self._begins)[places]
        before = np.cumsum(counts) - counts
        return np.asarray(self._sorted[np.repeat(begins - before, counts) + np.arange(counts.sum())])

    def first(self, flow: int, count: int) -> list[tuple[int, int]]:
        """(capture ordinal, frame) of the first `count` packets of the flow with this id, in order; fewer where it has fewer or is unknown."""
        place = int(np.searchsorted(self._flows, flow))
        if place >= self._flows.size or self._flows[place] != flow:
            return []
        numbers = np.empty(0, np.int64)
        for entries in self._between(int(self._firsts[place]), int(self._lasts[place])):
            own = entries["frame"][entries["serial"] == np.uint32(self._serials[place])]
            numbers = np.unique(np.concatenate((numbers, own.astype(np.int64))))
            if numbers.size >= count:
                break
        captures = np.searchsorted(self._capture_starts, numbers - 1, side="right") - 1
        pairs = zip(captures.tolist(), numbers.tolist(), strict=True)
        return [(capture, number - self._capture_starts[capture]) for capture, number in pairs][:count]

    def _between(self, first: int, last: int) -> Iterator[NDArray[np.void]]:
        """The batches that may hold entries of these frames."""
        for row, rows, lowest, highest in self._batches:
            if highest >= first and lowest <= last:
                yield self._spool.piece(row, rows)

    def _by_capture(self, numbers: NDArray[np.int64]) -> list[tuple[int, Ranges]]:
        """Ascending numbers over all captures as ranges within each."""
        behind = np.searchsorted(numbers, [*self._capture_starts[1:], np.iinfo(np.int64).max], side="right").tolist()
        parts = zip([0, *behind], behind, self._capture_starts, strict=False)
        return [(capture, merged(numbers[begin:end] - start)) for capture, (begin, end, start) in enumerate(parts) if end > begin]


def merged(numbers: NDArray[np.int64]) -> Ranges:
    """Ascending numbers as ranges: 1 2 3 7 gives (1, 3), (7, 7)."""
    if not numbers.size:
        return []
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts = numbers[np.concatenate(([0], breaks + 1))]
    lasts = numbers[np.concatenate((breaks, [numbers.size - 1]))]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
