"""What the analyst chose to look at: a time span, a device, filters. What is left out is counted, and said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import filters
from gdsi_audit.assembly.round_trips import CapturePoint
from gdsi_audit.declarations import Declaration, DeclaredDevice
from gdsi_audit.hosts.devices import Wanted
from gdsi_audit.observe import Keep
from gdsi_audit.packets.address import mac_value, value

GROUP_BIT = np.uint64(1 << 40)
"""The lowest bit of a MAC's first octet: broadcast and multicast (IEEE 802)."""
Typed = TypeVar("Typed", int, tuple[int, int])


class Selection:
    """The analyst's choices, and the declaration's own ([[ignore]], [[bench]], [[device]]), in the form in which observing takes them."""

    def __init__(self, stated: Declaration, *, device: str = "", since: str = "", until: str = "", exclude: str = "") -> None:
        self.settings: dict[str, object] = {"device": device, "from": since, "to": until, "exclude": exclude}
        self._since = instant_ns(since, "--from") if since else None
        self._until = instant_ns(until, "--to") if until else None
        if self._since is not None and self._until is not None and self._since >= self._until:
            raise ValueError(f"--from {since} is not before --to {until}: nothing would be left; change one of them")
        self._excluded: list[filters.Filter] = [filters.compile_filter(exclude, "--exclude")] if exclude else []
        self._excluded += [filters.compile_filter(item.filter, f"{item.source.file}:{item.source.line}: [[ignore]]") for item in stated.ignore]
        self._only = _only(stated.devices, device) if device else None
        chosen = tuple(one for one in stated.devices if self._only in (None, _of_declared(one)))
        self.stated = stated if self._only is None else replace(stated, devices=chosen)
        """What is declared of the devices that were chosen: that the others do not appear is no gap."""
        self.wanted = (self._only,) if self._only is not None else tuple(map(_of_declared, chosen))
        vantage = stated.vantage
        self.point = CapturePoint(vantage.position, vantage.latitude, vantage.longitude)
        self.bench = tuple(value(item.address) for item in stated.bench if item.address)

    @property
    def keep(self) -> Keep | None:
        """Which packet rows stay; None: all.

        All of them stay where the device is known by addresses alone: its card may have others, which only the card's MAC tells.
        """
        by_card = self._only is not None and self._only.macs
        return self._keep if self._since is not None or self._until is not None or self._excluded or by_card else None

    @property
    def notes(self) -> tuple[str, ...]:
        """For the coverage."""
        return ("analyst-selected",) if self.keep is not None or self._only is not None else ()

    def _keep(self, packets: NDArray[np.void]) -> NDArray[np.bool_]:
        kept = np.ones(packets.size, np.bool_)
        if self._since is not None:
            kept &= packets["time"] >= self._since
        if self._until is not None:
            kept &= packets["time"] < self._until
        for excluded in self._excluded:
            kept &= ~excluded.mask(packets)
        if self._only is not None and self._only.macs:
            kept &= _of_device(packets, self._only)
        return kept


def _of_device(packets: NDArray[np.void], device: Wanted) -> NDArray[np.bool_]:
    """What it sent or was sent, and what everybody was: routers offer their resolvers to all."""
    mine = np.asarray(packets["dst_mac"] & GROUP_BIT != 0)
    for side in ("src", "dst"):
        mine |= np.isin(packets[f"{side}_mac"], np.array(device.macs, np.uint64))
        for hi, lo in device.addresses:
            mine |= (packets[f"{side}_hi"] == np.uint64(hi)) & (packets[f"{side}_lo"] == np.uint64(lo))
    return mine


def _only(declared: tuple[DeclaredDevice, ...], chosen: str) -> Wanted:
    """The device of that name, MAC or address: a declared one, whichever of them it is called by, else whoever uses that address."""
    addresses = _typed(value, chosen)
    macs = () if addresses else _typed(mac_value, chosen)  # `fe80::1234:5678` has twelve digits too
    known = {device.name: _of_declared(device) for device in declared}
    called = [device for device in known.values() if not {*macs, *addresses}.isdisjoint((*device.macs, *device.addresses))]
    if chosen in known or called:
        return known.get(chosen) or called[0]
    if not (macs or addresses):
        names = ", ".join(known)
        wrong = f"nor a declared device; declared: {names}" if names else "and no device is declared; write it as 02:00:00:00:00:50 or 192.168.1.50"
        raise ValueError(f"--device {chosen}: neither a MAC nor an address{' ' if names else ', '}{wrong}")
    return Wanted(chosen, macs, addresses)


def _typed(reader: Callable[[str], Typed], text: str) -> tuple[Typed, ...]:
    """What `reader` makes of `text`; nothing where that is none."""
    try:
        return (reader(text),)
    except ValueError:
        return ()


def _of_declared(device: DeclaredDevice) -> Wanted:
    return Wanted(device.name, tuple(map(mac_value, device.macs)), tuple(map(value, device.addresses)))


def instant_ns(text: str, option: str) -> int:
    """UTC nanoseconds of an ISO 8601 instant. Raises ValueError where it has no offset."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{option} {text}: not a time; write it as 2026-11-01T10:00:00Z") from None
    if instant.tzinfo is None:
        raise ValueError(f"{option} {text}: the offset from UTC is missing; write it as {instant.isoformat()}Z or {instant.isoformat()}+01:00")
    return int(instant.timestamp()) * 1_000_000_000 + instant.microsecond * 1000
