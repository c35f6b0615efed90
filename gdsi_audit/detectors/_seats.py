"""Where those who host an address, or run the service behind a name, have their seat, and whether the declaration allows it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.geo import UNKNOWN, Answer
from gdsi_audit.jurisdictions import assessment
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.tables.distinct import numbered
from gdsi_audit.traffic import DeviceTraffic


class Seat(NamedTuple):
    """Where the host, or the operator, of one address under one name and item has its seat."""

    side: str
    """outside, inside, unknown, exempt."""
    country: str = ""
    agreed: bool = False
    """Whether two sources agree on it."""
    confidence: str = ""
    sources: str = ""


def seats_of(traffic: DeviceTraffic, declaration: Declaration, field: str) -> tuple[NDArray[np.intp], NDArray[np.intp], list[Seat]]:
    """(flows beyond the local network that `field` speaks to, the number of each one's seat, the seats)."""
    matched = matches(traffic, declaration)
    rows = np.flatnonzero(~traffic.tables.flows["remote_is_local"] & ~matched.is_any("verdict", NOT_JUDGED))
    flows, items = traffic.tables.flows.take(rows), matched["destination"][rows]
    named = flows.is_any("name_source", CONFIDENT_SOURCES) & ~flows["ambiguous"]
    names = (np.where(named, flows.codes("name") + 1, 0), len(flows.words("name")) + 1)
    addresses = (flows.codes("remote_addr"), len(flows.words("remote_addr")))
    firsts, numbers = numbered(addresses, names, (items + 1, len(declaration.destinations) + 1))
    given = flows.take(firsts)
    known = zip(given["remote_addr"].tolist(), np.where(named[firsts], given["name"], "").tolist(), items[firsts].tolist(), strict=True)
    seats = [_seat(traffic, declaration, field, address, name, item) for address, name, item in known]
    kept = np.array([seat.side != "exempt" for seat in seats] or [False], np.bool_)[numbers]
    return rows[kept], numbers[kept], seats


def _seat(traffic: DeviceTraffic, declaration: Declaration, field: str, address: str, name: str, item: int) -> Seat:
    declared = declaration.destinations[item] if item >= 0 else None
    if declared is not None and declared.klass and declared.jurisdictions is None:
        return Seat("exempt")
    answer = _answer(traffic, field, address, name)
    side = assessment.side_of_seat(answer, _allowed(declaration, declared, field), declaration.jurisdictions.denied)
    return Seat(side, answer.country, assessment.is_agreed(answer), answer.confidence, " and ".join(answer.sources))


def _answer(traffic: DeviceTraffic, field: str, address: str, name: str) -> Answer:
    """Who hosts the address, or who runs the service behind the flow's own name."""
    endpoint = traffic.endpoints.get(address)
    if endpoint is None:
        return UNKNOWN
    return endpoint.place.hosted_by if field == "hosts_from" else endpoint.operators.get(name, UNKNOWN)


def _allowed(declaration: Declaration, declared: Destination | None, field: str) -> frozenset[str]:
    """The seats that the field allows, with those of the destination's own jurisdictions; what is denied is taken from both."""
    allowed: frozenset[str] = getattr(declaration.jurisdictions, field)
    return allowed | declared.jurisdictions if declared is not None and declared.jurisdictions is not None else allowed
