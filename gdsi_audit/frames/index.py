"""Which frames belong to which flow, exactly: what evidence is made of.

A row per packet of a flow is kept on disk while the captures are read, so that frames can be cited even when the input was a pipe.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.frames.order import ENTRIES, FrameOrder
from gdsi_audit.frames.ranges import Ranges, merged
from gdsi_audit.tables.spool import Spool
from gdsi_audit.tables.stored_table import Table


class FrameIndex:
    """Frames by flow. Serials are the flow table's, frames are numbered through over all captures in the order of reading."""

    def __init__(self) -> None:
        self._spool = Spool(ENTRIES)
        self._batches: list[tuple[int, int, int, int]] = []  # first row, rows, lowest frame, highest frame
        self._order: FrameOrder | None = None  # made for the first who asks
        self._capture_starts: list[int] = []
        self._flows = np.empty(0, np.int64)
        self._serials = self._firsts = self._lasts = np.empty(0, np.uint32)

    def begin_capture(self, frames_before: int) -> None:
        """The next capture begins; `frames_before` frames were in the earlier ones."""
        self._capture_starts.append(frames_before)

    def add(self, entries: NDArray[np.int64]) -> None:
        """One entry per packet row, in the order of frames: its flow's serial * 2^32 + its frame over all captures."""
        if entries.size:
            self._batches.append((self._spool.rows, entries.size, int(entries[0]) & 0xFFFFFFFF, int(entries[-1]) & 0xFFFFFFFF))
            self._spool.append(entries.astype("<i8", copy=False).view(ENTRIES))

    def name_flows(self, rows: Table) -> None:
        """Tells which flow has which serial and where it lies; `rows` are all CLOSED rows, ascending by flow id."""
        starts = np.array(self._capture_starts, np.int64)
        self._flows, self._serials = rows["flow"].copy(), rows["serial"].astype(np.uint32)
        self._firsts = (rows["first_frame"] + starts[rows["first_capture"]]).astype(np.uint32)
        self._lasts = (rows["last_frame"] + starts[rows["last_capture"]]).astype(np.uint32)

    def frames(self, flows: Collection[int] | NDArray[np.int64]) -> list[tuple[int, Ranges]]:
        """(capture ordinal, [(first frame, last frame), …]) of all packets of the flows with these ids, ranges ascending and merged."""
        wanted = np.asarray(flows if isinstance(flows, np.ndarray) else list(flows), np.int64)
        if not self._flows.size:
            return []
        places = np.minimum(np.searchsorted(self._flows, wanted), self._flows.size - 1)
        places = places[self._flows[places] == wanted]
        if not places.size:
            return []
        if self._order is None or self._order.rows != self._spool.rows:
            self._order = FrameOrder(self._spool, self._serials)
        return self._by_capture(np.sort(self._order.frames(places)).astype(np.int64))

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

    def flows(self, frames: Sequence[tuple[int, Sequence[tuple[int, int]]]]) -> NDArray[np.int64]:
        """Ids of the flows that have a packet among these frames, ascending: the way back from `frames`."""
        found = [np.empty(0, np.int64)]
        for capture, ranges in frames:
            bounds = np.array(ranges, np.int64).reshape(-1, 2) + self._capture_starts[capture]
            for entries in self._between(int(bounds[0, 0]), int(bounds[-1, 1])):
                place = np.searchsorted(bounds[:, 0], entries["frame"], side="right") - 1
                inside = (place >= 0) & (entries["frame"] <= bounds[np.maximum(place, 0), 1])
                found.append(np.unique(entries["serial"][inside]).astype(np.int64))
        return np.asarray(self._flows[np.isin(self._serials, np.concatenate(found))], np.int64)

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
