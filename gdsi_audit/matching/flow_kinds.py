"""Kinds of flows: all that matching looks at, once for the many flows that share it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.distinct import numbered

WITH_PORTS = frozenset({"tcp", "udp", "sctp"})
GROUP_MANAGEMENT = "ip-2"
UPKEEP_ICMP6 = frozenset({130, 131, 132, 133, 134, 135, 136, 137, 143})  # RFC 4861, RFC 3810
ERRORS_ICMP = frozenset({3, 4, 11, 12})  # RFC 792
ERRORS_ICMP6 = frozenset({1, 2, 3, 4})  # RFC 4443
NEVER_ACCEPTED = frozenset({"S0", "REJ", "RSTOS0", "SH"})
DHCP_PORTS = frozenset({67, 68, 546, 547})

PORTS = 65_536


class FlowKind(NamedTuple):
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


def kinds_of(flows: Columns, *, device_ports: bool = False, listened: Sequence[int] = ()) -> tuple[list[FlowKind], NDArray[np.intp]]:
    """Distinct kinds, and for each flow its row among them. The device's ephemeral ports are left out unless `device_ports` or `listened` on."""
    local = flows["local_port"].astype(np.int64)
    kept = ~flows.is_any("transport", WITH_PORTS) | ~flows["device_is_originator"] | (local < 1024) | device_ports
    if listened:
        kept |= np.isin(local, listened)
    remote = flows["remote_port"].astype(np.int64)
    rest = {"remote_port": remote, "local_port": np.where(kept, local, 0), "silent": flows["up_pkts"] == 0}
    keys = [(rest[name], PORTS) if name in rest else _key(flows, name) for name in FlowKind._fields]
    rows, numbers = numbered(*keys)
    firsts = flows.take(rows)
    columns = [(rest[name][rows] if name in rest else firsts[name]).tolist() for name in FlowKind._fields]
    return [FlowKind(*row) for row in zip(*columns, strict=True)], numbers


def _key(flows: Columns, name: str) -> tuple[NDArray[np.int64], int]:
    """A number for each value, the same for the same, and how many there may be."""
    if flows.has_words(name):
        return flows.codes(name), len(flows.words(name))
    return flows[name].astype(np.int64), 2


def upkeep(kind: FlowKind) -> str:
    """What keeps the link alive or reports an error; empty: neither."""
    if kind.transport in ("arp", GROUP_MANAGEMENT):
        return "ARP" if kind.transport == "arp" else "IGMP"
    if kind.transport == "icmp6" and kind.icmp_type in UPKEEP_ICMP6:
        return "neighbour discovery"
    errors = {"icmp": ERRORS_ICMP, "icmp6": ERRORS_ICMP6}.get(kind.transport, frozenset())
    return "ICMP error" if kind.icmp_type in errors else ""


def is_dhcp(kind: FlowKind) -> bool:
    """Between DHCP's ports, and inside the local network or shaped like it (a relayed answer comes from afar)."""
    shaped = kind.service in ("dhcp", "dhcpv6") or kind.remote_is_local
    return kind.transport == "udp" and kind.remote_port in DHCP_PORTS and kind.local_port in DHCP_PORTS and shaped


LOCAL_KINDS = ("dhcp", "resolver", "multicast", "local network")


def local_kind(kind: FlowKind) -> str:
    """Which of LOCAL_KINDS a flow inside the local network, or to a resolver that it offered, is."""
    if is_dhcp(kind):
        return "dhcp"
    if kind.asks_port_53:
        return "resolver"
    return "multicast" if kind.remote_is_multicast else "local network"


@lru_cache(maxsize=65_536)
def parsed_address(address: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address, the empty text of a flow without one; a zone (`fe80::1%eth0`) is left off."""
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None
