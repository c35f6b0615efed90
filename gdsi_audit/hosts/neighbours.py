"""What the hosts of the local network send beyond it: the one thing that a device's own flows do not show of what it gave them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.hosts.address_reach import GLOBAL, LINK_LOCAL, PRIVATE, U64, on_link, reaches
from gdsi_audit.packets.address import text
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.stored_table import Table, picked
from gdsi_audit.tables.words import words_of

LEAST_BYTES = 10_000
"""Payload of a flow that counts as an upload."""
FIELDS = ("flow", "start", "end", *(f"{side}_{part}" for side in ("orig", "resp") for part in ("hi", "lo", "mac", "bytes", "first_ttl")))
MOST_ROWS = 20_000
"""The largest uploads are kept."""


def uploads(rows: Table, routers: frozenset[int] = frozenset()) -> Columns:
    """traffic.NEIGHBOURS of CLOSED rows: flows in which a host of the link sent a global address LEAST_BYTES or more."""
    pieces = [_sent(rows, "orig", "resp", routers), _sent(rows, "resp", "orig", routers)]
    columns = [np.concatenate([piece[place] for piece in pieces]) for place in range(8)]
    largest = np.sort(np.argsort(-columns[7], kind="stable")[:MOST_ROWS])
    hi, lo, mac, remote_hi, remote_lo, flow, times, sent = (column[largest] for column in columns)
    return Columns(
        {
            "addr": words_of([text(*pair) for pair in zip(hi.tolist(), lo.tolist(), strict=True)]),
            "mac": mac,
            "remote_addr": words_of([text(*pair) for pair in zip(remote_hi.tolist(), remote_lo.tolist(), strict=True)]),
            "flow": flow,
            "start": times[:, 0],
            "end": times[:, 1],
            "up_bytes": sent,
        }
    )


def _sent(rows: Table, sender: str, receiver: str, routers: frozenset[int]) -> tuple[NDArray[np.generic], ...]:
    """Sender and its MAC, receiver, flow, times and bytes of what went up from one side."""
    large = picked(rows, FIELDS, np.flatnonzero((rows[f"{sender}_bytes"] >= LEAST_BYTES) & (rows["depth"] == 0)))
    kind, beyond = (reaches(large[f"{side}_hi"], large[f"{side}_lo"]) for side in (sender, receiver))
    mac, other = large[f"{sender}_mac"], large[f"{receiver}_mac"]
    own = (kind == PRIVATE) | (kind == LINK_LOCAL) | ((kind == GLOBAL) & (mac != U64(0)) & ~np.isin(mac, np.array(sorted(routers), np.uint64)))
    away = (beyond == GLOBAL) & ~on_link(large[f"{sender}_hi"], large, receiver, routers)
    chosen = large[own & away & ((mac != other) | (mac == U64(0)))]
    times = np.stack([chosen["start"], chosen["end"]], axis=1)
    ends = tuple(chosen[f"{side}_{part}"] for side, part in ((sender, "hi"), (sender, "lo"), (sender, "mac"), (receiver, "hi"), (receiver, "lo")))
    return (*ends, chosen["flow"], times, chosen[f"{sender}_bytes"])
