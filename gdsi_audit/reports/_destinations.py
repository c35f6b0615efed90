"""Whom one device spoke with, for a reader: a row per name, or per address where there is no name, with places and what was declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from gdsi_audit.declarations import Declaration
from gdsi_audit.endpoints import NAME_SOURCES, Endpoint
from gdsi_audit.jurisdictions import jurisdiction
from gdsi_audit.reports._gathered import Group, Groups, union
from gdsi_audit.reports._parties import NO_SOURCE, Numbers, Parties

MOST_SERVICES = 8


def destinations(found: Parties, endpoints: Mapping[str, Endpoint], declaration: Declaration) -> Iterator[dict[str, Any]]:
    """Addresses of one name together, most upload first."""
    groups = Groups(found, _titles(found))
    titles = [found.names[key] if key < len(found.names) else found.addresses[key - len(found.names)] for key in groups.keys.tolist()]
    order = groups.most_moved(titles)
    for place, group in zip(order.tolist(), groups.in_order(order), strict=True):
        yield _destination(titles[place], group, found, endpoints, declaration)


def _titles(found: Parties) -> Numbers:
    """For each party the row of its name, or behind all names the row of its address. An address that is also a name is one title."""
    codes = np.unique(found.name).tolist()
    named = {found.names[code]: code for code in codes}
    titles = found.name.copy()
    for row in np.flatnonzero(found.name == named.get("", -1)).tolist():
        address = int(found.address[row])
        titles[row] = named.get(found.addresses[address], len(found.names) + address)
    return titles


def _destination(title: str, group: Group, found: Parties, endpoints: Mapping[str, Endpoint], declaration: Declaration) -> dict[str, Any]:
    addresses = _addresses(group, found)
    places = [endpoints[address].place for address in addresses if address in endpoints]
    services = _distinct(union(group, found.services))
    items = [declaration.destinations[row] for row in sorted(union(group, found.items))]
    return {
        "destination": title,
        "name_source": NAME_SOURCES[group.source] if group.source != NO_SOURCE else "",
        "addresses": addresses,
        "services": services[:MOST_SERVICES],
        "services_not_shown": max(0, len(services) - MOST_SERVICES),
        "places": list(dict.fromkeys(jurisdiction(place) for place in places)),
        "organisations": list(dict.fromkeys(place.organisation for place in places if place.organisation)),
        "match": group.match,
        "items": [item.title for item in items],
        "purposes": list(dict.fromkeys(item.purpose for item in items if item.purpose)),
        "assessment": group.assessed,
        **group.totals(),
    }


def _addresses(group: Group, found: Parties) -> list[str]:
    """Most upload first."""
    texts = [found.addresses[code] for code in found.address[group.rows].tolist()]
    ranked = sorted(zip((-found.up_bytes[group.rows]).tolist(), texts, strict=True)) if len(texts) > 1 else [(0, texts[0])]
    return list(dict.fromkeys(text for _, text in ranked))


def _distinct(services: AbstractSet[str]) -> list[str]:
    """Sorted; `tcp/443` goes where there is `tcp/443 tls`, for it is the same service with its first bytes uncaptured."""
    return sorted(one for one in services if not any(other.startswith(f"{one} ") for other in services))
