"""Segments above a hole: they wait, bounded, until it is filled or given up."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._delivery import deliver, skip, widen_gap
from gdsi_audit.flows._rows import (
    CAPTURE,
    CHUNK_COUNT,
    CHUNK_ROWS,
    DRAIN_ORIG,
    DRAIN_RESP,
    EVERYTHING,
    REORDER_FIRST,
    REORDER_LIMIT,
    ROOM_AT,
    SEGMENT_BYTES,
    SEGMENT_FREE,
    SEGMENT_HIGH,
    SEGMENT_ROWS,
)
from gdsi_audit.flows._sequence import NOTHING
from gdsi_audit.flows._states import HAS_SYN
from gdsi_audit.kernels import part

MOST_SEGMENTS = 512


@part
def free_segment(endpoint: Any, segments: Any, control: Any) -> Any:
    """Takes the first waiting segment off its direction's list."""
    first = endpoint.waiting
    segment = segments[first]
    endpoint.waiting = segment.next
    endpoint.segments -= 1
    segment.next = control[SEGMENT_FREE]
    control[SEGMENT_FREE] = first


@part
def drain(flows: Any, endpoints: Any, segments: Any, cells: Any, chunks: Any, room: Any, control: Any) -> Any:
    """Delivers, in the directions that ask for it, what waits and is in order now, skipping holes up to the limit. False: no room left."""
    for pending in range(DRAIN_ORIG, DRAIN_RESP + 1, DRAIN_RESP - DRAIN_ORIG):
        row = control[pending]
        if row < 0:
            continue
        slot, side, limit = row >> 1, row & 1, control[pending + 1]
        flow, endpoint, peer = flows[slot], endpoints[row], endpoints[row ^ 1]
        while endpoint.waiting >= 0:
            segment = segments[endpoint.waiting]
            if segment.begin > endpoint.next:
                if segment.begin > limit:
                    break
                skip(flow, endpoint, peer, side, segment.begin)
            if segment.captured >= 0 and endpoint.wanted > 0:
                if control[CHUNK_COUNT] >= CHUNK_ROWS or control[ROOM_AT] + SEGMENT_BYTES > len(room):
                    return False
                held, capture, cell = np.int64(segment.captured), np.int64(segment.capture), np.int64(endpoint.waiting) * SEGMENT_BYTES
                length, time, frame = segment.length, segment.time, segment.frame
                deliver(flow, endpoint, slot, side, cells, cell, held, length, chunks, room, control, time, frame, capture)
            else:
                endpoint.next += segment.length
                if endpoint.wanted > 0:
                    widen_gap(endpoint, segment.length)
            free_segment(endpoint, segments, control)
        if limit > endpoint.next:
            if endpoint.waiting >= 0 and segments[endpoint.waiting].begin < limit:
                limit = segments[endpoint.waiting].begin
            skip(flow, endpoint, peer, side, limit)
        control[pending] = -1
    return True


@part
def park(
    endpoint: Any, begin: Any, end: Any, data: Any, offset: Any, captured: Any, segments: Any, cells: Any, control: Any, time: Any, frame: Any
) -> Any:
    """Lets a segment above a hole wait; where it overlaps with what waits already, the first copy stays. False: no room for all of it.

    `captured` -1: only its place is kept.
    """
    before, row = np.int64(-1), np.int64(endpoint.waiting)
    while begin < end:
        stop = end
        if row >= 0:
            here = segments[row]
            past = here.begin + here.length
            if past <= begin:
                before, row = row, np.int64(here.next)
                continue
            if here.begin <= begin:
                step = (past if past < end else end) - begin
                begin += step
                offset += step
                if captured >= 0:
                    captured = captured - step if captured > step else NOTHING
                continue
            stop = end if end < here.begin else here.begin
        if captured < 0 and before >= 0 and segments[before].captured < 0 and segments[before].begin + segments[before].length == begin:
            segments[before].length += stop - begin
            begin = stop
            continue
        fresh = control[SEGMENT_FREE]
        if endpoint.segments >= MOST_SEGMENTS or (fresh < 0 and control[SEGMENT_HIGH] >= SEGMENT_ROWS):
            return False
        if fresh >= 0:
            control[SEGMENT_FREE] = segments[fresh].next
        else:
            fresh = control[SEGMENT_HIGH]
            control[SEGMENT_HIGH] += 1
        segment = segments[fresh]
        segment.begin = begin
        segment.captured = -1
        segment.time = time
        segment.frame = frame
        segment.capture = control[CAPTURE]
        if captured >= 0:
            if stop - begin > SEGMENT_BYTES:
                stop = begin + SEGMENT_BYTES
            held = captured if captured < stop - begin else stop - begin
            for i in range(held):
                cells[fresh * SEGMENT_BYTES + i] = data[offset + i]
            segment.captured = held
            captured -= held
        segment.length = stop - begin
        if before < 0:
            segment.next = endpoint.waiting
            endpoint.waiting = fresh
        else:
            segment.next = segments[before].next
            segments[before].next = fresh
        endpoint.segments += 1
        before = fresh
        offset += stop - begin
        begin = stop
    return True


@part
def ask_drain(control: Any, row: Any, limit: Any) -> Any:
    """Before the next packet: `drain` of this direction."""
    pending = DRAIN_RESP if row & 1 else DRAIN_ORIG
    if control[pending] != row or limit > control[pending + 1]:
        control[pending + 1] = limit
    control[pending] = row


@part
def take_segment(
    flow: Any, endpoint: Any, row: Any, begin: Any, packet: Any, data: Any, chunks: Any, room: Any, control: Any, segments: Any, cells: Any,
    ordinal: Any,
) -> Any:  # fmt: skip
    """A segment with payload, from stream position `begin` (the first payload byte is 1); `row`: its endpoint's."""
    length, captured, offset = np.int64(packet.payload_wire_bytes), np.int64(packet.payload_bytes), packet.payload_offset
    end = begin + length
    if end <= endpoint.next:
        return
    if begin == 2 and endpoint.next <= 1 and not endpoint.marks & HAS_SYN:
        endpoint.next = begin
    if begin <= endpoint.next:
        old = endpoint.next - begin
        offset += old
        captured = captured - old if captured > old else NOTHING
        stop = end
        if endpoint.waiting >= 0 and segments[endpoint.waiting].begin < end:
            stop = segments[endpoint.waiting].begin
        length = stop - endpoint.next
        held = captured if captured < length else length
        time, frame = packet.time, packet.frame
        deliver(flow, endpoint, row >> 1, row & 1, data, offset, held, length, chunks, room, control, time, frame, control[CAPTURE])
        if endpoint.waiting < 0:
            return
        ask_drain(control, row, NOTHING)
        # What follows the bytes that wait already is sorted in behind them.
        begin = stop
        offset += length
        captured = captured - length if captured > length else NOTHING
    wanted = np.int64(endpoint.wanted)
    if wanted != EVERYTHING and begin >= endpoint.next + wanted:
        captured = np.int64(-1)
    if begin < end and not park(endpoint, begin, end, data, offset, captured, segments, cells, control, packet.time, packet.frame):
        # The hole has waited for too long: what is behind it goes on now.
        if control[REORDER_LIMIT] == 0:
            control[REORDER_FIRST] = ordinal
        control[REORDER_LIMIT] += 1
        ask_drain(control, row, segments[endpoint.waiting].begin if endpoint.waiting >= 0 else end)
