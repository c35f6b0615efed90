"""Scans of the internet, told from what only fails in many places: dead peers, a lost uplink, traceroute."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._probes import Sweep, fruitless, port_sweeps, requests, sweeps
from gdsi_audit.matching.flow_kinds import WITH_PORTS
from gdsi_audit.tables.columns import Columns

SCANNED_PORTS = frozenset({
    *(21, 22, 23, 25, 81, 102, 110, 111, 135, 139, 143, 389, 445, 502, 512, 513, 514, 515, 554, 587, 993, 1433, 1521, 1723, 1883, 2000, 2222, 2323),
    *(2375, 2404, 3306, 3389, 4786, 5060, 5432, 5555, 5900, 5985, 6379, 7001, 7547, 8080, 8081, 8291, 8443, 8545, 8728, 9200, 11211, 20000, 23231),
    *(27017, 37215, 44818, 47808, 52869, 60001),
    *(69, 137, 161, 623, 1434, 1604, 1900, 3702, 5683, 17185, 37810),
})  # fmt: skip
"""Services that scanners look for and that no peer-to-peer network uses."""
WEB_PORTS = frozenset({80, 443})
QUIET_PORTS = frozenset({53, 123, 3478, 19_302})
"""Asked of many hard-coded servers at once by honest devices whose network lets nothing out."""
TRACEROUTE_PORTS = (33_434, 33_600)
MUCH_BYTES = 4_000
"""Of a conversation with somebody who is there: members of a peer-to-peer network have such beside the dead ones."""


def scans(flows: Columns, away: NDArray[np.bool_], *, fewest_hosts: int) -> Iterator[Sweep]:
    """Ports that were tried in vain at `fewest_hosts` addresses or more that no name led to."""
    unnamed = away & flows.is_any("name", ("",))
    pings = requests(flows)
    carries = flows.is_any("transport", WITH_PORTS)
    empty = fruitless(flows)
    for sweep in sweeps(flows, unnamed & carries, empty, fewest_silent=fewest_hosts):
        if _is_scan(flows, sweep, fewest_hosts):
            yield sweep
    for sweep in sweeps(flows, unnamed & pings, empty, fewest_silent=max(1, fewest_hosts // 2)):
        if sweep.hosts >= fewest_hosts and flows["up_pkts"][sweep.rows].max() <= 8:
            yield sweep


def _is_scan(flows: Columns, sweep: Sweep, fewest_hosts: int) -> bool:
    share = sweep.silent / sweep.hosts
    if sweep.transport == "tcp" and sweep.port in SCANNED_PORTS:
        return share >= 0.5
    if sweep.port in WEB_PORTS or sweep.port in QUIET_PORTS:
        nameable = bool(flows["nameable"][sweep.rows].all())
        return share >= 0.7 and sweep.silent >= (3 if nameable else 10) * fewest_hosts
    if sweep.transport == "udp" and sweep.port in SCANNED_PORTS:
        return share >= 0.7
    talks = np.minimum(flows["up_bytes"][sweep.rows], flows["down_bytes"][sweep.rows]).max() >= MUCH_BYTES
    return share >= 0.8 and sweep.silent >= 3 * fewest_hosts and not talks


def scanned_ports(flows: Columns, away: NDArray[np.bool_], *, fewest_ports: int) -> Iterator[tuple[str, int, NDArray[np.intp]]]:
    """(address, ports tried in vain, positions); traceroute raises its port with every packet."""
    yield from port_sweeps(flows, away & flows.is_any("transport", ("tcp", "sctp")), fewest_ports=fewest_ports)
    first, last = TRACEROUTE_PORTS
    traced = (flows["remote_port"] >= first) & (flows["remote_port"] <= last)
    yield from port_sweeps(flows, away & flows.is_any("transport", ("udp",)) & ~traced, fewest_ports=4 * fewest_ports)
