"""Flows that a proxy carries: their name is that of whom the device asked for, their address and port are those of whom it asked.

The port that an item of that name speaks of is then the one that was asked for (RFC 9110 section 9.3.6, RFC 9112 section 3.2.2, RFC 1928), if the
proxy is declared as well; a proxy of which nothing is declared answers for nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from gdsi_audit.declarations import Declaration
from gdsi_audit.matching.declared_items import DeclaredItems, deviations
from gdsi_audit.matching.flow_kinds import FlowKind
from gdsi_audit.messages import unread
from gdsi_audit.traffic import DeviceTraffic

ASKING = ("connect", "socks", "http-host")
"""Sources of names that a request to a proxy gives."""
USUAL_PORTS = {"http": 80, "https": 443}


class Proxies:
    """What one device asked of proxies, held against one declaration."""

    def __init__(self, traffic: DeviceTraffic, declaration: Declaration, lookup: DeclaredItems) -> None:
        self._traffic = traffic
        self._items = declaration.destinations
        self._lookup = lookup

    def as_asked(self, kind: FlowKind) -> tuple[FlowKind, ...]:
        """The kind with each port that a declared proxy was asked for under its name; as it is, where it is none of a proxy's."""
        ports = self._asked.get((kind.remote_addr, kind.remote_port, kind.name), ()) if kind.name_source in ASKING else ()
        return tuple(kind._replace(remote_port=port) for port in sorted(ports)) if ports and self.carriers(kind) else (kind,)

    def carriers(self, kind: FlowKind) -> frozenset[int]:
        """Rows of the items that declare the other side itself at this port: by its address, by every name that DNS gave for it, or, where none could
        be seen, by a name that it may have; empty: it is not declared."""
        names = self._lookup.answered(kind.remote_addr)
        bare = kind._replace(name="", name_source="", ambiguous=False)
        own = [bare._replace(name=name, name_source="dns") for name in names] or [bare]
        fitting = [[row for row in self._lookup.speaking_of(one) if not deviations(self._items[row], one)] for one in own]
        if not names and not fitting[0] and not kind.nameable:
            fitting = [[row for row, item in enumerate(self._items) if item.name and not item.not_assessable and not deviations(item, bare)]]
        return frozenset(row for rows in fitting for row in rows) if all(fitting) else frozenset()

    @cached_property
    def _asked(self) -> dict[tuple[str, int, str], set[int]]:
        """Ports asked for, by the proxy's address and port and the name asked for."""
        flows, asked, found = self._traffic.tables.flows, list(_requests(self._traffic)), defaultdict(set)
        row_of = dict(zip(flows["flow"].tolist(), range(len(flows)), strict=True)) if asked else {}
        for flow, host, port in asked:
            row = row_of.get(flow)
            if row is not None and flows["device_is_originator"][row]:
                found[str(flows["remote_addr"][row]), int(flows["remote_port"][row]), host].add(port)
        return found


def _requests(traffic: DeviceTraffic) -> Iterator[tuple[int, str, int]]:
    """(flow, name asked for, port asked for)."""
    socks, http = (unread(traffic.messages, protocol) for protocol in ("socks", "http"))
    yield from ((flow, str(body.host), body.port) for flow, body in zip(socks.flow.tolist(), socks.bodies, strict=True) if body.command)
    for flow, body in zip(http.flow.tolist(), http.bodies, strict=True):
        if (port := _port_asked(body)) and body.hosts:
            yield flow, str(body.hosts[0]), port


def _port_asked(body: Any) -> int:
    """Port in the target of a request to a proxy; 0: it is none, or names no port."""
    scheme, absolute, rest = str(getattr(body, "target", "")).partition("://")
    connects = bool(getattr(body, "hands_over", False))
    if not connects and not (absolute and scheme.lower() in USUAL_PORTS):
        return 0
    authority = scheme if connects else rest.partition("/")[0]
    port = authority.rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else USUAL_PORTS.get(scheme.lower(), 0)
