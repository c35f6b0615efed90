"""Which declared item, if any, covers each flow of a device.

A flow is held against the declaration by its own strongest name, its address, the network's number, or as a class of traffic; a name learned from
another flow never declares this one. Work is done once per distinct kind of contact, not per flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gdsi_audit import names
from gdsi_audit.declarations import Declaration, Destination, Listener
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.traffic import DeviceTraffic

VERDICTS = (
    "declared",
    "undeclared",  # no item covers it, or one does but for what `deviates` says
    "ambiguous",  # several names are possible, and a declared one is among them
    "unnamed",  # could have been named and was not; no item covers the address
    "not_observable",  # its name could not be seen, or only a weak one was
    "not_assessable",  # only an item that cannot be held against traffic could cover it
    "unstated",  # named, and no declaration speaks of destinations
    "unanswered",  # the other side began and the device sent nothing or refused
    "link_upkeep",  # ARP, neighbour discovery, IGMP, ICMP errors: needs no declaration
    "bench",  # the tester's own machine
    "background",  # not the declared app's
)

MATCHES = {
    "verdict": "category",  # one of VERDICTS
    "destination": "int64",  # row in declaration.destinations that covers it, or comes nearest where `deviates` is not empty; -1: none
    "deviates": "category",  # fields of that item which the flow breaks, joined by a space: transport, port, initiator; empty: none
    "confident": "bool",  # False: rests on a weak name or an offer that was not captured; never the cause of more than a low finding
    "reason": "category",  # in words
}
"""One row per flow, on the index of DeviceTraffic.flows."""

DECLARING_SOURCES = CONFIDENT_SOURCES | {"dns-expired", "dns-later"}
"""A certificate names whatever its sender likes, so it declares nothing."""

WITH_PORTS = frozenset({"tcp", "udp", "sctp"})
GROUP_MANAGEMENT = "ip-2"
UPKEEP_ICMP6 = frozenset({130, 131, 132, 133, 134, 135, 136, 137, 143})  # RFC 4861, RFC 3810
ERRORS_ICMP = frozenset({3, 4, 11, 12})  # RFC 792
ERRORS_ICMP6 = frozenset({1, 2, 3, 4})  # RFC 4443
NEVER_ACCEPTED = frozenset({"S0", "REJ", "RSTOS0", "SH"})
DHCP_PORTS = frozenset({67, 68, 546, 547})

KEYS = ["remote_addr", "transport", "service", "name", "name_source", "ambiguous", "nameable", "remote_is_local", "remote_is_multicast"]
KEYS += ["initiator", "device_is_originator", "conn_state", "app", "tunnel"]


class Contact(NamedTuple):
    """All that matching looks at; many flows share one."""

    remote_addr: str
    transport: str
    service: str
    name: str
    name_source: str
    ambiguous: bool
    nameable: bool
    remote_is_local: bool
    remote_is_multicast: bool
    initiator: str
    device_is_originator: bool
    conn_state: str
    app: str
    tunnel: str
    remote_port: int
    local_port: int
    silent: bool
    """The device sent no packet."""

    @property
    def icmp_type(self) -> int:
        return self.local_port if self.device_is_originator else self.remote_port

    @property
    def asks_port_53(self) -> bool:
        return self.remote_port == 53 and self.transport in ("tcp", "udp")


class Match(NamedTuple):
    """What matching says of one contact: a row of MATCHES."""

    verdict: str
    destination: int = -1
    deviates: str = ""
    confident: bool = True
    reason: str = ""


def match(traffic: DeviceTraffic, declaration: Declaration) -> pd.DataFrame:
    """MATCHES: one row per flow, index aligned with `traffic.flows`."""
    flows = traffic.flows
    contacts, numbers = _contacts(flows, declaration)
    judge = Matcher(traffic, declaration)
    rows = pd.DataFrame([judge.match(contact) for contact in contacts], columns=list(MATCHES)).astype(MATCHES)
    return rows.take(numbers).set_index(flows.index)


def used(traffic: DeviceTraffic, declaration: Declaration) -> frozenset[int]:
    """Rows of declaration.destinations that cover or nearly cover any flow, less specific ones included."""
    judge = Matcher(traffic, declaration)
    contacts, _ = _contacts(traffic.flows, declaration)
    return frozenset(index for contact in contacts for index in judge.candidates(contact))


def _contacts(flows: pd.DataFrame, declaration: Declaration) -> tuple[list[Contact], NDArray[np.int64]]:
    """Distinct contacts, and for each flow its row among them. Ephemeral ports are left out where no rule can look at them."""
    device_began = flows["device_is_originator"].to_numpy()
    without_ports = ~flows["transport"].isin(WITH_PORTS).to_numpy()
    source_ports = any(item.source_ports for item in declaration.destinations)
    local = flows["local_port"].to_numpy()
    kept = without_ports | ~device_began | (local < 1024) | source_ports
    parts = flows[KEYS].assign(
        remote_port=flows["remote_port"].astype("int64"), local_port=np.where(kept, local, 0).astype("int64"), silent=flows["up_pkts"] == 0
    )
    numbers = parts.groupby(list(parts.columns), observed=True, sort=False, dropna=False).ngroup().to_numpy().astype(np.int64)
    firsts = np.unique(numbers, return_index=True)[1]
    columns = [parts[column].iloc[firsts].astype(object).tolist() for column in parts.columns]
    return [Contact(*row) for row in zip(*columns, strict=True)], numbers


class Matcher:
    """One device's declaration, made ready for looking up."""

    def __init__(self, traffic: DeviceTraffic, declaration: Declaration) -> None:
        self._traffic = traffic
        self._declaration = declaration
        self._items = declaration.destinations
        self._stated = bool(self._items) or declaration.closed
        self._app = declaration.product.scope.removeprefix("app:") if declaration.product.scope.startswith("app:") else ""
        self._offers = {kind: frozenset(addresses) for kind, addresses in traffic.offered.items()}
        self._by_name: dict[str, list[int]] = {}
        self._by_address: dict[str, list[int]] = {}

    def match(self, contact: Contact) -> Match:
        """The verdict on one contact, first rule first."""
        return self._left_out(contact) or self._declared(contact) or self._doubtful(contact) or self._undeclared(contact)

    def candidates(self, contact: Contact) -> list[int]:
        """Rows of the items that speak of this destination, whatever they say of ports, most specific first."""
        if self._left_out(contact):
            return []
        by_class = [row for row, item in enumerate(self._items) if item.klass and self._is_class(item.klass, contact)]
        return [*self._named(contact), *self._addressed(contact.remote_addr), *by_class]

    def _left_out(self, contact: Contact) -> Match | None:
        """What is never judged."""
        if contact.tunnel == "icmp-error":
            return Match("link_upkeep", reason="quoted in an ICMP error")
        if self._app and contact.app != self._app:
            return Match("background", reason="another app's" if contact.app else "the app is not known")
        if upkeep := _upkeep(contact):
            return Match("link_upkeep", reason=upkeep)
        if role := self._bench_role(contact.remote_addr):
            return Match("bench", reason=role)
        if contact.silent and not contact.remote_is_multicast:
            return Match("unanswered", reason="the device sent nothing")
        if contact.initiator == "remote" and contact.transport == "tcp" and contact.conn_state in NEVER_ACCEPTED:
            return Match("unanswered", reason="the device refused")
        return None

    def _declared(self, contact: Contact) -> Match | None:
        """An item or a listener that covers it, else the item that comes nearest."""
        breaks = [(_deviations(self._items[row], contact), row) for row in self.candidates(contact)]
        for deviations, row in breaks:
            if not deviations:
                return Match("declared", row, "", self._is_confident(row, contact), self._why(row, contact))
        if self._listens(contact):
            return Match("declared", reason="declared listener")
        if breaks:
            deviations, row = min(breaks, key=lambda one: len(one[0]))
            reason = f"{self._items[row].title} is declared with another {' and '.join(deviations)}"
            return Match("undeclared", row, " ".join(deviations), self._is_confident(row, contact), reason)
        return None

    def _doubtful(self, contact: Contact) -> Match | None:
        """What the declaration may cover, though that cannot be seen."""
        if contact.remote_is_local:
            reason = next((item.not_assessable for item in self._items if item.not_assessable and not _deviations(item, contact)), "")
            return Match("not_assessable", reason=reason) if reason else None
        if contact.asks_port_53 and any(item.klass == "resolver" for item in self._items) and not self._offers.get("resolver"):
            return Match("not_observable", reason="no offer of resolvers was captured")
        if contact.ambiguous and any(self._items_of(name) for name in self._candidate_names(contact.remote_addr)):
            return Match("ambiguous", confident=False, reason="several names are possible, a declared one among them")
        return None

    def _undeclared(self, contact: Contact) -> Match:
        """No item speaks of it."""
        if self._stated and contact.remote_is_local:
            return Match("undeclared", reason=_local_kind(contact))
        if contact.name and contact.name_source in CONFIDENT_SOURCES:
            return Match("undeclared" if self._stated else "unstated", confident=not contact.ambiguous, reason="no item has its name or address")
        if contact.remote_is_local:
            return Match("unstated", reason=_local_kind(contact))
        if contact.name:
            return Match("not_observable", confident=False, reason=f"its only name is weak ({contact.name_source})")
        if not contact.nameable:
            return Match("not_observable", reason="its handshake or its DNS was not captured")
        return Match("unnamed", reason="no name, and no item has its address")

    def _items_of(self, name: str) -> list[int]:
        """Rows of the items whose name covers `name`: exact ones first, then the longest pattern."""
        if name not in self._by_name:
            rows = [row for row, item in enumerate(self._items) if item.name and not item.not_assessable and names.matches(item.name, name)]
            self._by_name[name] = sorted(rows, key=lambda row: (self._items[row].name.startswith("*."), -len(self._items[row].name), row))
        return self._by_name[name]

    def _named(self, contact: Contact) -> list[int]:
        own = bool(contact.name) and contact.name_source in DECLARING_SOURCES and not contact.ambiguous
        return self._items_of(contact.name) if own else []

    def _addressed(self, address: str) -> list[int]:
        """Rows of the items that hold `address`, the longest prefix first, then those of its network's number."""
        if address not in self._by_address:
            self._by_address[address] = list(self._find_address(address))
        return self._by_address[address]

    def _find_address(self, address: str) -> Iterator[int]:
        parsed = _parsed(address)
        usable = [(row, item) for row, item in enumerate(self._items) if not item.not_assessable]
        held = [(row, item.network) for row, item in usable if item.network is not None and parsed is not None and parsed in item.network]
        yield from (row for row, network in sorted(held, key=lambda pair: (-pair[1].prefixlen, pair[0])))
        endpoint = self._traffic.endpoints.get(address)
        yield from (row for row, item in usable if item.asn is not None and endpoint is not None and endpoint.place.asn == item.asn)

    def _is_class(self, klass: str, contact: Contact) -> bool:
        if klass == "local-network":
            return contact.remote_is_local
        if klass == "multicast":
            return contact.remote_is_multicast or (contact.remote_is_local and contact.service in ("mdns", "ssdp", "llmnr"))
        if klass == "dhcp":
            return _is_dhcp(contact)
        if klass == "resolver":
            offers = self._offers.get("resolver", frozenset())
            return contact.asks_port_53 and (contact.remote_addr in offers if offers else contact.remote_is_local)
        return klass == "time" and self._is_time(contact)

    def _is_time(self, contact: Contact) -> bool:
        """NTP-shaped, to a server that was offered, is local, or whose name the device asked for."""
        if contact.service != "ntp":
            return False
        asked = bool(contact.name) and contact.name_source in DECLARING_SOURCES
        return asked or contact.remote_is_local or contact.remote_addr in self._offers.get("time", frozenset())

    def _is_confident(self, row: int, contact: Contact) -> bool:
        item = self._items[row]
        if item.klass == "resolver":
            return bool(self._offers.get("resolver"))
        return not item.name or contact.name_source in CONFIDENT_SOURCES

    def _why(self, row: int, contact: Contact) -> str:
        item = self._items[row]
        if item.name and names.is_shared_suffix(item.name):
            return f"{item.title}: shared platform, operator known, tenant unknown"
        return item.title if self._is_confident(row, contact) else f"{item.title}, with low confidence"

    def _listens(self, contact: Contact) -> bool:
        return not contact.device_is_originator and any(_hears(listener, contact) for listener in self._declaration.listeners)

    def _candidate_names(self, address: str) -> list[str]:
        answers = self._traffic.answers
        return sorted(set(answers.loc[answers["address"] == address, "name"]))

    @cached_property
    def _bench(self) -> dict[IPv4Address | IPv6Address | None, str]:
        return {_parsed(host.address): host.role for host in self._declaration.bench}

    def _bench_role(self, address: str) -> str:
        parsed = _parsed(address)
        return self._bench.get(parsed, "") if parsed is not None else ""


