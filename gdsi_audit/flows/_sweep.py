"""The sweep over all slots: flows that have to go are written and their slots freed."""

# ruff: noqa: SIM109 - in a kernel, `in` over a tuple costs more to compile than comparisons

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._hashes import BITS_48, EXPIRED_MASK, flow_hash, side_hash
from gdsi_audit.flows._reordering import ask_drain
from gdsi_audit.flows._rows import (
    CLOSED_COUNT,
    CLOSED_ROWS,
    EVICTED,
    EVICTED_FIRST,
    FREE,
    FREE_COUNT,
    FREE_FRESH,
    FREE_LAST,
    FULL,
    HIGH,
    LIVE,
    NOW,
    SWEEP_ALL,
    SWEEP_LAST,
    SWEEP_MODE,
    SWEEP_OLDEST,
    SWEEP_ONE,
    SWEEP_PKTS,
    SWEEP_SERIAL,
    SWEEP_SLOT,
    SWEEP_TIME,
)
from gdsi_audit.flows._sequence import NOTHING
from gdsi_audit.flows._states import DID_CLOSE
from gdsi_audit.flows._timeouts import is_expired
from gdsi_audit.kernels import kernel


@kernel
def sweep(flows: Any, endpoints: Any, heads: Any, expired: Any, segments: Any, closed: Any, closed_endpoints: Any, control: Any) -> Any:
    """Goes on with the sweep over all slots: writes the closed rows of flows that have to go and frees their slots.

    Returns early, with SWEEP_SLOT where to go on, when there is no room for more closed rows (FULL) or what waits in a stream has to be delivered.
    """
    slot, mode, now = control[SWEEP_SLOT], control[SWEEP_MODE], control[NOW]
    end = slot + 1 if mode == SWEEP_ONE else control[HIGH]
    while slot < end:
        flow, orig, resp = flows[slot], endpoints[2 * slot], endpoints[2 * slot + 1]
        leaves = mode == SWEEP_ALL or mode == SWEEP_ONE or is_expired(flow, orig, resp, now)
        evicted = False
        if not leaves and mode == SWEEP_OLDEST and flow.last <= control[SWEEP_LAST]:
            leaves = evicted = flow.last < control[SWEEP_LAST] or flow.serial <= control[SWEEP_SERIAL]
        if not flow.live or not leaves:
            slot += 1
            continue
        control[SWEEP_SLOT] = slot
        if control[CLOSED_COUNT] >= CLOSED_ROWS:
            control[FULL] = 1
            return
        if orig.waiting >= 0 or resp.waiting >= 0:
            for row in range(2 * slot, 2 * slot + 2):
                waiting = endpoints[row].waiting
                limit = NOTHING
                while waiting >= 0:
                    limit = segments[waiting].begin
                    waiting = segments[waiting].next
                if limit > 0:
                    ask_drain(control, row, limit)
            return
        count = control[CLOSED_COUNT]
        closed[count] = flows[slot]
        closed[count].next = slot
        closed_endpoints[2 * count] = endpoints[2 * slot]
        closed_endpoints[2 * count + 1] = endpoints[2 * slot + 1]
        control[CLOSED_COUNT] = count + 1
        orig_side = side_hash(flow.orig_hi, flow.orig_lo, flow.orig_port)
        key = flow_hash(orig_side, side_hash(flow.resp_hi, flow.resp_lo, flow.resp_port), flow.transport)
        past = expired[np.int64((key >> BITS_48) & EXPIRED_MASK)]
        past.tag = key
        past.last = flow.last
        past.flow = flow.flow
        past.orig_seq = orig.start_seq + (orig.last if orig.last > orig.ack else orig.ack)
        past.resp_seq = resp.start_seq + (resp.last if resp.last > resp.ack else resp.ack)
        past.orig_side = orig_side
        past.open = 0 if (orig.marks | resp.marks) & DID_CLOSE else 1
        bucket = np.int64(key & np.uint64(len(heads) - 1))
        here = np.int64(heads[bucket])
        if here == slot:
            heads[bucket] = flow.next
        else:
            while flows[here].next != slot:
                here = np.int64(flows[here].next)
            flows[here].next = flow.next
        flow.live = 0
        if control[FREE_COUNT] == 0:
            control[FREE] = slot
        else:
            flows[control[FREE_LAST]].next = slot
        control[FREE_LAST] = slot
        control[FREE_COUNT] += 1
        control[FREE_FRESH] += 1
        control[LIVE] -= 1
        if evicted:
            if control[EVICTED] == 0:
                control[EVICTED_FIRST] = flow.flow >> 4
            control[EVICTED] += 1
        slot += 1
    control[SWEEP_SLOT] = -1
    if mode != SWEEP_ONE:
        control[SWEEP_TIME] = now
        control[SWEEP_PKTS] = 0
