"""Whether a name could have been observed: only of such flows may it be said that they have none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.assembly.perspective import Sides, has_met
from gdsi_audit.hosts.devices import Hosts
from gdsi_audit.tables.stored_table import Table

DNS_PORT = 53
USED_WITHIN_NS = 5_000_000_000
"""How long after a look-up of which the capture lost a half its name may stand behind a flow."""
NEVER = int(np.iinfo(np.int64).max)


def nameable(rows: Table, seen: Sides, queries: Table, hosts: Hosts, started: NDArray[np.int64], dns_kept_until: int = NEVER) -> NDArray[np.bool_]:
    """Per row of `seen`: the device had been seen to use DNS by then, and the beginning was captured, or had to be.

    `queries`: resolutions.QUERIES; `started`: as `starts` gives it. What a device does after its own start began after it, so that a missing
    handshake hides no older look-up. `dns_kept_until`: from then on look-ups may be missing in `queries`.
    """
    start, first_event = rows["start"][seen.row], rows["history"].astype("S1")[seen.row]
    begun = (rows["transport"][seen.row] != 6) | (first_event == b"S") | (first_event == b"s")
    since_start = (start >= started[seen.device, rows["first_capture"][seen.row]]) & (rows["continues"][seen.row] < 0)
    client = hosts.device_of(np.zeros(queries.size, np.uint64), queries["client_hi"], queries["client_lo"])
    after_dns = (start >= _first(queries, client, max(1, len(hosts.devices)))[seen.device]) & (start < dns_kept_until)
    return np.asarray((begun | since_start) & after_dns & _shown(rows, seen) & ~_lost(rows, seen, queries, client, start), np.bool_)


def hello_lost(rows: Table, facts: Table) -> NDArray[np.bool_]:
    """Flows whose server's handshake was captured, and of whose client's the capture misses bytes: these may have held a name."""
    answered = (facts["ja3s"] > 0) & (facts["handshake_bytes"] == 0)
    return np.asarray(answered & (rows["orig_missed_bytes"] > 0))


def _first(queries: Table, client: NDArray[np.int32], devices: int) -> NDArray[np.int64]:
    """When each device was first seen to use DNS."""
    first = np.full(devices, NEVER, np.int64)
    np.minimum.at(first, client[client >= 0], queries["time"][client >= 0])
    return first


def _shown(rows: Table, seen: Sides) -> NDArray[np.bool_]:
    """Whether the capture holds what would show a name.

    A flow that the snapshot length cut may carry a name behind the cut, and so may every flow of a device whose look-ups are cut. Where a capture
    holds nothing that was sent to a device, no answer to its look-ups could be seen.
    """
    short = has_met(rows, "cut_by_snaplen")
    look_up = (rows["orig_port"] == DNS_PORT) | (rows["resp_port"] == DNS_PORT)
    devices = int(seen.device.max(initial=0)) + 1
    cut = np.bincount(seen.device, (short & look_up)[seen.row], devices) > 0
    heard = np.bincount(seen.device, seen.remote(rows, "pkts") > 0, devices) > 0
    return np.asarray(~short[seen.row] & ~cut[seen.device] & heard[seen.device])


def _lost(rows: Table, seen: Sides, queries: Table, client: NDArray[np.int32], start: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Flows that began soon after a look-up of which the capture has one half, on a device of whose streams it misses bytes: it lost the other."""
    missed = (rows["orig_missed_bytes"] + rows["resp_missed_bytes"])[seen.row]
    lossy = np.unique(seen.device[missed > 0])
    doubted = np.zeros(seen.row.size, np.bool_)
    if not lossy.size:
        return doubted
    halves = _halves(queries)
    for device in lossy.tolist():
        times = np.sort(queries["time"][halves & (client == device)])
        own = np.flatnonzero(seen.device == device)
        before = np.searchsorted(times, start[own], "right") - 1
        doubted[own] = (before >= 0) & (start[own] - times[before] <= USED_WITHIN_NS) if times.size else False
    return doubted


def _halves(queries: Table) -> NDArray[np.bool_]:
    """Questions without any answer, and answers without a question."""
    keys = np.stack([queries[name].astype(np.int64) for name in ("flow", "query", "qtype")], axis=1)
    _, look_up = np.unique(keys, axis=0, return_inverse=True)
    is_answer = queries["response"] == 1
    answered = np.bincount(look_up.ravel(), is_answer, keys.shape[0]) > 0
    return np.asarray(np.where(is_answer, queries["solicited"] == 0, ~answered[look_up.ravel()]))
