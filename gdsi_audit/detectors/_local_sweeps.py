"""Local hosts that a device went through, and ports of them that it tried, by way of asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._probes import (
    ADVERTISEMENT,
    SOLICITATION,
    SOLICITED_NODE,
    Sweep,
    brief,
    fruitless,
    near,
    own,
    port_sweeps,
    requests,
    serves_the_link,
    sweeps,
)
from gdsi_audit.matching.flow_kinds import WITH_PORTS, parsed_address
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

MOST_PINGS = 3
"""To one host, by somebody who wants to know whether it is there."""
NO_MEASURES: Mapping[str, int] = {}


class Way(NamedTuple):
    """One way of exploring the local network."""

    words: str
    """What the device did: `tried 40 ports of 192.168.1.9 in vain`."""
    plain: bool
    """Far beyond what anything else takes."""
    rows: NDArray[np.intp]
    """Positions of its flows."""
    address: str = ""
    """The one host that was asked."""
    measures: Mapping[str, int] = NO_MEASURES


def swept(traffic: DeviceTraffic, fewest_silent: int, plain_hosts: int) -> list[Way]:
    """Ways by which many hosts were asked that gave nothing. Ends at once where there is too little of it."""
    flows = traffic.tables.flows
    mine, empty = own(flows) & brief(flows), fruitless(flows)
    found: list[Sweep] = []
    if np.count_nonzero(mine & empty) >= fewest_silent // 2 or np.count_nonzero(requests(flows)) >= 3 * fewest_silent:
        found = list(_sweeps(traffic, mine & near(traffic), empty, fewest_silent))
    elif flows.is_any("transport", ("icmp6",)).any():
        found = list(_solicited(traffic, fewest_silent))
    return [
        Way(
            f"asked {one.hosts:,} local addresses by {one.title}, of which {one.silent:,} gave nothing",
            one.hosts >= plain_hosts and 4 * one.silent >= one.hosts,
            one.rows,
            measures={"hosts": one.hosts, "silent_hosts": one.silent},
        )
        for one in found
    ]


def ports_tried(traffic: DeviceTraffic, fewest_ports: int, plain_ports: int) -> list[Way]:
    """Local hosts of which many ports were tried in vain."""
    flows = traffic.tables.flows
    tried = own(flows) & brief(flows) & fruitless(flows) & flows.is_any("transport", WITH_PORTS)
    if np.count_nonzero(tried) < fewest_ports:
        return []
    found = port_sweeps(flows, tried & near(traffic), fewest_ports=fewest_ports)
    return [
        Way(f"tried {ports:,} ports of the local host {address} in vain", ports >= plain_ports, rows, address, {"ports": ports})
        for address, ports, rows in found
    ]


def _sweeps(traffic: DeviceTraffic, among: NDArray[np.bool_], empty: NDArray[np.bool_], fewest: int) -> Iterator[Sweep]:
    """What the link needs (ARP, neighbour discovery) and pings are a router's business; connections to many hosts are nobody's."""
    flows = traffic.tables.flows
    remote = flows.codes("remote_addr")
    yield from sweeps(flows, among & flows.is_any("transport", WITH_PORTS), empty, fewest_silent=fewest)
    if serves_the_link(traffic) or not _hears(flows):
        return
    unheard = ~np.isin(remote, remote[flows["down_pkts"] > 0])
    arp = among & flows.is_any("transport", ("arp",))
    arp[arp] = flows["local_addr"][arp] != flows["remote_addr"][arp]
    yield from sweeps(flows, arp, unheard, fewest_silent=fewest)
    pings = among & requests(flows)
    yield from (one for one in sweeps(flows, pings, empty, fewest_silent=0) if _is_ping_sweep(flows, one, fewest))
    yield from _solicited(traffic, fewest)


def _hears(flows: Columns) -> bool:
    """Whether anything that was sent to the device was captured: who sees only what goes to all hosts sees no answer either."""
    return bool((flows["down_pkts"] > 0).any())


def _is_ping_sweep(flows: Columns, one: Sweep, fewest: int) -> bool:
    """Many that do not answer, or very many that are asked once: whoever watches known hosts asks them again."""
    asked_once = int(flows["up_pkts"][one.rows].max()) <= MOST_PINGS and one.rows.size == one.hosts
    return (one.hosts >= fewest and 2 * one.silent >= fewest) or (one.hosts >= 3 * fewest and asked_once)


def _solicited(traffic: DeviceTraffic, fewest: int) -> Iterator[Sweep]:
    """Neighbour solicitations: each goes to the group of its target's last 24 bits (RFC 4291 section 2.7.1)."""
    flows = traffic.tables.flows
    asks = flows.is_any("transport", ("icmp6",)) & flows["device_is_originator"] & (flows["local_port"] == SOLICITATION)
    rows = np.flatnonzero(asks)
    part = flows.take(rows)
    codes, words = part.codes("remote_addr"), part.words("remote_addr")
    groups = {code for code in np.unique(codes).tolist() if words[code].startswith(SOLICITED_NODE)}
    if len(groups) < fewest or serves_the_link(traffic) or not _hears(flows):
        return
    heard = {_last_24_bits(address) for address in flows.take(flows["down_pkts"] > 0).distinct("remote_addr")}
    told = flows.is_any("transport", ("icmp6",)) & ~flows["device_is_originator"] & (flows["remote_port"] == ADVERTISEMENT)
    heard |= {_last_24_bits(address) for address in flows.take(told).distinct("remote_addr")}
    silent = [code for code in groups if _last_24_bits(words[code]) not in heard]
    if len(silent) >= fewest:
        yield Sweep("neighbour discovery", 0, len(groups), len(silent), rows[np.isin(codes, list(groups))])


def _last_24_bits(address: str) -> int:
    parsed = parsed_address(address)
    return int(parsed) & 0xFFFFFF if parsed is not None else -1
