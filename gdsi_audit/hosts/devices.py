"""Which hosts are under audit: sets of (MAC, address) bindings, found in the flows themselves.

A MAC outranks an address, except a router's: behind a router's MAC stand many addresses that are not its own. With declared devices given, every
other host is background. Without, the local side is looked at: private and link-local addresses and whatever else their MACs send from; in captures
without a local side the hosts that stand on the link by themselves, and failing that the originators.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.hosts.address_reach import LINK_LOCAL, PRIVATE, reaches
from gdsi_audit.hosts.bindings import bindings, router_macs
from gdsi_audit.packets import address
from gdsi_audit.packets.address import mac_text
from gdsi_audit.tables.distinct import rows_of

MOST_DEVICES = 200
"""More devices than this are background, largest first, and counted."""
text = lru_cache(maxsize=65_536)(address.text)
"""The same addresses are met as hosts, as remote ends and in answers."""


@dataclass(frozen=True, slots=True)
class Host:
    """One host: what it sends from."""

    id: str
    macs: tuple[int, ...]
    addresses: tuple[tuple[int, int], ...]
    """(hi, lo)."""
    bytes: int = 0
    declared: bool = False
    hostnames: tuple[str, ...] = ()

    @property
    def mac_texts(self) -> tuple[str, ...]:
        return tuple(mac_text(mac) for mac in self.macs)

    @property
    def address_texts(self) -> tuple[str, ...]:
        return tuple(text(hi, lo) for hi, lo in self.addresses)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A device that the user names."""

    name: str
    macs: tuple[int, ...]
    addresses: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Hosts:
    """Who is under audit, and who else is there."""

    devices: tuple[Host, ...]
    background: tuple[Host, ...]
    routers: frozenset[int] = frozenset()
    """MACs of routers."""
    absent: tuple[str, ...] = ()
    """Declared devices that never appear."""
    left_out: int = 0
    """Devices beyond MOST_DEVICES."""
    _mac_device: dict[int, int] = field(default_factory=dict)
    _address_device: dict[tuple[int, int], int] = field(default_factory=dict)

    def device_of(self, mac: NDArray[np.uint64], hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Index in `devices` of each (MAC, address), -1 where it is none of them."""
        macs = np.fromiter(self._mac_device, np.uint64, len(self._mac_device))
        addresses = np.array(list(self._address_device), np.uint64).reshape(-1, 2)
        by_mac, by_address = rows_of([macs], [mac]), rows_of([addresses[:, 0], addresses[:, 1]], [hi, lo])
        device_of_mac, device_of_address = (np.array([*known.values(), -1], np.int32) for known in (self._mac_device, self._address_device))
        return np.where(by_mac >= 0, device_of_mac[by_mac], device_of_address[by_address])


def find(pieces: Iterable[NDArray[np.void]], wanted: Sequence[Wanted] = (), gateways: Iterable[tuple[int, int]] = ()) -> Hosts:
    """The hosts in pieces of CLOSED rows. `gateways`: addresses that offered themselves as router or DHCP server."""
    rows = bindings(pieces)
    routers = router_macs(rows)
    if wanted:
        return _declared(rows, wanted, routers)
    hosts = _hosts(rows, routers, frozenset(gateways))
    local = _local_side(rows, hosts, routers)
    ranked = sorted(local, key=lambda host: (-host.bytes, host.id))
    devices = sorted(ranked[:MOST_DEVICES], key=lambda host: host.id)
    chosen = {host.id for host in devices}
    background = tuple(host for host in hosts if host.id not in chosen)
    return _indexed(Hosts(tuple(devices), background, routers, left_out=max(0, len(ranked) - MOST_DEVICES)))


def _indexed(hosts: Hosts) -> Hosts:
    macs = {mac: index for index, host in enumerate(hosts.devices) for mac in host.macs if mac and mac not in hosts.routers}
    addresses = {address: index for index, host in enumerate(hosts.devices) for address in host.addresses}
    return replace(hosts, _mac_device=macs, _address_device=addresses)


def _declared(rows: NDArray[np.void], wanted: Sequence[Wanted], routers: frozenset[int]) -> Hosts:
    """Declared devices with all that their MACs send from; a router's MAC lends nothing."""
    devices, absent = [], []
    for name in wanted:
        own = np.isin(rows["mac"], np.array(name.macs, np.uint64))
        by_address = np.array([(hi, lo) in set(name.addresses) for hi, lo in rows[["hi", "lo"]].tolist()], np.bool_)
        macs = set(name.macs) | {mac for mac in rows["mac"][by_address].tolist() if mac and mac not in routers}
        own |= np.isin(rows["mac"], np.array(sorted(macs - routers), np.uint64)) | by_address
        if not own.any():
            absent.append(name.name)
        addresses = set(name.addresses) | set(rows[["hi", "lo"]][own].tolist())
        volume = int(rows["bytes"][own].sum())
        devices.append(Host(name.name, tuple(sorted(macs)), tuple(sorted(addresses)), volume, declared=True))
    known = {address for host in devices for address in host.addresses}
    others = tuple(host for host in _hosts(rows, routers, frozenset()) if not known & set(host.addresses))
    return _indexed(Hosts(tuple(devices), others, routers, tuple(absent)))


def _hosts(rows: NDArray[np.void], routers: frozenset[int], gateways: frozenset[tuple[int, int]]) -> tuple[Host, ...]:
    """Every host that sends: one per MAC; behind a router's MAC, or without MACs, one per address. Gateways are left to the background."""
    groups: dict[tuple[int, int, int], tuple[set[tuple[int, int]], list[int]]] = {}
    for mac, hi, lo, volume in zip(*(rows[name].tolist() for name in ("mac", "hi", "lo", "bytes")), strict=True):
        alone = not mac or mac in routers
        addresses, volumes = groups.setdefault((0, hi, lo) if alone else (mac, 0, 0), (set(), []))
        addresses.add((hi, lo))
        volumes.append(volume)
    hosts = []
    for (mac, *_), (addresses, volumes) in sorted(groups.items()):
        if gateways.isdisjoint(addresses):
            own = tuple(sorted(addresses))
            hosts.append(Host(mac_text(mac) if mac else text(*own[0]), (mac,) if mac else (), own, sum(volumes)))
    return tuple(hosts)


def _local_side(rows: NDArray[np.void], hosts: Sequence[Host], routers: frozenset[int]) -> list[Host]:
    """The hosts that the capture was taken for."""
    kind = dict(zip(rows[["hi", "lo"]].tolist(), reaches(rows["hi"], rows["lo"]).tolist(), strict=True))
    routed = {(hi, lo) for mac, hi, lo in rows[["mac", "hi", "lo"]].tolist() if mac in routers}
    unrouted = set(rows[["hi", "lo"]][rows["unrouted"] > 0].tolist())
    local = [host for host in hosts if any(kind[address] in (PRIVATE, LINK_LOCAL) and address not in routed for address in host.addresses)]
    originators = set(rows[["hi", "lo"]][rows["originated"] > 0].tolist())
    on_link = [host for host in hosts if unrouted & set(host.addresses) and (host.macs or (originators - routed) & set(host.addresses))]
    if local:
        return list(dict.fromkeys((*local, *on_link)))
    return on_link or [host for host in hosts if host.macs] or [host for host in hosts if originators & set(host.addresses)]
