"""One flow table over consecutive captures: packets go in, closed flows and wanted payload come out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdsi_audit.flows import CHUNKS, _assemble, _states, _sweep, _timeouts, _transports
from gdsi_audit.flows import _rows as rows
from gdsi_audit.flows._closing import closed_rows
from gdsi_audit.gap import Gap
from gdsi_audit.kernels import bound
from gdsi_audit.packets import PACKETS
from gdsi_audit.readers import Frames

EVERYTHING = rows.EVERYTHING
"""For `FlowTable.want`: no end."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What packets led to, since the batch before. Everything is valid until the next batch is asked for."""

    data: NDArray[np.uint8]
    """What the chunks' offsets point into: a room of the table's own."""
    closed: NDArray[np.void]
    """CLOSED."""
    slots: NDArray[np.int32]
    """Slot that each of these flows had."""
    chunks: NDArray[np.void]
    """CHUNKS. No two flows of a batch share a slot."""


class FlowTable:
    """Both directions of every five-tuple between time-outs, with Zeek's meaning of originator, states, history and bytes."""

    def __init__(self, *, most_live_flows: int = 200_000, streams: bool = True) -> None:
        """`most_live_flows`: beyond it the least recently active flows are closed early and counted. `streams` False: no chunks."""
        if most_live_flows < 1:
            raise ValueError(f"most_live_flows is {most_live_flows}; at least 1 is needed")
        self._flows = np.zeros(most_live_flows, rows.FLOWS)
        self._endpoints = np.zeros(2 * most_live_flows, rows.ENDPOINTS)
        self._closed = np.zeros(rows.CLOSED_ROWS, rows.FLOWS)
        self._closed_endpoints = np.zeros(2 * rows.CLOSED_ROWS, rows.ENDPOINTS)
        self._chunks = np.zeros(rows.CHUNK_ROWS, CHUNKS)
        self._room = np.zeros(rows.ROOM_BYTES, np.uint8)
        self._control = np.zeros(rows.CONTROLS, np.int64)
        for nothing in (rows.SWEEP_SLOT, rows.DRAIN_ORIG, rows.DRAIN_RESP, rows.SEGMENT_FREE):
            self._control[nothing] = -1
        self._control[rows.NOW] = np.iinfo(np.int64).min
        self._control[rows.STREAMS] = int(streams)
        constants = (rows.port_bits(), *rows.fresh_rows(streams=streams))
        heads = np.full(1 << max((most_live_flows - 1).bit_length(), 4), -1, np.int32)
        table = (self._flows, self._endpoints, heads, np.zeros(rows.EXPIRED_ROWS, rows.EXPIRED))
        segments, cells = np.zeros(rows.SEGMENT_ROWS, rows.SEGMENTS), np.zeros(rows.SEGMENT_ROWS * rows.SEGMENT_BYTES, np.uint8)
        copies, out = np.zeros(rows.COPY_ROWS, rows.COPIES), (np.zeros(rows.AHEAD_ROWS, rows.AHEAD), self._chunks, self._room, self._control)
        self._assemble = bound(_assemble.assemble, *constants, copies, *table, segments, cells, *out)
        self._sweep = bound(_sweep.sweep, *table, segments, self._closed, self._closed_endpoints, self._control)
        self._captures: list[int] = []
        self._frames_before: list[int] = []
        self._last_frame = 0
        self.entries = np.zeros(0, np.int64)
        """Of each packet row that the last `assemble` was given, once that has ended: its flow's serial * 2^32 + its frame over all captures."""

    @property
    def live(self) -> int:
        """Flows in the table now."""
        return int(self._control[rows.LIVE])

    def begin_capture(self, capture: int, frames_before: int) -> None:
        """Says where a capture's frames stand among all. Without it a capture follows the last frame seen of the one before."""
        self._captures.append(capture)
        self._frames_before.append(frames_before)
        self._last_frame = 0

    def assemble(self, frames: Frames, packets: NDArray[np.void]) -> Iterator[Batch]:
        """Takes decoded packets, in order, and yields a batch whenever a room is full; what it holds may be of earlier packets too."""
        self._arrive(frames, packets)
        self.entries = np.empty(len(packets), np.int64)
        yield from self._go_on(frames.data, packets, self.entries)

    def flush(self) -> Batch:
        """What has gathered so far."""
        return self._batch()

    def finish(self) -> Iterator[Batch]:
        """Closes everything that is still live, in bounded batches."""
        self._control[rows.SWEEP_SLOT] = 0
        self._control[rows.SWEEP_MODE] = rows.SWEEP_ALL
        yield from self._go_on(np.zeros(1, np.uint8), np.zeros(0, PACKETS), np.zeros(0, np.int64))
        yield self._batch()

    def _go_on(self, data: NDArray[np.uint8], packets: NDArray[np.void], entries: NDArray[np.int64]) -> Iterator[Batch]:
        flow_ids = np.empty(len(packets), np.int64)
        row = self._advance(data, packets, 0, entries, flow_ids)
        while self._control[rows.FULL]:
            yield self._batch()
            row = self._advance(data, packets, row, entries, flow_ids)

    def want(self, slot: ArrayLike, serial: ArrayLike, direction: ArrayLike, amount: ArrayLike) -> None:
        """Sets how much the consumer still wants: bytes of a TCP direction, or datagrams of a flow (both directions together).

        0: satisfied; `EVERYTHING` or more: no end. Arrays set many at once. A slot whose flow is gone since is left alone.
        """
        slots, serials, directions, amounts = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(x, np.int64)) for x in (slot, serial, direction, amount))
        )
        same = (self._flows["serial"][slots] == serials) & (self._flows["live"][slots] == 1)
        slots, directions, amounts = slots[same], directions[same], np.clip(amounts[same], 0, rows.EVERYTHING)
        is_tcp = self._flows["transport"][slots] == _transports.TCP
        sides = 2 * slots[is_tcp] + directions[is_tcp]
        self._endpoints["wanted"][sides] = amounts[is_tcp]
        self._endpoints["marks"][sides] |= _states.ASKED
        self._flows["datagrams"][slots[~is_tcp]] = amounts[~is_tcp]

    def gaps(self) -> list[Gap]:
        """Bounds that bit, counted."""
        notes = {
            "limit:live_flows": (rows.EVICTED, "flows closed early to make room"),
            "limit:reordered_segments": (rows.REORDER_LIMIT, "holes in TCP streams given up because too much waited behind them"),
        }
        found = ((kind, int(self._control[at]), int(self._control[at + 1]), note) for kind, (at, note) in notes.items())
        return [Gap("flows", kind, count, "", self._place(np.array([first]))[1][0], note) for kind, count, first, note in found if count]

    def _arrive(self, frames: Frames, packets: NDArray[np.void]) -> None:
        """Keeps track of where the capture's frames stand among all, and for how long there has been observation."""
        if not self._captures:
            self.begin_capture(frames.capture, 0)
        elif frames.capture != self._captures[-1]:
            self.begin_capture(frames.capture, self._frames_before[-1] + self._last_frame)
        if self._last_frame == 0 and len(packets):
            first = int(packets["time"][0])
            if first - int(self._control[rows.NOW]) > _timeouts.OBSERVATION_BREAK:
                self._control[rows.OBSERVED_SINCE] = first
        self._control[rows.CAPTURE] = frames.capture
        if len(frames.records):
            self._last_frame = max(self._last_frame, int(frames.records["frame"][-1]))
        if len(packets):
            self._last_frame = max(self._last_frame, int(packets["frame"][-1]))

    def _advance(self, data: NDArray[np.uint8], packets: NDArray[np.void], row: int, entries: NDArray[np.int64], flow_ids: NDArray[np.int64]) -> int:
        """Takes packets and sweeps, in turns, until all is done or room ran out (FULL); returns the first packet not taken."""
        control, before = self._control, self._frames_before[-1] if self._frames_before else 0
        while True:
            row = self._assemble(data, packets, row, before, entries, flow_ids)
            if control[rows.SWEEP_SLOT] < 0 or control[rows.FULL]:
                return row
            if control[rows.SWEEP_MODE] == rows.SWEEP_OLDEST and control[rows.SWEEP_SLOT] == 0:
                self._plan_eviction()
            self._sweep()
            if control[rows.FULL]:
                return row

    def _plan_eviction(self) -> None:
        """Chooses the least recently active flows, of one instant the older ones, so that a sixteenth of the full table becomes free."""
        last, serial = self._flows["last"], self._flows["serial"]
        leaving = max(len(last) // 16, 1)
        latest = np.partition(last, leaving - 1)[leaving - 1]
        ties = serial[last == latest]
        rest = leaving - int(np.count_nonzero(last < latest)) - 1
        self._control[rows.SWEEP_LAST] = latest
        self._control[rows.SWEEP_SERIAL] = np.partition(ties, rest)[rest]

    def _batch(self) -> Batch:
        """What has gathered in the rooms, which are filled from the front again."""
        control = self._control
        closed, chunks = int(control[rows.CLOSED_COUNT]), int(control[rows.CHUNK_COUNT])
        control[rows.CLOSED_COUNT] = control[rows.CHUNK_COUNT] = control[rows.ROOM_AT] = control[rows.FREE_FRESH] = control[rows.FULL] = 0
        rows_closed = self._placed(closed_rows(self._closed[:closed], self._closed_endpoints[: 2 * closed]))
        return Batch(self._room, rows_closed, self._closed["next"][:closed], self._chunks[:chunks])

    def _placed(self, closed: NDArray[np.void]) -> NDArray[np.void]:
        """`closed` with captures and frame numbers where ordinals over all captures were."""
        for side in ("first", "last"):
            closed[f"{side}_capture"], closed[f"{side}_frame"] = self._place(closed[f"{side}_frame"])
        return closed

    def _place(self, ordinals: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Captures and frame numbers of ordinals over all captures."""
        before = np.array(self._frames_before or [0], np.int64)
        at = np.maximum(np.searchsorted(before, ordinals - 1, side="right") - 1, 0)
        return np.array(self._captures or [0], np.int64)[at], ordinals - before[at]
