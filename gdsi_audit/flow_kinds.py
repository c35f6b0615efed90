"""Kinds of flows: all that matching looks at, once for the many flows that share it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WITH_PORTS = frozenset({"tcp", "udp", "sctp"})
GROUP_MANAGEMENT = "ip-2"
UPKEEP_ICMP6 = frozenset({130, 131, 132, 133, 134, 135, 136, 137, 143})  # RFC 4861, RFC 3810
ERRORS_ICMP = frozenset({3, 4, 11, 12})  # RFC 792
ERRORS_ICMP6 = frozenset({1, 2, 3, 4})  # RFC 4443
NEVER_ACCEPTED = frozenset({"S0", "REJ", "RSTOS0", "SH"})
DHCP_PORTS = frozenset({67, 68, 546, 547})

KEYS = ["remote_addr", "transport", "service", "name", "name_source", "ambiguous", "nameable", "remote_is_local", "remote_is_multicast"]
KEYS += ["initiator", "device_is_originator", "conn_state", "app", "tunnel"]


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


def kinds_of(flows: pd.DataFrame, *, device_ports: bool = False) -> tuple[list[FlowKind], NDArray[np.int64]]:
    """Distinct kinds, and for each flow its row among them. The device's ephemeral ports are left out unless `device_ports`."""
    device_began = flows["device_is_originator"].to_numpy()
    without_ports = ~flows["transport"].isin(WITH_PORTS).to_numpy()
    local = flows["local_port"].to_numpy()
    kept = without_ports | ~device_began | (local < 1024) | device_ports
    ports = [flows["remote_port"].to_numpy().astype(np.int64), np.where(kept, local, 0).astype(np.int64)]
    silent = (flows["up_pkts"] == 0).to_numpy()
    codes = np.stack([*(_codes(flows[column]) for column in KEYS), *ports, silent.astype(np.int64)], axis=1)
    # One opaque value per row sorts many times faster than rows of numbers.
    opaque = np.ascontiguousarray(codes).view(np.dtype((np.void, codes.dtype.itemsize * codes.shape[1]))).ravel()
    _, firsts, numbers = np.unique(opaque, return_index=True, return_inverse=True)
    columns = [flows[column].iloc[firsts].astype(object).tolist() for column in KEYS]
    rest = [column[firsts].tolist() for column in (*ports, silent)]
    return [FlowKind(*row) for row in zip(*columns, *rest, strict=True)], numbers.astype(np.int64)


def _codes(column: pd.Series[Any]) -> NDArray[np.int64]:
    """A number for each value, the same for the same."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64)
    return pd.factorize(column)[0].astype(np.int64)


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


def parsed_address(address: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address, the empty text of a flow without one; a zone (`fe80::1%eth0`) is left off."""
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None
