"""Which events of which source are followed by uploads to which party, and how likely that is by chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._coincidence import apart, chance, followed, share_of_time
from gdsi_audit.detectors._triggers import Events, Uploads, by_source
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

REPEATED = 3
"""Times from which on it is more than a coincidence."""


class Pattern(NamedTuple):
    """Events of one source, each perhaps followed by an upload to one party."""

    source: str
    party: str
    came: Events
    hits: NDArray[np.intp]
    """Position in `tables.flows` of the upload behind each event that was followed."""
    delay_s: float
    """Median."""
    chance: float

    @property
    def is_repeated(self) -> bool:
        """Whether it happened too often to be a single coincidence."""
        return self.hits.size >= REPEATED


def patterns(traffic: DeviceTraffic, came: Events, sent: Uploads, close: NDArray[np.intp], within_ns: int) -> Iterator[Pattern]:
    """Of every source that is followed at all, and every party that is uploaded to."""
    flows = traffic.tables.flows
    addresses, ports = flows.codes("remote_addr")[came.rows], flows["local_port"][came.rows]
    sources = np.unique(addresses).size
    came = came.at(np.flatnonzero(np.isin(addresses, addresses[close]) | np.isin(ports, ports[close])))
    parties = list(grouped(_subjects.parties(flows.take(sent.rows))))
    span_ns = int(traffic.coverage.observed_s * 1e9)
    for source, places in by_source(flows, came):
        own = came.at(places)
        own = own.at(apart(own.times, within_ns))
        callers = flows["remote_addr"][own.rows]
        for party, of in parties:
            starts, rows = sent.times[of], sent.rows[of]
            behind = followed(own.times, starts, within_ns)
            hit = np.flatnonzero(behind >= 0)
            if hit.size and not np.isin(flows["remote_addr"][rows], callers).any():
                odds = sources * chance(hit.size, own.rows.size, share_of_time(starts, within_ns, span_ns))
                delay_s = float(np.median(starts[behind[hit]] - own.times[hit])) / 1e9
                yield Pattern(source, str(party), own, rows[behind[hit]], delay_s, odds)


def best(found: Iterable[Pattern]) -> list[Pattern]:
    """The likeliest source of the uploads to each party."""
    best: dict[str, Pattern] = {}
    for one in found:
        if one.party not in best or one.hits.size > best[one.party].hits.size:
            best[one.party] = one
    return list(best.values())
