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

from gdsi_audit.distinct import distinct_rows, rows_of
from gdsi_audit.packets import address
from gdsi_audit.packets.address import mac_text
from gdsi_audit.stored_table import Table

MOST_DEVICES = 200
"""More devices than this are background, largest first, and counted."""
ROUTER_ADDRESSES = 2
"""A MAC that sends from this many global IPv4 addresses, or from a global one beside a private one, is a router's."""
ROUTER_PREFIXES = 4
"""The same for distinct IPv6 /64 prefixes (a host has a few: link-local, unique local, global and its renumbered successor). A MAC that sends from an
address of its own and passes on what another global address sent, its time to live lowered, is a router's too."""

text = lru_cache(maxsize=65_536)(address.text)
"""The same addresses are met as hosts, as remote ends and in answers."""

UNSPECIFIED, LOOPBACK, LINK_LOCAL, PRIVATE, MULTICAST, GLOBAL = range(6)

U64 = np.uint64
BINDINGS = np.dtype([("mac", "u8"), ("hi", "u8"), ("lo", "u8"), ("pkts", "i8"), ("bytes", "i8"), ("originated", "i8"), ("unrouted", "i8")])
"""What was sent with this MAC from this address: one row per pair. `unrouted`: flows whose time to live no router had lowered."""
SUMMED = ("pkts", "bytes", "originated", "unrouted")

INITIAL_TTLS = (64, 128, 255)
LINK_TTL = 4
"""Up to here a sender means its own surroundings (LLMNR 1, SSDP 2 or 4): what arrives with it was not passed on."""


