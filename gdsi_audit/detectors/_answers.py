"""Flows in which the device is the one that is called and answers: what makes it a server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Listener
from gdsi_audit.detectors._who_began import inbound
from gdsi_audit.matching.declared_items import hears
from gdsi_audit.matching.flow_kinds import DHCP_PORTS, NEVER_ACCEPTED, WITH_PORTS
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

DISCOVERY = ("mdns", "ssdp", "llmnr", "nbns", "dhcp", "dhcpv6")
"""Answers to discovery and configuration: roles that every host has."""
FIRST_EPHEMERAL_PORT = 32_768
DATAGRAM_SILENCE_NS = 60_000_000_000
"""A datagram that comes so long after the capture's beginning is unlikely to belong to an exchange from before it."""
_PORT = re.compile(r"(?:\d{1,3},){4}(\d{1,3}),(\d{1,3})|\|[12]\|[^|]*\|(\d{1,5})\|")
"""Argument of FTP's PORT and EPRT (RFC 959 section 4.1.2, RFC 2428): where the client waits for data."""


def answered(traffic: DeviceTraffic) -> NDArray[np.intp]:
    """Positions of the flows that another host began, as far as can be told, and that the device answered on a port of its own."""
    flows = traffic.tables.flows
    called = ~flows["device_is_originator"] & (flows["up_pkts"] > 0) & (flows["down_pkts"] > 0)
    if not called.any():
        return np.empty(0, np.intp)
    accepted = ~flows.is_any("conn_state", NEVER_ACCEPTED) | ~flows.is_any("transport", ("tcp",))
    called &= flows.is_any("transport", WITH_PORTS) & accepted & ~flows["remote_is_multicast"] & ~flows.is_any("service", DISCOVERY)
    called &= flows.is_any("transport", ("tcp",)) | (flows["up_bytes"] > 0)
    rows = np.flatnonzero(called)
    return rows[_is_service(traffic, rows) & ~_asked_by_ftp(traffic, rows)] if rows.size else rows


def _is_service(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Leaves out address configuration, and flows that may have begun before the capture did where the port is not plain, or the bytes are cut."""
    part = traffic.tables.flows.take(rows)
    local, remote = part["local_port"].astype(np.int64), part["remote_port"].astype(np.int64)
    dhcp = np.isin(local, list(DHCP_PORTS)) & np.isin(remote, list(DHCP_PORTS))
    plain = (local < remote) & (local < FIRST_EPHEMERAL_PORT)
    begins = np.array([capture.first or 0 for capture in traffic.captures] or [0], np.int64)[part["first_capture"]]
    fresh = part.is_any("transport", ("udp",)) & (part["start"] - begins >= DATAGRAM_SILENCE_NS)
    found: NDArray[np.bool_] = ~dhcp & (inbound(part) | (~part["cut"] & (plain | (fresh & ~_is_turned(part))) & ~_goes_on(traffic, rows)))
    return found


def _goes_on(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Datagrams between two sockets of which the device's was the first to speak: the silence between was too short for another beginning."""
    flows = traffic.tables.flows
    own = np.flatnonzero(flows.is_any("transport", ("udp",)) & flows["device_is_originator"] & ~flows["remote_is_multicast"])
    own = own[np.isin(flows["local_port"][own], flows["local_port"][rows])]
    begun = dict(reversed([(pair, start) for pair, start in zip(_pairs(flows, own), flows["start"][own].tolist(), strict=True)]))
    asked = zip(_pairs(flows, rows), flows["start"][rows].tolist(), strict=True)
    udp: NDArray[np.bool_] = flows.is_any("transport", ("udp",))[rows]
    return udp & np.array([begun.get(pair, start) < start for pair, start in asked], np.bool_)


def _pairs(flows: Columns, rows: NDArray[np.intp]) -> Iterator[tuple[int, str, int]]:
    return zip(*(flows[name][rows].tolist() for name in ("local_port", "remote_addr", "remote_port")), strict=True)


def _is_turned(flows: Columns) -> NDArray[np.bool_]:
    """Whether the first packet was taken for an answer."""
    return np.array([str(history).startswith("^") for history in flows["history"].tolist()], np.bool_)


def _asked_by_ftp(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Data connections that the device itself asked for, as client of FTP."""
    flows = traffic.tables.flows
    servers = dict(zip(flows["flow"].tolist(), flows["remote_addr"].tolist(), strict=True)) if traffic.messages.get("ftp") else {}
    asked = set()
    for message in traffic.messages.get("ftp", ()):
        if getattr(message.body, "verb", "") in ("PORT", "EPRT") and (given := _PORT.search(message.body.argument)):
            asked.add((servers.get(message.flow), int(given[3]) if given[3] else 256 * int(given[1]) + int(given[2])))
    if not asked:
        return np.zeros(rows.size, np.bool_)
    part = flows.take(rows)
    return np.array([pair in asked for pair in zip(part["remote_addr"].tolist(), part["local_port"].tolist(), strict=True)], np.bool_)


def own_sockets(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """UDP flows to a port from which the device itself sends to others: a socket of peer-to-peer, not a service that only waits."""
    flows = traffic.tables.flows
    udp = flows.is_any("transport", ("udp",))
    ports = flows["local_port"]
    used = np.unique(ports[udp & flows["device_is_originator"] & ~flows["remote_is_multicast"]])
    found: NDArray[np.bool_] = udp[rows] & np.isin(ports[rows], used)
    return found


def heard(declaration: Declaration, flows: Columns) -> NDArray[np.bool_]:
    """Calls that a listener is declared for, from just there; a destination that says nothing of who begins takes none of them away."""
    calls = zip(*(flows[name].tolist() for name in ("transport", "local_port", "remote_addr", "remote_is_local")), strict=True)
    return np.array(
        [
            any(hears(one, transport, port, caller, remote_is_local=local) for one in declaration.listeners)
            for transport, port, caller, local in calls
        ],
        np.bool_,
    )


def listener_at(declaration: Declaration, flows: Columns) -> Listener | None:
    """A listener declared for the service of any of `flows`, whoever may call it."""
    services = set(zip(flows["transport"].tolist(), flows["local_port"].tolist(), strict=True))
    return next((one for one in declaration.listeners if (one.transport, one.port) in services), None)
