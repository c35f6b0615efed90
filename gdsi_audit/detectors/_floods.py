"""More than anybody asked for, in a short time: packets and connections to one host that bring nothing back, counted by the column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._from_flows import ends
from gdsi_audit.detectors._probes import fruitless, requests
from gdsi_audit.tables.columns import Columns


class Flood(NamedTuple):
    """What went to one host."""

    address: str
    what: str
    """`connection attempts`, `datagrams` …"""
    amount: int
    per_second: float
    rows: NDArray[np.intp]
    """Positions of its flows."""


def floods(flows: Columns, among: NDArray[np.bool_], *, fewest_pkts: int, fewest_sessions: int, least_per_s: float) -> Iterator[Flood]:
    """Hosts that got `fewest_pkts` without answer, or `fewest_sessions` connections, at `least_per_s` or faster."""
    one_sided = not (flows["down_pkts"] > 0).any()  # answers may not have been captured: their absence means nothing where no SYN shows it
    pkts, idle = flows["up_pkts"], fruitless(flows)
    tcp, udp = flows.is_any("transport", ("tcp",)), flows.is_any("transport", ("udp",))
    attempts = among & tcp & idle & _shows_silence(flows, one_sided)
    yield from _counted(flows, attempts, pkts, "connection attempts", fewest_pkts, least_per_s)
    sessions = among & tcp & ~idle
    yield from _counted(flows, sessions, np.ones(len(flows), np.int64), "connections", fewest_sessions, least_per_s)
    if not one_sided:
        yield from _counted(flows, among & udp & idle, pkts, "datagrams without answer", 3 * fewest_pkts, 5 * least_per_s)
        unanswered = requests(flows) & (flows["down_pkts"] * 2 < pkts)
        yield from _counted(flows, among & unanswered, pkts, "echo requests without answer", 2 * fewest_pkts, least_per_s)


def _shows_silence(flows: Columns, one_sided: bool) -> NDArray[np.bool_]:
    """A SYN whose sender never went on tells that nothing came back, whichever directions were captured."""
    if one_sided:
        history = np.asarray(flows["history"], "U24")
        return np.asarray(np.char.startswith(history, "S") & (np.char.find(history, "A") < 0) & (flows["up_bytes"] == 0), np.bool_)
    return np.ones(len(flows), np.bool_)


def _counted(flows: Columns, among: NDArray[np.bool_], amounts: NDArray[np.int64], what: str, fewest: int, least_per_s: float) -> Iterator[Flood]:
    places = np.flatnonzero(among)
    if not places.size or int(amounts[places].sum()) < fewest:
        return
    part, counted = flows.take(places), amounts[places]
    remote = part.codes("remote_addr").astype(np.int64)
    totals = np.bincount(remote, counted)
    finished = ends(part)
    for code in np.flatnonzero(totals >= fewest).tolist():
        mine = remote == code
        lasted_s = max(1.0, (int(finished[mine].max()) - int(part["start"][mine].min())) / 1e9)
        if totals[code] / lasted_s >= least_per_s:
            yield Flood(part.words("remote_addr")[code], what, int(totals[code]), float(totals[code]) / lasted_s, places[mine])
