"""Flows beyond the local network by where their address is, held against where data to the item that covers them may go.

Work is done once per address and item, not per flow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.geo import Place
from gdsi_audit.jurisdictions import assessment
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.tables.distinct import numbered
from gdsi_audit.traffic import DeviceTraffic

NOWHERE = Place()


class Side(NamedTuple):
    """One address under one item."""

    place: Place
    assessment: str
    """One of assessment.WORDS."""
    item: int
    """Row in the declaration's destinations; -1: none covers it."""
    is_limited: bool
    """Whether anything is said that the address could be inside or outside of."""
    is_exempt: bool
    """Whether that is so because the item is a class without jurisdictions of its own."""


def sides(traffic: DeviceTraffic, declaration: Declaration) -> tuple[NDArray[np.intp], NDArray[np.intp], list[Side]]:
    """(positions of the flows that are judged, of each the row of its side, the sides)."""
    matched = matches(traffic, declaration)
    rows = np.flatnonzero(~traffic.tables.flows["remote_is_local"] & ~matched.is_any("verdict", NOT_JUDGED))
    flows, items = traffic.tables.flows.take(rows), matched["destination"][rows]
    firsts, numbers = numbered((flows.codes("remote_addr"), len(flows.words("remote_addr"))), (items + 1, len(declaration.destinations) + 1))
    pairs = zip(flows.take(firsts)["remote_addr"].tolist(), items[firsts].tolist(), strict=True)
    return rows, numbers, [_side(traffic, declaration, address, item) for address, item in pairs]


def place_of(traffic: DeviceTraffic, address: str) -> Place:
    """Where the address is; nowhere, if it is no endpoint of the device."""
    endpoint = traffic.endpoints.get(address)
    return endpoint.place if endpoint is not None else NOWHERE


def _side(traffic: DeviceTraffic, declaration: Declaration, address: str, item: int) -> Side:
    destination = declaration.destinations[item] if item >= 0 else None
    allowed, denied = assessment.limits(destination, declaration.jurisdictions)
    place, limited = place_of(traffic, address), assessment.is_limited(allowed, denied)
    is_class = destination is not None and bool(destination.klass)
    return Side(place, assessment.assess(place, allowed, denied), item, limited, is_class and not limited)
