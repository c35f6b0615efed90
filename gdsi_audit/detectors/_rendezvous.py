"""How two hosts behind routers find each other: relays, and addresses that both begin to send to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._exchanges import exchanges
from gdsi_audit.protocols.stun import ALLOCATE, BINDING, DATA, SEND, USERNAME
from gdsi_audit.traffic import DeviceTraffic

RELAYING = frozenset({ALLOCATE, 4, SEND, DATA, 8, 9, 10, 11, 12})
"""Allocate, refresh, send, data, create permission, channel bind (RFC 8656 section 17); connect and its kin over TCP (RFC 6062)."""
REQUEST, SUCCESS = 0, 2
SERVED_PORTS = 1024
"""Below stand services, above both ends of a hole that was punched."""


class StunFlow(NamedTuple):
    """What STUN says of a flow."""

    row: int
    relays: bool
    """It asks for a relay, or uses one."""
    allocated: bool
    """The relay gave an address."""
    peer: bool
    """Both ends check the path (ICE): the other one is no server."""


def stun_flows(traffic: DeviceTraffic) -> list[StunFlow]:
    """Flows beyond the local network that hold messages of STUN."""
    local = traffic.tables.flows["remote_is_local"]
    said: dict[int, set[tuple[bool, int, int, bool]]] = defaultdict(set)
    for one in exchanges(traffic, "stun", "stun_tcp"):
        body = one.message.body
        if not local[one.row]:
            said[one.row].add((one.sent, body.method, body.message_class, any(code == USERNAME for code, _ in body.attributes)))
    return [_stun_flow(row, words) for row, words in sorted(said.items())]


def _stun_flow(row: int, said: set[tuple[bool, int, int, bool]]) -> StunFlow:
    relays = any(method in RELAYING for _, method, _, _ in said)
    asked = any(not sent and method == BINDING and kind == REQUEST for sent, method, kind, _ in said)
    checks = any(sent and method == BINDING and kind == REQUEST and named for sent, method, kind, named in said)
    allocated = any(not sent and method == ALLOCATE and kind == SUCCESS for sent, method, kind, _ in said)
    return StunFlow(row, relays, allocated or (relays and _is_in_use(said)), not relays and (asked or checks))


def _is_in_use(said: set[tuple[bool, int, int, bool]]) -> bool:
    """Where the allocation was not captured: permissions, channels and data exist only behind one."""
    return any(method in RELAYING - {ALLOCATE} and (kind == SUCCESS or method in (SEND, DATA)) for _, method, kind, _ in said)


def same_socket(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Positions of the flows beyond the local network that use the same port of the device over UDP, `rows` included."""
    flows = traffic.tables.flows
    sockets = flows.codes("local_addr").astype(np.int64) << 16 | flows["local_port"].astype(np.int64)
    shares = flows.is_any("transport", ("udp",)) & ~flows["remote_is_local"] & np.isin(sockets, sockets[rows])
    shares[rows] = True
    return np.flatnonzero(shares)


def punched(traffic: DeviceTraffic, known: NDArray[np.bool_], *, most_peers: int) -> Iterator[NDArray[np.intp]]:
    """Positions of the flows with peers, for each port of the device that first spoke with somebody else.

    A peer has no name, answers, and is at another port than whoever introduced it. Many of them make a peer-to-peer network, not a call.
    `known`: flows that are explained otherwise.
    """
    flows = traffic.tables.flows
    high = flows.is_any("transport", ("udp",)) & ~flows["remote_is_local"] & (flows["local_port"] >= SERVED_PORTS)
    mutual = high & (flows["up_pkts"] > 0) & (flows["down_pkts"] > 0) & (flows["remote_port"] >= SERVED_PORTS)
    candidates = (
        mutual & flows.is_any("name", ("",)) & flows.is_any("service", ("", "dtls")) & (flows["start"] < traffic.complete_until("dns")) & ~known
    )
    if not candidates.any():
        return
    sockets = flows.codes("local_addr").astype(np.int64) << 16 | flows["local_port"].astype(np.int64)
    remote, start = flows.codes("remote_addr"), flows["start"]
    for socket in np.unique(sockets[candidates]).tolist():
        shares = np.flatnonzero(high & (sockets == socket) & (flows["up_pkts"] > 0))
        first = shares[np.argmin(start[shares])]
        others = (remote[shares] != remote[first]) & (flows["remote_port"][shares] != flows["remote_port"][first]) & (start[shares] >= start[first])
        peers = shares[others & candidates[shares]]
        if 0 < np.unique(remote[peers]).size <= most_peers:
            yield peers
