"""The rules by which a kind of flow is declared or not: what is never judged, then what an item covers, then what stays in doubt, then the rest."""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import numpy as np

from gdsi_audit.declarations import Declaration
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.matching.arranged import arranged_media
from gdsi_audit.matching.declared_items import DeclaredItems, deviations, hears
from gdsi_audit.matching.flow_kinds import NEVER_ACCEPTED, FlowKind, kinds_of, local_kind, parsed_address, upkeep
from gdsi_audit.matching.proxies import Proxies
from gdsi_audit.naming import names, shared_platforms
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


QTYPE_OF_VERSION = {4: 1, 6: 28}
"""A and AAAA, by IP version."""


class Match(NamedTuple):
    """What matching says of one kind: a row of MATCHES."""

    verdict: str
    destination: int = -1
    deviates: str = ""
    confident: bool = True
    reason: str = ""


class Matcher:
    """The rules, over one device's declaration."""

    def __init__(self, traffic: DeviceTraffic, declaration: Declaration) -> None:
        self._traffic = traffic
        self._declaration = declaration
        self._items = declaration.destinations
        self._unassessable = [item for item in self._items if item.not_assessable]
        self._stated = bool(self._items) or declaration.closed
        self._app = declaration.product.scope.removeprefix("app:") if declaration.product.scope.startswith("app:") else ""
        self._lookup = DeclaredItems(traffic, declaration)
        self._proxies = Proxies(traffic, declaration, self._lookup)
        self._used: set[int] = set()

    def match(self, kind: FlowKind) -> Match:
        """The verdict on one kind of flow, first rule first."""
        return self._left_out(kind) or self._as_arranged(kind) or self._declared(kind) or self._doubtful(kind) or self._undeclared(kind)

    @property
    def used(self) -> frozenset[int]:
        """Rows of the items that spoke of any kind matched so far."""
        return frozenset(self._used)

    def _left_out(self, kind: FlowKind) -> Match | None:
        """What is never judged."""
        if kind.tunnel == "icmp-error":
            return Match("link_upkeep", reason="quoted in an ICMP error")
        if self._app and kind.app != self._app:
            return Match("background", reason="another app's" if kind.app else "the app is not known")
        if keeps := upkeep(kind):
            return Match("link_upkeep", reason=keeps)
        if role := self._bench_role(kind.remote_addr):
            return Match("bench", reason=role)
        if kind.silent and not kind.remote_is_multicast:
            return Match("unanswered", reason="the device sent nothing")
        if kind.initiator == "remote" and kind.transport == "tcp" and kind.conn_state in NEVER_ACCEPTED:
            return Match("unanswered", reason="the device refused")
        return None

    def _as_arranged(self, kind: FlowKind) -> Match | None:
        """What the session that arranged it is covered by."""
        return self._arranged.get((kind.remote_addr, kind.remote_port)) if kind.transport == "udp" else None

    def _declared(self, kind: FlowKind) -> Match | None:
        """An item or a listener that covers it, else the item that comes nearest."""
        candidates = self._lookup.speaking_of(kind) if self._items else []
        self._used.update(candidates)
        breaks = [(self._breaks(row, kind), row) for row in candidates]
        for broken, row in breaks:
            if not broken:
                return Match("declared", row, "", self._is_confident(row, kind), self._why(row, kind))
        if self._listens(kind):
            return Match("declared", reason="declared listener")
        if breaks:
            broken, row = min(breaks, key=lambda one: len(one[0]))
            reason = f"{self._items[row].title} is declared with another {' and '.join(broken)}"
            return Match("undeclared", row, " ".join(broken), self._is_confident(row, kind), reason)
        return None

    def _breaks(self, row: int, kind: FlowKind) -> tuple[str, ...]:
        """Which fields of an item the kind breaks; one that names whom a proxy was asked for speaks of the port asked for."""
        meant = self._proxies.as_asked(kind) if self._items[row].name else (kind,)
        if meant != (kind,):
            self._used |= self._proxies.carriers(kind)
        return next(filter(None, (deviations(self._items[row], one) for one in meant)), ())

    def _doubtful(self, kind: FlowKind) -> Match | None:
        """What the declaration may cover, though that cannot be seen."""
        if kind.remote_is_local:
            reason = next((item.not_assessable for item in self._unassessable if not deviations(item, kind)), "")
            return Match("not_assessable", reason=reason) if reason else None
        if kind.asks_port_53 and any(item.klass == "resolver" for item in self._items) and not self._lookup.offered("resolver"):
            return Match("not_observable", reason="no offer of resolvers was captured")
        if kind.ambiguous and self._may_be_declared(kind):
            return Match("ambiguous", confident=False, reason="several names are possible, a declared one among them")
        return None

    def _may_be_declared(self, kind: FlowKind) -> bool:
        """Whether one of the names that the address may have been meant under has an item that covers the flow, ports and all."""
        named = (row for name in self._lookup.answered(kind.remote_addr) for row in self._lookup.named(name))
        return any(not deviations(self._items[row], kind) for row in named)

    def _undeclared(self, kind: FlowKind) -> Match:
        """No item speaks of it."""
        offered = self._lookup.offered("resolver")
        if kind.remote_is_local or (kind.asks_port_53 and kind.remote_addr in offered):
            return Match("undeclared" if self._stated else "unstated", reason=local_kind(kind))
        if kind.asks_port_53 and not (self._stated and offered):
            return Match("undeclared" if self._stated else "unstated", confident=False, reason="no offer of resolvers was captured")
        if kind.name and kind.name_source in CONFIDENT_SOURCES:
            names_held = "none of its possible names" if kind.ambiguous else "no item has its name or address"
            return Match("undeclared" if self._stated else "unstated", reason=names_held)
        if kind.name_source == "certificate" and self._stated and kind.nameable and not self._is_certified(kind):
            return Match("unnamed", reason="no name but what its own certificate says, and no item has its address")
        if kind.name:
            return Match("not_observable", confident=False, reason=f"its only name is weak ({kind.name_source})")
        if not kind.nameable:
            return Match("not_observable", reason="its name was not captured, or is hidden")
        return self._unnamed(kind)

    def _is_certified(self, kind: FlowKind) -> bool:
        """Whether a certificate that was shown at the address speaks of the domain of a declared name."""
        endpoint = self._traffic.endpoints.get(kind.remote_addr)
        shown = {kind.name, *(one.name for one in (endpoint.names if endpoint else ()) if one.source == "certificate")}
        domains = {names.registered_domain(name.removeprefix("*.")) for name in shown}
        return any(item.name and names.registered_domain(item.name.removeprefix("*.")) in domains for item in self._items)

    def _unnamed(self, kind: FlowKind) -> Match:
        """What could have been named is none of the declared. Where the capture lost packets and half of a look-up of one, that is not sure.

        Of a capture without gaps a look-up that nobody answered says nothing: whoever hides behind an address may ask for any name.
        """
        plain = Match("unnamed", reason="no name, and no item has its address")
        if not self._traffic.coverage.loss:
            return plain
        qtype = QTYPE_OF_VERSION.get(getattr(parsed_address(kind.remote_addr), "version", 0))
        asked = (row for name, of in self._lookup.asked_in_vain if of == qtype for row in self._lookup.named(name))
        if self._may_be_declared(kind) or any(not deviations(self._items[row], kind) for row in asked):
            return Match("unnamed", confident=False, reason="no name, but of a look-up of a declared one only half was captured")
        return plain

    def _is_confident(self, row: int, kind: FlowKind) -> bool:
        item = self._items[row]
        if item.klass == "resolver":
            return bool(self._lookup.offered("resolver"))
        return not item.name or kind.name_source in CONFIDENT_SOURCES

    def _why(self, row: int, kind: FlowKind) -> str:
        item = self._items[row]
        if shared_platforms.covers_tenants(item.name) or (item.asn is not None and shared_platforms.network_operator(item.asn)):
            return f"{item.title}: shared platform, operator known, tenant unknown"
        return item.title if self._is_confident(row, kind) else f"{item.title}, with low confidence"

    def _listens(self, kind: FlowKind) -> bool:
        guessed = kind.transport == "tcp" and kind.initiator == "unknown"
        return (guessed or not kind.device_is_originator) and any(
            hears(listener, kind.transport, kind.local_port, kind.remote_addr, remote_is_local=kind.remote_is_local)
            for listener in self._declaration.listeners
        )

    @cached_property
    def _arranged(self) -> dict[tuple[str, int], Match]:
        """Where the media of declared sessions go: (other side's address, its UDP port)."""
        found: dict[tuple[str, int], Match] = {}
        for session, ports in arranged_media(self._traffic):
            (kind,), _ = kinds_of(self._traffic.tables.flows.take(np.array([session])), device_ports=True)
            control = self._left_out(kind) or self._declared(kind)
            if control is not None and control.verdict == "declared":
                media = control._replace(reason="media that a declared session arranged")
                found.update({(kind.remote_addr, port): media for port in ports})
        return found

    @cached_property
    def _bench(self) -> dict[IPv4Address | IPv6Address | None, str]:
        return {parsed_address(host.address): host.role for host in self._declaration.bench}

    def _bench_role(self, address: str) -> str:
        parsed = parsed_address(address) if self._declaration.bench else None
        return self._bench.get(parsed, "") if parsed is not None else ""
