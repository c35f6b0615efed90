"""Which name a flow goes by: its own strongest, else what the device was answered for that address.

A name learned from another flow or by another device never names this one. An expired time to live lowers the source to `dns-expired`; an answer that
came only after the flow began is `dns-later`. Several unexpired names for one address, and nothing in the flow to decide, make the flow ambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.tables.distinct import distinct_rows, rows_of
from gdsi_audit.tables.stored_table import Table

DNS, DNS_EXPIRED, DNS_LATER, CERTIFICATE = (NAME_SOURCES.index(word) for word in ("dns", "dns-expired", "dns-later", "certificate"))
OF_RESPONDER = tuple(map(NAME_SOURCES.index, ("http-authority", "http-host", "connect", "socks", "tls-sni", "quic-sni", "certificate")))
"""Sources that name whoever was called: where others call the device, that is the device itself, and not the other side."""
GRACE_S = 60
"""How long past its time to live a name still counts: devices keep answers a little longer than they should (RFC 8767 allows days)."""

LEASES = np.dtype(
    [
        ("device", "i4"),  # index in Hosts.devices
        ("hi", "u8"),  # address that the answer gave
        ("lo", "u8"),
        ("time", "i8"),
        ("ttl_s", "i8"),
        ("name", "i4"),  # row in Texts
        ("frame", "i8"),
    ],
    align=True,
)
"""One row per address that a device was answered, solicited answers only."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One row per flow."""

    name: NDArray[np.int32]
    """Row in Texts, 0: none."""
    source: NDArray[np.int16]
    """Row in NAME_SOURCES, -1: none."""
    frame: NDArray[np.int64]
    ambiguous: NDArray[np.bool_]

    def where(self, wanted: NDArray[np.bool_], other: Chosen) -> Chosen:
        """These names where `wanted`, else those of `other`."""
        return Chosen(*(np.where(wanted, getattr(self, part), getattr(other, part)) for part in ("name", "source", "frame", "ambiguous")))


def inherit(chosen: Chosen, beginning: NDArray[np.intp]) -> None:
    """What continues a connection goes by the name of its beginning, unless it has a stronger one. `beginning`: see `connections.beginnings`."""
    source = chosen.source[beginning]
    better = np.flatnonzero((source >= 0) & ((chosen.source < 0) | (source < chosen.source)))
    for part in ("name", "source", "frame", "ambiguous"):
        getattr(chosen, part)[better] = getattr(chosen, part)[beginning[better]]


def own_names(names: Table, serials: NDArray[np.int64]) -> Chosen:
    """The strongest name that each flow's own messages give; of equals the earliest. `names` are facts.NAMES rows."""
    chosen = Chosen(
        np.zeros(serials.size, np.int32), np.full(serials.size, -1, np.int16), np.zeros(serials.size, np.int64), np.zeros(serials.size, np.bool_)
    )
    if not names.size:
        return chosen
    order = np.lexsort((names["frame"], names["source"], names["serial"]))
    named, firsts = np.unique(names["serial"][order], return_index=True)
    places = np.minimum(np.searchsorted(named, serials), named.size - 1)
    hit = named[places] == serials
    best = order[firsts[places[hit]]]
    chosen.name[hit], chosen.source[hit], chosen.frame[hit] = (names[field][best] for field in ("name", "source", "frame"))
    return chosen


def add_answers(
    chosen: Chosen, device: NDArray[np.int32], hi: NDArray[np.uint64], lo: NDArray[np.uint64], start: NDArray[np.int64], leases: NDArray[np.void]
) -> None:
    """Names the flows that have no stronger name of their own by the answers that their device got for the remote address, as of the flow's start."""
    open_rows = np.flatnonzero((chosen.source < 0) | (chosen.source > DNS))
    if not leases.size or not open_rows.size:
        return
    leases = leases[np.lexsort((leases["time"], leases["lo"], leases["hi"], leases["device"]))]
    firsts, answer_key = distinct_rows(leases["device"], leases["hi"], leases["lo"])
    distinct = [leases[field][firsts] for field in ("device", "hi", "lo")]
    key = rows_of(distinct, [device[open_rows], hi[open_rows], lo[open_rows]])
    asked = key >= 0
    open_rows, key = open_rows[asked], key[asked]
    # Times become ranks so that (key, time) fits one ordered integer.
    times = np.unique(leases["time"])
    width = times.size + 1
    answer_order = answer_key * width + np.searchsorted(times, leases["time"], side="right")
    flow_order = key * width + np.searchsorted(times, start[open_rows], side="right")
    place = np.searchsorted(answer_order, flow_order, side="right") - 1
    first_of_key = np.searchsorted(answer_key, key)
    before = place >= first_of_key
    _take(chosen, open_rows, leases, np.where(before, place, first_of_key), before, start)
    _mark_ambiguous(chosen, open_rows[before], leases, first_of_key[before], place[before], start)


def _take(
    chosen: Chosen, rows: NDArray[np.int64], leases: NDArray[np.void], place: NDArray[np.int64], before: NDArray[np.bool_], start: NDArray[np.int64]
) -> None:
    taken = leases[place]
    expires = taken["time"] + (taken["ttl_s"] + GRACE_S) * 1_000_000_000
    source = np.where(before, np.where(expires >= start[rows], DNS, DNS_EXPIRED), DNS_LATER).astype(np.int16)
    better = (chosen.source[rows] < 0) | (source < chosen.source[rows])
    chosen.name[rows[better]] = taken["name"][better]
    chosen.source[rows[better]] = source[better]
    chosen.frame[rows[better]] = taken["frame"][better]


def _mark_ambiguous(
    chosen: Chosen, rows: NDArray[np.int64], leases: NDArray[np.void], first: NDArray[np.int64], last: NDArray[np.int64], start: NDArray[np.int64]
) -> None:
    several = np.flatnonzero(last > first)
    for row, begin, end in zip(rows[several].tolist(), first[several].tolist(), last[several].tolist(), strict=True):
        if chosen.source[row] != DNS:
            continue
        known = leases[begin : end + 1]
        valid = known["time"] + (known["ttl_s"] + GRACE_S) * 1_000_000_000 >= start[row]
        chosen.ambiguous[row] = np.unique(known["name"][valid]).size > 1
