"""Probes: what a device sends to find out who is there and what listens, as far as flows show it. Counted by the column.

A probe is a flow of the device's own in which it said nothing: no answer came, a refusal, or a greeting at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address
from socket import AF_INET6, inet_pton
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.matching.flow_kinds import WITH_PORTS, parsed_address
from gdsi_audit.protocols import router_advertisement
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

ECHO_TYPES = {"icmp": (8, 13, 15, 17), "icmp6": (128, 139)}
"""Requests that a host answers: echo, timestamp, information, address mask (RFC 792, RFC 950); echo, node information (RFC 4443, RFC 4620)."""
SOLICITATION, ADVERTISEMENT = 135, 136
SOLICITED_NODE = "ff02::1:ff"
DHCP_SERVER_PORTS = (67, 547)
"""RFC 2131 section 4.1, RFC 8415 section 7.2."""
MOST_DATAGRAMS = 6
LONGEST_GREETING_BYTES = 2_000
"""Of services that speak first (SSH, FTP, Telnet, SMTP)."""


class Sweep(NamedTuple):
    """One kind of probe that went to many hosts."""

    transport: str
    port: int
    """Of the hosts; 0 where the transport has none."""
    hosts: int
    """Distinct addresses asked."""
    silent: int
    """Of these, how many gave nothing."""
    rows: NDArray[np.intp]
    """Positions of its flows."""

    @property
    def title(self) -> str:
        """`tcp/23`, `ARP`."""
        words = {"arp": "ARP", "icmp": "ICMP", "icmp6": "ICMPv6"}.get(self.transport, self.transport)
        return f"{words}/{self.port}" if self.port else words


def own(flows: Columns) -> NDArray[np.bool_]:
    """Flows that the device began towards one host; what an ICMP error quotes or a tunnel carries is nobody's probe."""
    began = flows["device_is_originator"] & (flows["up_pkts"] > 0) & ~flows["remote_is_multicast"]
    return np.asarray(began & ~flows.is_any("tunnel", ("icmp-error",)) & ~flows.is_any("initiator", ("remote",)))


def fruitless(flows: Columns) -> NDArray[np.bool_]:
    """Flows of TCP in which the device said nothing and heard a greeting at most, and flows of the rest without an answer."""
    tcp = flows.is_any("transport", ("tcp", "sctp"))
    empty = (flows["up_bytes"] == 0) & (flows["down_bytes"] <= LONGEST_GREETING_BYTES)
    return np.asarray(np.where(tcp, empty, flows["down_pkts"] == 0))


def brief(flows: Columns) -> NDArray[np.bool_]:
    """Flows that may be a probe by their size: a datagram or a few; a stream that nobody answers (RTP) is none."""
    return np.asarray(~flows.is_any("transport", ("udp",)) | (flows["up_pkts"] <= MOST_DATAGRAMS))


def requests(flows: Columns) -> NDArray[np.bool_]:
    """ICMP flows that ask for an answer."""
    kinds = flows["local_port"]
    found = np.zeros(len(flows), np.bool_)
    for transport, types in ECHO_TYPES.items():
        found |= flows.is_any("transport", (transport,)) & np.isin(kinds, types)
    return found


def keys(flows: Columns) -> NDArray[np.int64]:
    """A number per flow, the same for the same transport and port asked."""
    ports = np.where(flows.is_any("transport", WITH_PORTS), flows["remote_port"].astype(np.int64), 0)
    return np.asarray(flows.codes("transport").astype(np.int64) << 16 | ports)


def distinct_counts(groups: NDArray[np.int64], members: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(each group, how many distinct members it has)."""
    if not groups.size:
        return groups, groups
    width = int(members.max()) + 1
    pairs = np.unique(groups * width + members.astype(np.int64))
    found, counts = np.unique(pairs // width, return_counts=True)
    return found, counts.astype(np.int64)


def sweeps(flows: Columns, among: NDArray[np.bool_], empty: NDArray[np.bool_], *, fewest_silent: int) -> Iterator[Sweep]:
    """Kinds of probe among the flows of `among` that left `fewest_silent` distinct addresses or more silent; `empty`: which flows bore no fruit."""
    places = np.flatnonzero(among)
    part = flows.take(places)
    group, remote = keys(part), part.codes("remote_addr").astype(np.int64)
    pairs = group * (int(remote.max(initial=0)) + 1) + remote
    quiet = ~np.isin(pairs, pairs[~empty[places]])
    found, counts = distinct_counts(group[quiet], remote[quiet])
    silent_of = dict(zip(found.tolist(), counts.tolist(), strict=True))
    for key in np.unique(group).tolist() if fewest_silent <= 0 else found.tolist():
        silent = silent_of.get(key, 0)
        if silent >= fewest_silent:
            mine = group == key
            hosts = int(np.unique(remote[mine]).size)
            yield Sweep(part.words("transport")[key >> 16], key & 0xFFFF, hosts, silent, places[mine])


def port_sweeps(flows: Columns, among: NDArray[np.bool_], *, fewest_ports: int) -> Iterator[tuple[str, int, NDArray[np.intp]]]:
    """(address, ports without fruit, positions) for each host of which the device tried `fewest_ports` ports or more in vain."""
    places = np.flatnonzero(among & fruitless(flows))
    part = flows.take(places)
    remote = part.codes("remote_addr").astype(np.int64)
    found, counts = distinct_counts(remote, keys(part))
    for code, ports in zip(found.tolist(), counts.tolist(), strict=True):
        if ports >= fewest_ports:
            yield part.words("remote_addr")[code], ports, places[remote == code]


def near(traffic: DeviceTraffic) -> NDArray[np.bool_]:
    """Flows with a host of the same link: local addresses, and global ones of a prefix that the device itself is in."""
    flows = traffic.tables.flows
    local: NDArray[np.bool_] = flows["remote_is_local"].astype(np.bool_)
    prefixes = _prefixes(traffic)
    if not prefixes:
        return local
    words, codes = flows.words("remote_addr"), flows.codes("remote_addr")
    held = np.zeros(len(words), np.bool_)
    for code in np.unique(codes[~local]).tolist():
        held[code] = ":" in words[code] and _network(words[code]) in prefixes
    return np.asarray(local | held[codes])


def _prefixes(traffic: DeviceTraffic) -> set[bytes]:
    """The first half of each address of the device that may be met beyond its link."""
    parsed = [parsed_address(address) for address in traffic.device.addresses]
    return {one.packed[:8] for one in parsed if isinstance(one, IPv6Address) and not one.is_link_local}


def _network(address: str) -> bytes:
    """The first half of an IPv6 address."""
    return inet_pton(AF_INET6, address.partition("%")[0])[:8]


def serves_the_link(traffic: DeviceTraffic) -> bool:
    """Whether the device hands out addresses, announces itself as router or is offered as resolver: who must know every host of the link."""
    flows = traffic.tables.flows
    hands_out = flows.is_any("transport", ("udp",)) & np.isin(flows["local_port"], DHCP_SERVER_PORTS) & (flows["up_pkts"] > 0)
    announces = flows.is_any("transport", ("icmp6",)) & flows["device_is_originator"] & (flows["local_port"] == router_advertisement.TYPE)
    offered = set(traffic.offered.get("resolver", ())) & set(traffic.device.addresses)
    return bool(hands_out.any() or announces.any() or offered)
