"""Connections that carry other connections beyond the local network, each kind by its own marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _tor_links
from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._handshakes import handshakes
from gdsi_audit.naming import names
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

SERVICES = {
    "wireguard": ("WireGuard", "messages of its sizes and counters"),
    "openvpn": ("OpenVPN", "the reset that opens a session"),
    "openvpn_tcp": ("OpenVPN", "the reset that opens a session"),
    "ike": ("IPsec", "its key exchange"),
    "l2tp": ("L2TP", "its control messages"),
    "pptp": ("PPTP", "its control connection"),
}
"""By the protocol that was recognised."""
CARRIERS = {
    "ip-4": "IP in IP",
    "ip-41": "IPv6 in IPv4",
    "ip-47": "GRE",
    "ip-50": "IPsec",
    "ip-51": "IPsec",
    "ip-94": "IP in IP",
    "ip-97": "Ethernet in IP",
    "ip-115": "L2TP",
    "ip-137": "MPLS in IP",
    "ip-143": "Ethernet in IP",
}
"""By the number of the protocol above IP."""
PORTS = {1701: "L2TP", 2152: "GTP", 3544: "Teredo", 4500: "IPsec", 4789: "VXLAN", 5072: "AYIYA", 6081: "Geneve"}
"""Datagrams whose port is all that tells."""
SOCKS, PROXY, SSH, TOR = "SOCKS", "HTTP proxy", "SSH", "Tor"
ONION_PORT = 9001
DIRECTORY = "/tor/"


class Tunnel(NamedTuple):
    """One kind."""

    kind: str
    rows: NDArray[np.intp]
    sign: str
    confidence: str


def tunnels(traffic: DeviceTraffic, longest_session_s: float, most_session_bytes: int) -> Iterator[Tunnel]:
    """All kinds that `traffic` shows. SSH is one from `longest_session_s`, or from `most_session_bytes` each way."""
    flows = traffic.tables.flows
    beyond = ~flows["remote_is_local"] & ~flows["remote_is_multicast"]
    if not beyond.any():
        return
    for one in (
        *_by_service(flows),
        *_by_carrier(flows),
        *_by_port(flows),
        *_proxies(traffic),
        *_ssh(flows, longest_session_s, most_session_bytes),
        *_tor(traffic),
    ):
        rows = one.rows[beyond[one.rows]]
        if rows.size:
            yield one._replace(rows=rows)


def _by_service(flows: Columns) -> Iterator[Tunnel]:
    for service, (kind, sign) in SERVICES.items():
        yield Tunnel(kind, np.flatnonzero(flows.is_any("service", (service,))), sign, "high")


def _by_carrier(flows: Columns) -> Iterator[Tunnel]:
    for transport in CARRIERS if flows.fits("transport", lambda word: word.startswith("ip-")).any() else ():
        sign = f"protocol {transport.removeprefix('ip-')} above IP"
        yield Tunnel(CARRIERS[transport], np.flatnonzero(flows.is_any("transport", (transport,))), sign, "high")


def _by_port(flows: Columns) -> Iterator[Tunnel]:
    """Both ports are the same for IPsec behind NAT traversal; others have theirs at the far end only."""
    nameless = flows.is_any("transport", ("udp",)) & flows.is_any("service", ("",)) & (flows["up_bytes"] > 0) & (flows["down_bytes"] > 0)
    for port, kind in PORTS.items() if nameless.any() else ():
        rows = np.flatnonzero(nameless & (flows["remote_port"] == port) & ((port != 4500) | (flows["local_port"] == port)))
        yield Tunnel(kind, rows, f"port {port} alone", "low")


def _proxies(traffic: DeviceTraffic) -> Iterator[Tunnel]:
    """Somebody beyond the local network who is asked to connect to others."""
    own = traffic.tables.flows["device_is_originator"]
    asked = [message.flow for message in traffic.messages.get("socks", ()) if message.body.command]
    tunnelled = [message.flow for message in traffic.messages.get("http", ()) if getattr(message.body, "hands_over", False)]
    for kind, flows, sign in ((SOCKS, asked, "requests to connect to others"), (PROXY, tunnelled, "CONNECT requests")):
        rows = rows_of(traffic, flows) if flows else np.empty(0, np.intp)
        yield Tunnel(kind, rows[own[rows]], sign, "high")


def _ssh(flows: Columns, longest_s: float, most_bytes: int) -> Iterator[Tunnel]:
    """Sessions that the device begins and that last, or carry much both ways."""
    sessions = flows.is_any("service", ("ssh",)) & flows["device_is_originator"]
    if sessions.any():
        much = np.minimum(flows["up_bytes"], flows["down_bytes"]) >= most_bytes
        rows = np.flatnonzero(sessions & (much | (flows["duration_s"] >= longest_s)))
        yield Tunnel(SSH, rows, "a session that the device began and that lasts or carries much both ways", "medium")


def _tor(traffic: DeviceTraffic) -> Iterator[Tunnel]:
    own = traffic.tables.flows["device_is_originator"]
    dressed = [flow for one in handshakes(traffic).chains if one.body.chain and _tor_links.is_made_up(one.body.chain) for flow in one.flows]
    asks = [message.flow for message in traffic.messages.get("http", ()) if getattr(message.body, "target", "").startswith(DIRECTORY)]
    for flows, sign in ((dressed, "certificates between made-up names, as its links make them"), (asks, "requests to its directory")):
        rows = rows_of(traffic, flows) if flows else np.empty(0, np.intp)
        yield Tunnel(TOR, rows[own[rows]], sign, "high")
    yield from _made_up_names(traffic, own)


def _made_up_names(traffic: DeviceTraffic, own: NDArray[np.bool_]) -> Iterator[Tunnel]:
    """Where certificates are encrypted: several made-up names, none of them ever looked up, in hellos that offer no application protocol."""
    hellos = [one for one in handshakes(traffic).hellos if not one.body.alpn and _is_made_up(traffic, one.body.server_name, one.flows)]
    if not hellos:
        return
    dns = traffic.tables.dns
    asked = set(dns.distinct("query")) if len(dns) else set()
    hellos = [one for one in hellos if one.body.server_name not in asked]
    rows = rows_of(traffic, (flow for one in hellos for flow in one.flows))
    rows = rows[own[rows]]
    at_port = bool((traffic.tables.flows["remote_port"][rows] == ONION_PORT).any())
    if rows.size and _are_random([one.body.server_name for one in hellos], 1 if at_port else 2):
        yield Tunnel(TOR, rows, "made-up server names that were never looked up", "medium")


def _is_made_up(traffic: DeviceTraffic, name: str, flows: Iterable[int]) -> bool:
    """Whether `name` is as Tor makes them; short ones only at its port."""
    if _tor_links.is_made_up_name(name) or not _tor_links.is_shown_name(name):
        return _tor_links.is_made_up_name(name)
    return bool((traffic.tables.flows["remote_port"][rows_of(traffic, flows)] == ONION_PORT).any())


def _are_random(shown: Iterable[str], least: int) -> bool:
    """Whether there are enough names, and digits in at least half of them: of random base32 text of this length four in five have one."""
    labels = [names.registered_domain(name) for name in set(shown)]
    return len(labels) >= least and 2 * sum(any(letter.isdigit() for letter in label) for label in labels) >= len(labels)