def _upkeep(contact: Contact) -> str:
    """What keeps the link alive or reports an error; empty: neither."""
    if contact.transport in ("arp", GROUP_MANAGEMENT):
        return "ARP" if contact.transport == "arp" else "IGMP"
    if contact.transport == "icmp6" and contact.icmp_type in UPKEEP_ICMP6:
        return "neighbour discovery"
    errors = {"icmp": ERRORS_ICMP, "icmp6": ERRORS_ICMP6}.get(contact.transport, frozenset())
    return "ICMP error" if contact.icmp_type in errors else ""


def _is_dhcp(contact: Contact) -> bool:
    shaped = contact.service in ("dhcp", "dhcpv6") or contact.remote_is_local
    return contact.transport == "udp" and contact.remote_port in DHCP_PORTS and contact.local_port in DHCP_PORTS and shaped


def _local_kind(contact: Contact) -> str:
    if _is_dhcp(contact):
        return "dhcp"
    if contact.asks_port_53:
        return "resolver"
    return "multicast" if contact.remote_is_multicast else "local network"


def _deviations(item: Destination, contact: Contact) -> tuple[str, ...]:
    """Which structured fields of `item` the contact breaks. Who began counts only as a fact."""
    found = []
    if item.transport and item.transport != contact.transport.replace("icmp6", item.transport if item.transport == "icmp" else "icmp6"):
        found.append("transport")
    if contact.transport in WITH_PORTS and not _ports_fit(item, contact):
        found.append("port")
    if item.initiator and contact.initiator in ("device", "remote") and item.initiator != contact.initiator:
        found.append("initiator")
    return tuple(found)


def _ports_fit(item: Destination, contact: Contact) -> bool:
    """`ports` are the service's: the other side's, or the device's own where the other side connects to it. Items with `source_ports` name both."""
    if item.source_ports:
        return _within(contact.local_port, item.source_ports) and (not item.ports or _within(contact.remote_port, item.ports))
    serves = not contact.device_is_originator and _within(contact.local_port, item.ports)
    return not item.ports or serves or _within(contact.remote_port, item.ports)


def _within(port: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= port <= last for first, last in ranges)


def _hears(listener: Listener, contact: Contact) -> bool:
    if listener.port != contact.local_port or listener.transport != contact.transport:
        return False
    if listener.sender in ("local", "anywhere"):
        return listener.sender == "anywhere" or contact.remote_is_local
    parsed = _parsed(contact.remote_addr)
    return parsed is not None and parsed in ip_network(listener.sender, strict=False)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address: the empty text of a flow without one."""
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None