def kinds(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Reach of each address, as one of the constants above. Special purposes beyond that are the business of `geo`."""
    address = np.where(hi == 0, lo, 0)
    v4 = (hi == 0) & (lo >> U64(32) == U64(0xFFFF))
    low = address & U64(0xFFFFFFFF)
    top = (low >> U64(24)).astype(np.uint8)
    kind = np.full(hi.size, GLOBAL, np.uint8)
    private4 = (top == 10) | (low >> U64(20) == U64(0xAC1)) | (low >> U64(16) == U64(0xC0A8)) | (low >> U64(22) == U64(0x64400000 >> 22))
    kind[v4 & private4] = PRIVATE
    kind[v4 & (low >> U64(16) == U64(0xA9FE))] = LINK_LOCAL
    kind[v4 & (top >= 224)] = MULTICAST
    kind[v4 & (top == 127)] = LOOPBACK
    kind[v4 & (top == 0)] = UNSPECIFIED
    v6 = ~v4
    kind[v6 & (hi >> U64(57) == U64(0xFC >> 1))] = PRIVATE
    kind[v6 & (hi >> U64(54) == U64(0xFE80 >> 6))] = LINK_LOCAL
    kind[v6 & (hi >> U64(56) == U64(0xFF))] = MULTICAST
    kind[v6 & (hi == 0) & (lo == 1)] = LOOPBACK
    kind[v6 & (hi == 0) & (lo == 0)] = UNSPECIFIED
    return kind


def on_link(hi: NDArray[np.uint64], other: Table, side: str, routers: frozenset[int]) -> NDArray[np.bool_]:
    """Whether the `side` of CLOSED rows `other` stands on the link of the global IPv6 addresses whose first halves are `hi`: the same /64 prefix.

    A frame of its own shows it: one that no router sent, or a time to live that none has lowered. Behind a router the prefix alone shows nothing.
    """
    alike: NDArray[np.bool_] = (hi == other[f"{side}_hi"]) & (hi >> U64(61) == U64(1))
    if not alike.any():
        return alike
    macs, ttls = other[f"{side}_mac"], other[f"{side}_first_ttl"]
    direct = (macs != U64(0)) & (~np.isin(macs, np.array(sorted(routers), np.uint64)) | np.isin(ttls, INITIAL_TTLS))
    return np.asarray(alike & direct)


def bindings(pieces: Iterable[NDArray[np.void]]) -> NDArray[np.void]:
    """BINDINGS of all flows, from pieces of CLOSED rows. Broadcast, multicast and unspecified senders are left out."""
    found = _summed(np.concatenate([np.empty(0, BINDINGS), *(part for piece in pieces for part in (_sent(piece, "orig"), _sent(piece, "resp")))]))
    return found[~np.isin(kinds(found["hi"], found["lo"]), (MULTICAST, UNSPECIFIED))]


def _sent(piece: NDArray[np.void], side: str) -> NDArray[np.void]:
    """BINDINGS of what one side of the flows in `piece` sent."""
    sent = np.flatnonzero(piece[f"{side}_pkts"] > 0)
    found = np.zeros(sent.size, BINDINGS)
    for name, part in (("mac", "mac"), ("hi", "hi"), ("lo", "lo"), ("pkts", "pkts"), ("bytes", "ip_bytes")):
        found[name] = piece[f"{side}_{part}"][sent]
    ttls = piece[f"{side}_first_ttl"][sent]
    found["originated"], found["unrouted"] = side == "orig", np.isin(ttls, INITIAL_TTLS) | (ttls <= LINK_TTL)
    return _summed(found)


def _summed(rows: NDArray[np.void]) -> NDArray[np.void]:
    """One row per sender, ascending."""
    firsts, place = distinct_rows(rows["mac"], rows["hi"], rows["lo"])
    found = rows[firsts]
    for name in SUMMED:
        found[name] = np.bincount(place, rows[name], firsts.size)
    return found


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


def find(rows: NDArray[np.void], wanted: Sequence[Wanted] = (), gateways: Iterable[tuple[int, int]] = ()) -> Hosts:
    """The hosts in BINDINGS rows. `gateways`: addresses that offered themselves as router or DHCP server."""
    routers = _router_macs(rows)
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


def _router_macs(rows: NDArray[np.void]) -> frozenset[int]:
    kind = kinds(rows["hi"], rows["lo"])
    v4 = (rows["hi"] == 0) & (kind != LINK_LOCAL)
    macs, owner = np.unique(rows["mac"], return_inverse=True)
    owner = owner.ravel()

    def count(chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        return np.bincount(owner[chosen], minlength=macs.size)

    global4, private4 = count(v4 & (kind == GLOBAL)), count(v4 & (kind == PRIVATE))
    v6 = np.flatnonzero(~v4 & (kind != LINK_LOCAL))
    prefixes6 = np.bincount(owner[v6][distinct_rows(owner[v6], rows["hi"][v6])[0]], minlength=macs.size)
    passed_on = (count((kind == GLOBAL) & (rows["unrouted"] == 0)) > 0) & (count(rows["unrouted"] > 0) > 0)
    routes = passed_on | (global4 >= ROUTER_ADDRESSES) | ((global4 > 0) & (private4 > 0)) | (prefixes6 >= ROUTER_PREFIXES)
    return frozenset(macs[routes & (macs > 0)].tolist())


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
    kind = dict(zip(rows[["hi", "lo"]].tolist(), kinds(rows["hi"], rows["lo"]).tolist(), strict=True))
    routed = {(hi, lo) for mac, hi, lo in rows[["mac", "hi", "lo"]].tolist() if mac in routers}
    unrouted = set(rows[["hi", "lo"]][rows["unrouted"] > 0].tolist())
    local = [host for host in hosts if any(kind[address] in (PRIVATE, LINK_LOCAL) and address not in routed for address in host.addresses)]
    originators = set(rows[["hi", "lo"]][rows["originated"] > 0].tolist())
    on_link = [host for host in hosts if unrouted & set(host.addresses) and (host.macs or (originators - routed) & set(host.addresses))]
    if local:
        return list(dict.fromkeys((*local, *on_link)))
    return on_link or [host for host in hosts if host.macs] or [host for host in hosts if originators & set(host.addresses)]
