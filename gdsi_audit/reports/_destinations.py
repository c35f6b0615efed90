"""Whom one device spoke with: flows, contacts, places and the declaration on one row per name, or per address where there is no name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import assessment
from gdsi_audit.columns import Columns, numbered, sums
from gdsi_audit.declarations import Declaration
from gdsi_audit.endpoints import NAME_SOURCES, Endpoint
from gdsi_audit.geo import Place
from gdsi_audit.jurisdictions import jurisdiction
from gdsi_audit.reports._instant import iso
from gdsi_audit.traffic import DeviceTraffic

T = TypeVar("T")
KEYS = ("name", "remote_addr")
SUMS = ("flows", "up_bytes", "down_bytes")
MOST_SERVICES = 8
GRAVEST_VERDICT = (
    *("undeclared", "unnamed", "ambiguous", "unstated", "not_observable", "not_assessable", "unanswered", "declared"),
    *("bench", "background", "link_upkeep"),
)
GRAVEST_ASSESSMENT = ("outside", "contested", "unknown", "multi-location", "inside")


@dataclass(slots=True)
class Party:
    """One name at one address, summed up. There may be hundreds of thousands: what they have in common they share."""

    name: str
    address: str
    source: str = ""
    services: frozenset[str] = frozenset()
    verdicts: frozenset[str] = frozenset()
    items: frozenset[int] = frozenset()
    assessments: frozenset[str] = frozenset()
    flows: int = 0
    up_bytes: int = 0
    down_bytes: int = 0
    first: int | None = None
    last: int | None = None


Parties = dict[tuple[str, str], Party]
"""By (name, address)."""


def parties(device: DeviceTraffic, matched: Columns, declaration: Declaration) -> Parties:
    """One Party per name and address. Sums come from `contacts`, which is complete; verdicts from `flows`, which may be folded."""
    found: Parties = {}
    for name, address, *moved in _sums(device.tables.contacts):
        found[name, address] = Party(name, address, "", frozenset(), frozenset(), frozenset(), frozenset(), *moved)
    for name, address, source, verdict, item, assessed in _judged(device, matched, declaration):
        party = found.get((name, address)) or found.setdefault((name, address), Party(name, address))
        party.verdicts, party.assessments = _with(party.verdicts, verdict), _with(party.assessments, assessed)
        if item >= 0:
            party.items = _with(party.items, item)
        if source and (not party.source or NAME_SOURCES.index(source) < NAME_SOURCES.index(party.source)):
            party.source = source
    for name, address, service in _services(device.tables.flows):
        found[name, address].services = _with(found[name, address].services, service)
    return found


@lru_cache(maxsize=4096)
def _with(known: frozenset[T], one: T) -> frozenset[T]:
    return known | {one}


def _sums(contacts: Columns) -> Iterator[tuple[Any, ...]]:
    """(name, remote_addr, flows, up_bytes, down_bytes, first, last) of each name and address."""
    rows, numbers = numbered(*(_key(contacts, name) for name in KEYS))
    first, last = np.full(rows.size, np.iinfo(np.int64).max), np.zeros(rows.size, np.int64)
    np.minimum.at(first, numbers, contacts["first"])
    np.maximum.at(last, numbers, contacts["last"])
    names = contacts.take(rows)
    return _rows(*(names[name] for name in KEYS), *sums(numbers, rows.size, *(contacts[name] for name in SUMS)), first, last)


def _judged(device: DeviceTraffic, matched: Columns, declaration: Declaration) -> Iterator[tuple[Any, ...]]:
    """(name, remote_addr, source of the name, verdict, row of the declared item, assessment), each combination once."""
    flows, items = device.tables.flows, matched["destination"]
    rows, _ = numbered(
        *(_key(flows, name) for name in (*KEYS, "name_source")), _key(matched, "verdict"), (items + 1, len(declaration.destinations) + 1)
    )
    names = flows.take(rows)
    sides = {}
    for address, item in {*zip(names["remote_addr"].tolist(), items[rows].tolist(), strict=True)}:
        sides[address, item] = _assess(device.endpoints.get(address), declaration, item)
    for *whom, verdict, item in _rows(*(names[name] for name in (*KEYS, "name_source")), matched.take(rows)["verdict"], items[rows]):
        yield *whom, verdict, item, sides[whom[1], item]


def _key(table: Columns, name: str) -> tuple[NDArray[Any], int]:
    return table.codes(name), len(table.words(name))


def _rows(*columns: NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns), strict=True)


def _services(flows: Columns) -> Iterator[tuple[str, str, str]]:
    """(name, address, `tcp/443 tls`): the responder's port; where the device is the responder, `listens tcp/554`."""
    began = flows["device_is_originator"]
    port = np.where(began, flows["remote_port"], flows["local_port"]).astype(np.int64)
    rows, _ = numbered(*(_key(flows, name) for name in (*KEYS, "transport", "service")), (port, 1 << 16), (began.astype(np.int64), 2))
    shown = flows.take(rows)
    for name, address, transport, service, number, device_began in _rows(
        *(shown[column] for column in (*KEYS, "transport", "service")), port[rows], began[rows]
    ):
        ported = transport in ("tcp", "udp", "sctp")
        text = f"{transport}/{number}" if ported else transport
        yield name, address, " ".join(filter(None, ("listens" if ported and not device_began else "", text, service)))


