"""Does the device send its traffic through a tunnel, so that where it goes cannot be seen?

Looks for: WireGuard, OpenVPN, IPsec, L2TP and PPTP by their handshakes; GRE, IP in IP and others by protocol number; Teredo, VXLAN, Geneve and GTP
by port alone (low confidence); SOCKS and HTTP proxies beyond the local network; SSH sessions that the device begins and that last or carry much
both ways; Tor by the certificates and names of its links and by its directory. A tunnel may be the user's choice, so it is `low`, and `medium` only
against a written field: destinations are declared and this is none of them, or `encryption = "tls"` is declared for it. Declared with its port, or
with `encryption = "other"`, it is `info`, and so is a proxy that is declared with its port, whomever it is asked for; nothing is said of tunnels
inside the local network.

Also looks like this: a VPN that the user set up, calls over Wi-Fi by a phone, remote maintenance of the product. Declare the far end with its port.

References: WireGuard white paper (Donenfeld 2017); RFC 7296; RFC 3948; RFC 2661; RFC 2637; RFC 2784; RFC 2003; RFC 4213; RFC 1928; RFC 4254 section
7; tor-spec (links).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _subjects, _tunnels
from gdsi_audit.detectors._counterparts import judged_apart
from gdsi_audit.detectors._from_flows import ends, finding
from gdsi_audit.detectors._standing import Standing, standing
from gdsi_audit.detectors._tunnels import Tunnel
from gdsi_audit.detectors._who_began import perhaps_inbound
from gdsi_audit.findings.finding import CONFIDENCES, Broken, Finding
from gdsi_audit.matching import through_declared_proxies
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-7",)

NAME = "anonymising_tunnel"
PROXIES = (_tunnels.SOCKS, _tunnels.PROXY)
ALTERNATIVES = (
    "a virtual private network or proxy that the user set up",
    "calls over Wi-Fi, or remote maintenance, that are part of the product",
    "a way round a network without IPv6 or without a public address",
)


def detect(
    traffic: DeviceTraffic, declaration: Declaration, *, longest_session_s: float = 600.0, most_session_bytes: int = 50_000
) -> Iterator[Finding]:
    """See `Detector`. An SSH session counts from `longest_session_s` on, or from `most_session_bytes` each way."""
    by_party: dict[str, list[Tunnel]] = defaultdict(list)
    for tunnel in _tunnels.tunnels(traffic, longest_session_s, most_session_bytes):
        if tunnel.kind == _tunnels.TOR:
            by_party[_tunnels.TOR].append(tunnel)
            continue
        for party, places in grouped(_parties(traffic, declaration, tunnel)):
            by_party[str(party)].append(tunnel._replace(rows=tunnel.rows[places]))
    for party, parts in sorted(by_party.items()):
        yield from _finding(traffic, declaration, party, parts)


def _parties(traffic: DeviceTraffic, declaration: Declaration, tunnel: Tunnel) -> NDArray[np.object_]:
    """Who carries it: of a proxy the address, since the name is that of whom it was asked for."""
    if tunnel.kind in PROXIES:
        return traffic.tables.flows.take(tunnel.rows)["remote_addr"]
    return judged_apart(traffic, declaration, tunnel.rows)


def _finding(traffic: DeviceTraffic, declaration: Declaration, party: str, parts: list[Tunnel]) -> Iterator[Finding]:
    rows = np.unique(np.concatenate([part.rows for part in parts]))
    stands = standing(traffic, declaration, rows)
    if not stands.judged:
        return
    flows = traffic.tables.flows.take(rows)
    addresses = flows.distinct("remote_addr")
    proxies = all(part.kind in PROXIES for part in parts) and through_declared_proxies(traffic, declaration, rows)
    severity, contradicts, says = ("info", (), "the proxy is declared") if proxies else _graded(traffic, stands, rows)
    who = _subjects.opening(traffic, declaration)
    kinds = _subjects.listed(part.kind for part in parts)
    length_s = float(ends(flows).max() - flows["start"].min()) / 1e9
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{addresses[0] if party == _tunnels.TOR else party} ({kinds})",
        severity=severity,
        confidence=max((part.confidence for part in parts), key=CONFIDENCES.index),
        commitments=COMMITMENTS,
        observation=f"{who} used {kinds} with {_subjects.listed(addresses)} ({_subjects.listed(_subjects.services(flows))}), "
        f"to judge by {_subjects.listed(part.sign for part in parts)}: {_subjects.moved(flows)}, {_subjects.lasted(length_s)}; {says}.",
        inference="Whom the device reaches through it, what is sent and who reaches the device through it cannot be seen in this capture.",
        alternatives=ALTERNATIVES,
        refuted_by="The setting with which the user asked for it, or the keys that show whom the traffic inside goes to.",
        contradicts=contradicts,
        measures={"kinds": kinds, "length_s": round(length_s, 3)},
    )


def _declares_tunnel(item: Destination) -> bool:
    return bool(item.ports) or item.encryption == "other"


def _graded(traffic: DeviceTraffic, stands: Standing, rows: NDArray[np.intp]) -> tuple[str, tuple[Broken, ...], str]:
    """(severity, what it contradicts, in words)."""
    flows, item = traffic.tables.flows.take(rows), stands.destination
    if not bool(((flows["up_pkts"] > 0) & (flows["down_pkts"] > 0)).any()):
        return "info", (), "only one side was heard"
    if stands.declared:
        if item is not None and item.encryption == "tls":
            return SEVERITY if stands.sure else "low", stands.broken("encryption"), f"declared is TLS{stands.doubt}"
        kept = item is None or _declares_tunnel(item)
        return ("info", (), "declared") if kept else ("low", (), "the destination is declared, the tunnel is not")
    if perhaps := stands.may_be(_declares_tunnel):
        return "info", (), perhaps
    if not stands.undeclared:
        return "low", (), "nothing is declared of it"
    return "low" if perhaps_inbound(flows).all() else SEVERITY, (), "the party is not declared"
