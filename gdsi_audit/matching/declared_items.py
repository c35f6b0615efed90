"""Which declared items speak of a kind of flow: by its own name, its address, its network's number, or as a class; and what of them it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from ipaddress import IPv4Address, ip_network

from gdsi_audit.declarations import AUTHORS, Declaration, Destination, Listener
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.matching.flow_kinds import WITH_PORTS, FlowKind, is_dhcp, parsed_address
from gdsi_audit.naming import names
from gdsi_audit.traffic import DeviceTraffic

NAT64 = ip_network("64:ff9b::/96")
"""Addresses that stand for IPv4 ones (RFC 6052 section 2.1)."""
FTP_DATA_PORT = 20
"""From here an FTP server calls back (RFC 959 section 3.2)."""
DECLARING_SOURCES = CONFIDENT_SOURCES | {"dns-expired", "dns-later"}
"""A certificate names whatever its sender likes, so it declares nothing."""


class DeclaredItems:
    """The destinations of a declaration, made ready for looking up by one device's flows.

    Of items that are equally specific the vendor's come first, whatever the order of the files: only what it states can be contradicted.
    """

    def __init__(self, traffic: DeviceTraffic, declaration: Declaration) -> None:
        self._traffic = traffic
        self._offers = {kind: frozenset(addresses) for kind, addresses in traffic.offered.items()}
        ranked = sorted(enumerate(declaration.destinations), key=lambda numbered: AUTHORS.index(numbered[1].source.by))
        usable = [(row, item) for row, item in ranked if not item.not_assessable]
        self._classes = [(row, item.klass) for row, item in ranked if item.klass]
        self._networks = sorted(((row, item.network) for row, item in usable if item.network is not None), key=lambda one: -one[1].prefixlen)
        self._numbers = [(row, item.asn) for row, item in usable if item.asn is not None]
        self._names: dict[str, list[int]] = {}
        for row, item in usable:
            if item.name:
                self._names.setdefault(item.name, []).append(row)
        self._by_address: dict[str, list[int]] = {}

    def offered(self, role: str) -> frozenset[str]:
        """Addresses that the network offered as `resolver` or `time`; none where no offer was captured."""
        return self._offers.get(role, frozenset())

    def speaking_of(self, kind: FlowKind) -> list[int]:
        """Rows of the items that speak of this destination, whatever they say of ports, most specific first."""
        by_class = [row for row, klass in self._classes if self._is_class(klass, kind)]
        return [*self._by_own_name(kind), *self._addressed(kind.remote_addr), *by_class]

    def named(self, name: str) -> list[int]:
        """Rows of the items whose name covers `name`: exact ones first, then the longest pattern."""
        return [row for pattern in names.covering(name) for row in self._names.get(pattern, ())]

    def answered(self, address: str) -> list[str]:
        """The names that DNS gave the device for `address`, sorted."""
        return self._names_answered.get(address, [])

    @cached_property
    def asked_in_vain(self) -> frozenset[tuple[str, int]]:
        """(name, type) of the device's look-ups of which no answer was captured at all."""
        dns = self._traffic.tables.dns
        pairs = list(zip(dns["query"].tolist(), dns["qtype"].tolist(), strict=True))
        answered = dns["response"].tolist()
        heard = {pair for pair, is_answer in zip(pairs, answered, strict=True) if is_answer}
        return frozenset(pair for pair, is_answer in zip(pairs, answered, strict=True) if not is_answer and pair not in heard)

    @cached_property
    def _names_answered(self) -> dict[str, list[str]]:
        answers = self._traffic.tables.answers
        found: dict[str, list[str]] = {}
        for address, name in sorted(set(zip(answers["address"].tolist(), answers["name"].tolist(), strict=True))):
            found.setdefault(address, []).append(name)
        return found

    def _by_own_name(self, kind: FlowKind) -> list[int]:
        own = bool(kind.name) and kind.name_source in DECLARING_SOURCES and not kind.ambiguous
        return self.named(kind.name) if own else []

    def _addressed(self, address: str) -> list[int]:
        """Rows of the items that hold `address`, the longest prefix first, then those of its network's number."""
        if address not in self._by_address:
            self._by_address[address] = list(self._find_address(address))
        return self._by_address[address]

    def _find_address(self, address: str) -> Iterator[int]:
        parsed, endpoint = parsed_address(address), self._traffic.endpoints.get(address)
        meant = [parsed, *([IPv4Address(int(parsed) & 0xFFFF_FFFF)] if parsed in NAT64 else [])] if parsed is not None else []
        yield from (row for row, network in self._networks if any(one in network for one in meant))
        yield from (row for row, number in self._numbers if endpoint is not None and endpoint.place.asn == number)

    def _is_class(self, klass: str, kind: FlowKind) -> bool:
        if klass == "local-network":
            return kind.remote_is_local
        if klass == "multicast":
            return _is_group(kind.remote_addr) or (kind.remote_is_local and kind.service in ("mdns", "ssdp", "llmnr"))
        if klass == "dhcp":
            return is_dhcp(kind)
        if klass == "resolver":
            offers = self.offered("resolver")
            return kind.asks_port_53 and (kind.remote_addr in offers if offers else kind.remote_is_local)
        return klass == "time" and self._is_time(kind)

    def _is_time(self, kind: FlowKind) -> bool:
        """NTP-shaped, to a server that was offered, is local, or whose name the device asked for."""
        if kind.service != "ntp":
            return False
        asked = bool(kind.name) and kind.name_source in DECLARING_SOURCES
        return asked or kind.remote_is_local or kind.remote_addr in self.offered("time")


def deviations(item: Destination, kind: FlowKind) -> tuple[str, ...]:
    """Which structured fields of `item` a flow of this kind breaks. Who began counts only as a fact."""
    found = []
    if item.transport and item.transport != kind.transport.replace("icmp6", item.transport if item.transport == "icmp" else "icmp6"):
        found.append("transport")
    if kind.transport in WITH_PORTS and not _ports_fit(item, kind):
        found.append("port")
    if item.initiator and kind.initiator in ("device", "remote") and item.initiator != kind.initiator:
        found.append("initiator")
    return tuple(found)


def _ports_fit(item: Destination, kind: FlowKind) -> bool:
    """`ports` are the service's: the other side's, or the device's own where the other side connects to it. Items with `source_ports` name both."""
    if item.source_ports:
        return _within(kind.local_port, item.source_ports) and (not item.ports or _within(kind.remote_port, item.ports))
    serves = not kind.device_is_originator and _within(kind.local_port, item.ports)
    calls = kind.transport == "tcp" and kind.initiator == "remote" and kind.remote_port != FTP_DATA_PORT  # a caller's own port says nothing
    return not item.ports or serves or (not calls and _within(kind.remote_port, item.ports))


def _within(port: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= port <= last for first, last in ranges)


def hears(listener: Listener, transport: str, local_port: int, remote_addr: str, *, remote_is_local: bool) -> bool:
    """Whether a call at this port of the device, from there, is one that `listener` is declared for."""
    if listener.port != local_port or listener.transport != transport:
        return False
    if listener.sender in ("local", "anywhere"):
        return listener.sender == "anywhere" or remote_is_local
    parsed = parsed_address(remote_addr)
    return parsed is not None and parsed in ip_network(listener.sender, strict=False)


def _is_group(address: str) -> bool:
    """Whether `address` is a multicast group; broadcast is local network."""
    parsed = parsed_address(address)
    return parsed is not None and parsed.is_multicast