def _distinct(services: AbstractSet[str]) -> list[str]:
    """Sorted; `tcp/443` goes where there is `tcp/443 tls`, for it is the same service with its first bytes uncaptured."""
    return sorted(one for one in services if not any(other.startswith(f"{one} ") for other in services))


def _assess(endpoint: Endpoint | None, declaration: Declaration, item: int) -> str:
    destination = declaration.destinations[item] if item >= 0 else None
    return assessment.assess(endpoint.place if endpoint else Place(), *assessment.limits(destination, declaration.jurisdictions))


def destinations(found: Parties, endpoints: Mapping[str, Endpoint], declaration: Declaration) -> Iterator[dict[str, Any]]:
    """Rows for a reader: addresses of one name together, most upload first."""
    grouped: dict[str, list[Party]] = defaultdict(list)
    for (name, address), party in found.items():
        grouped[name or address].append(party)
    for title, group in sorted(grouped.items(), key=_most_moved):
        yield _destination(title, group, endpoints, declaration)


def _most_moved(of: tuple[str, list[Party]]) -> tuple[int, int, str]:
    title, group = of
    return -sum(one.up_bytes for one in group), -sum(one.down_bytes for one in group), title


def _destination(title: str, group: Sequence[Party], endpoints: Mapping[str, Endpoint], declaration: Declaration) -> dict[str, Any]:
    ranked = sorted(group, key=lambda one: (-one.up_bytes, one.address))
    addresses = [one.address for one in ranked]
    places = [endpoints[address].place for address in addresses if address in endpoints]
    items = [declaration.destinations[row] for row in sorted({row for one in group for row in one.items})]
    services = _distinct({service for one in group for service in one.services})
    return {
        "destination": title,
        "name_source": min((one.source for one in group if one.source), key=NAME_SOURCES.index, default=""),
        "addresses": addresses,
        "services": services[:MOST_SERVICES],
        "services_not_shown": max(0, len(services) - MOST_SERVICES),
        "places": list(dict.fromkeys(jurisdiction(place) for place in places)),
        "organisations": list(dict.fromkeys(place.organisation for place in places if place.organisation)),
        "match": gravest_match(group),
        "items": [item.title for item in items],
        "purposes": list(dict.fromkeys(item.purpose for item in items if item.purpose)),
        "assessment": gravest_assessment(group),
        **totals(group),
    }


def totals(group: Sequence[Party]) -> dict[str, Any]:
    """Sums over `group`, and its first and last instants."""
    flows = up_bytes = down_bytes = 0
    first: int | None = None
    last: int | None = None
    for one in group:
        flows, up_bytes, down_bytes = flows + one.flows, up_bytes + one.up_bytes, down_bytes + one.down_bytes
        if one.first is not None and (first is None or one.first < first):
            first = one.first
        if one.last is not None and (last is None or one.last > last):
            last = one.last
    return {"flows": flows, "up_bytes": up_bytes, "down_bytes": down_bytes, "first_seen": iso(first), "last_seen": iso(last)}


def gravest_match(group: Sequence[Party]) -> str:
    """Of matching's words for `group`, the one that a reader must see."""
    return _gravest([one.verdicts for one in group], GRAVEST_VERDICT, "not_observable")


def gravest_assessment(group: Sequence[Party]) -> str:
    """Of the assessments of `group`, the one that a reader must see."""
    return _gravest([one.assessments for one in group], GRAVEST_ASSESSMENT, "unknown")


def _gravest(said: Sequence[AbstractSet[str]], order: Sequence[str], default: str) -> str:
    words = said[0] if len(said) == 1 else frozenset().union(*said)
    return next(iter(words)) if len(words) == 1 else min(words, key=order.index, default=default)
