"""What the analyst chose to look at: a time span, a device, filters. What is left out is counted, and said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import filters
from gdsi_audit.declarations import Declaration, DeclaredDevice
from gdsi_audit.devices import Wanted
from gdsi_audit.observe import Keep
from gdsi_audit.packets.address import mac_value, value
from gdsi_audit.round_trips import CapturePoint


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
        self.wanted = tuple(_wanted(stated.devices, device))
        self._only = self.wanted[0] if device else None
        vantage = stated.vantage
        self.point = CapturePoint(vantage.position, vantage.latitude, vantage.longitude)
        self.bench = tuple(value(item.address) for item in stated.bench if item.address)

    @property
    def keep(self) -> Keep | None:
        """Which packet rows stay; None: all."""
        chosen = self._since is not None or self._until is not None or self._excluded or self._only
        return self._keep if chosen else None

    @property
    def notes(self) -> tuple[str, ...]:
        """For the coverage."""
        return ("analyst-selected",) if self.keep is not None else ()

    def _keep(self, packets: NDArray[np.void]) -> NDArray[np.bool_]:
        kept = np.ones(packets.size, np.bool_)
        if self._since is not None:
            kept &= packets["time"] >= self._since
        if self._until is not None:
            kept &= packets["time"] < self._until
        for excluded in self._excluded:
            kept &= ~excluded.mask(packets)
        if self._only is not None:
            kept &= _of_device(packets, self._only)
        return kept


def _of_device(packets: NDArray[np.void], device: Wanted) -> NDArray[np.bool_]:
    mine = np.zeros(packets.size, np.bool_)
    for side in ("src", "dst"):
        mine |= np.isin(packets[f"{side}_mac"], np.array(device.macs, np.uint64))
        for hi, lo in device.addresses:
            mine |= (packets[f"{side}_hi"] == np.uint64(hi)) & (packets[f"{side}_lo"] == np.uint64(lo))
    return mine


def _wanted(declared: tuple[DeclaredDevice, ...], only: str) -> Iterator[Wanted]:
    """The declared devices; with `only` that one, which may also be a MAC or an address."""
    if not only:
        yield from (_of_declared(device) for device in declared)
        return
    named = [device for device in declared if device.name == only]
    if named:
        yield _of_declared(named[0])
        return
    try:
        yield Wanted(only, (mac_value(only),), ()) if only.count(":") == 5 and "::" not in only else Wanted(only, (), (value(only),))
    except ValueError:
        known = ", ".join(device.name for device in declared)
        wrong = f"nor a declared device; declared: {known}" if known else "and no device is declared; write it as 02:00:00:00:00:50 or 192.168.1.50"
        raise ValueError(f"--device {only}: neither a MAC nor an address{' ' if known else ', '}{wrong}") from None


def _of_declared(device: DeclaredDevice) -> Wanted:
    return Wanted(device.name, tuple(map(mac_value, device.macs)), tuple(map(value, device.addresses)))


def instant_ns(text: str, option: str) -> int:
    """UTC nanoseconds of an ISO 8601 instant. Raises ValueError where it has no offset."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{option} {text}: not a time; write it as 2026-11-01T10:00:00Z") from None
    if instant.tzinfo is None:
        raise ValueError(f"{option} {text}: the offset from UTC is missing; write it as {text}Z or {text}+01:00")
    return int(instant.timestamp()) * 1_000_000_000 + instant.microsecond * 1000
