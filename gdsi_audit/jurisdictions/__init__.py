"""How much of a device's traffic went where and to whom: payload by jurisdiction and by operator, up and down apart.

What has no single country keeps a row of its own. No bytes are shared out over candidates, and none are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gdsi_audit.geo import Place
from gdsi_audit.tables.distinct import sums
from gdsi_audit.traffic import DeviceTraffic

UNKNOWN_PLACE = Place()
WITHOUT_COUNTRY = ("contested", "multi-location", "unknown", "local")
"""What stands in the place of a country: sources disagree or only one speaks; anycast or an edge network; nobody knows; no global address."""


@dataclass(frozen=True, slots=True)
class Share:
    """One row."""

    name: str
    """ISO 3166-1 code or one of WITHOUT_COUNTRY; by operator: the organisation, `unknown` or `local`."""
    seat: str
    """By operator: country of its seat, empty where unknown. By jurisdiction: empty."""
    flows: int
    up_bytes: int
    """Payload from the device, retransmissions once."""
    down_bytes: int


def jurisdiction(place: Place) -> str:
    """The country that the ladder asserts, or one of WITHOUT_COUNTRY."""
    if place.special:
        return "local"
    if place.multi_location:
        return "multi-location"
    return place.located_in.country or ("contested" if place.located_in.candidates else "unknown")


def operator(place: Place) -> tuple[str, str]:
    """(who runs the service behind the name, else who holds the network, and the country of its seat)."""
    if place.special:
        return "local", ""
    return place.organisation or "unknown", place.operated_by.country or place.hosted_by.country


def by_jurisdiction(device: DeviceTraffic) -> list[Share]:
    """One row per country and per word of WITHOUT_COUNTRY, most upload first. Sums are of `contacts`, which is complete."""
    return _shares(device, lambda place: (jurisdiction(place), ""))


def by_operator(device: DeviceTraffic) -> list[Share]:
    """One row per operator and seat, most upload first."""
    return _shares(device, operator)


def _shares(device: DeviceTraffic, key: Callable[[Place], tuple[str, str]]) -> list[Share]:
    contacts = device.tables.contacts
    addresses = contacts.words("remote_addr")
    moved = sums(contacts.codes("remote_addr"), len(addresses), *(contacts[name] for name in ("flows", "up_bytes", "down_bytes")))
    found: dict[tuple[str, str], list[int]] = {}
    met = np.flatnonzero(moved[0])
    for row, flows, up, down in zip(met.tolist(), *(column[met].tolist() for column in moved), strict=True):
        endpoint = device.endpoints.get(addresses[row])
        total = found.setdefault(key(endpoint.place if endpoint is not None else UNKNOWN_PLACE), [0, 0, 0])
        total[0] += flows
        total[1] += up
        total[2] += down
    shares = [Share(name, seat, flows, up, down) for (name, seat), (flows, up, down) in found.items()]
    return sorted(shares, key=lambda share: (-share.up_bytes, -share.down_bytes, share.name, share.seat))
