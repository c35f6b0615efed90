"""Slots for new flows: never used ones, or those that are free for longest."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._rows import FREE, FREE_COUNT, FREE_FRESH, FULL, HIGH, LIVE, RESTING_SLOTS, SWEEP_MODE, SWEEP_OLDEST, SWEEP_SLOT
from gdsi_audit.kernels import part

NO_SLOT = np.int64(-1)


@part
def take_slot(flows: Any, endpoints: Any, fresh_flow: Any, fresh_endpoint: Any, control: Any) -> Any:
    """A slot for a new flow, fresh. NO_SLOT: a sweep has to make one free first (SWEEP_SLOT), or those that are free are of this batch (FULL)."""
    if control[FREE_COUNT] <= RESTING_SLOTS and control[HIGH] < len(flows):
        slot = control[HIGH]
        control[HIGH] += 1
    elif control[FREE_COUNT] == 0:
        control[SWEEP_SLOT] = 0
        control[SWEEP_MODE] = SWEEP_OLDEST
        return NO_SLOT
    elif control[FREE_FRESH] == control[FREE_COUNT]:
        control[FULL] = 1
        return NO_SLOT
    else:
        slot = control[FREE]
        control[FREE] = flows[slot].next
        control[FREE_COUNT] -= 1
    control[LIVE] += 1
    flows[slot] = fresh_flow[0]
    endpoints[2 * slot] = fresh_endpoint[0]
    endpoints[2 * slot + 1] = fresh_endpoint[0]
    return slot
