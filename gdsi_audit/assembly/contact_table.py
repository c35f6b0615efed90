"""CONTACTS of all devices: one row per endpoint, service and hour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.columns import Column, Columns
from gdsi_audit.tables.distinct import numbered, sums
from gdsi_audit.tables.words import Words
from gdsi_audit.traffic import CONTACTS

HOUR_NS = 3_600_000_000_000


def contact_table(flows: Columns, device: NDArray[np.int32]) -> tuple[Columns, NDArray[np.int32]]:
    """(the CONTACTS that the flows of all devices make, the device of each), ordered by device. `device`: of each flow."""
    hour = flows["start"] // HOUR_NS
    since = hour - (hour.min() if hour.size else 0)
    words = {name: (flows.codes(name), len(flows.words(name))) for name in ("remote_addr", "transport", "name")}
    ported = (flows["remote_port"].astype(np.int64), 1 << 16)
    keys = ((device, int(device.max(initial=0)) + 1), words["remote_addr"], ported, words["transport"], words["name"])
    rows, numbers = numbered(*keys, (since, int(since.max(initial=0)) + 1))
    moved = ("up_bytes", "down_bytes", "up_pkts", "down_pkts")
    first, last = np.full(rows.size, np.iinfo(np.int64).max), np.zeros(rows.size, np.int64)
    np.minimum.at(first, numbers, flows["start"])
    np.maximum.at(last, numbers, flows["start"] + (flows["duration_s"] * 1e9).astype(np.int64))
    found: dict[str, Column] = {name: Words(codes[rows], flows.words(name)) for name, (codes, _) in words.items()}
    found |= {"remote_port": flows["remote_port"][rows], "hour": hour[rows], "first": first, "last": last}
    found |= dict(zip(("flows", *moved), sums(numbers, rows.size, np.ones(len(flows)), *(flows[name] for name in moved)), strict=True))
    return Columns({name: found[name] for name in CONTACTS}), device[rows]
