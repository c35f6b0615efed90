"""Reasons to doubt that the name a flow shows is that of the party it goes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Destination
from gdsi_audit.detectors import _certificate_names, _cipher_suites, _strangers, _subjects, _tor_links
from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._handshakes import Spoken, handshakes
from gdsi_audit.detectors._strangers import Decoy
from gdsi_audit.naming import names
from gdsi_audit.traffic import DeviceTraffic


def decoys(traffic: DeviceTraffic, least_unassigned: int) -> list[tuple[str, list[Decoy]]]:
    """Reasons by name."""
    by_name: dict[str, list[Decoy]] = defaultdict(list)
    for source in (_strangers.elsewhere(traffic), _foreign_certificates(traffic), _two_names(traffic), _no_tls(traffic, least_unassigned)):
        for name, decoy in source:
            by_name[name].append(decoy)
    return sorted(by_name.items())


def is_within(traffic: DeviceTraffic, address: str, items: Iterable[Destination]) -> bool:
    """Whether one of `items` has the address, or the number of its network."""
    endpoint, parsed = traffic.endpoints.get(address), ip_address(address)
    asn = endpoint.place.asn if endpoint is not None else 0
    return any((item.network is not None and parsed in item.network) or (item.asn is not None and item.asn == asn) for item in items)


def _foreign_certificates(traffic: DeviceTraffic) -> Iterator[tuple[str, Decoy]]:
    """Chains whose own certificate is for registered domains of which the shown name's is none, where the connection was then used."""
    for chain in handshakes(traffic).chains:
        # A certificate like those of Tor says that a tunnel is dressed up as the web; that is a question of its own.
        if not chain.body.chain or _tor_links.is_made_up(chain.body.chain):
            continue
        leaf = chain.body.chain[0]
        for name, rows in _shown(traffic, chain):
            others = _certificate_names.other_parties(leaf, name)
            if others and not names.is_address(name):
                made_by = "made by itself" if leaf.self_signed else f"issued by {leaf.issuer}"
                says = f"the certificate in return is for {_subjects.listed(_certificate_names.listed(leaf))} ({made_by})"
                yield name, Decoy("certificate", rows, "medium" if leaf.self_signed else "high", "medium", says)


def _shown(traffic: DeviceTraffic, spoken: Spoken) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """The server names of the device's own used connections in which `spoken` was said, with their rows."""
    flows = traffic.tables.flows
    answered = [flow for flow, answers in zip(spoken.flows, spoken.from_responder, strict=True) if answers]
    rows = rows_of(traffic, answered)
    used = flows["device_is_originator"][rows] & flows["application_data"][rows] & ~flows["remote_is_local"][rows]
    rows = rows[used & flows.is_any("name_source", ("tls-sni",))[rows]]
    codes = flows.codes("name")[rows]
    for code in np.unique(codes).tolist():
        yield flows.words("name")[code], rows[codes == code]


def _two_names(traffic: DeviceTraffic) -> Iterator[tuple[str, Decoy]]:
    """Requests that name one party to whoever carries them and another inside."""
    inner: dict[tuple[str, str], list[int]] = defaultdict(list)
    outer: dict[int, str] = {m.flow: m.body.host for m in traffic.messages.get("socks", ()) if m.body.command}
    for message in traffic.messages.get("http", ()):
        hosts: tuple[str, ...] = getattr(message.body, "hosts", ())
        if len(hosts) > 1:
            inner[hosts[0], hosts[1]].append(message.flow)
        if hosts and getattr(message.body, "hands_over", False):
            outer[message.flow] = hosts[0]
    for spoken in handshakes(traffic).hellos if outer else ():
        for flow in spoken.flows:
            if spoken.body.server_name and flow in outer:
                inner[outer[flow], spoken.body.server_name.lower()].append(flow)
    for (first, second), flows in sorted(inner.items()):
        rows = rows_of(traffic, flows)
        if rows.size and _differ(first, second):
            yield first, Decoy("fronting", rows, "high", "medium", f"inside the same connection it asked for {second}")


def _differ(first: str, second: str) -> bool:
    named = not names.is_address(first) and not names.is_address(second) and "." in first and "." in second
    return named and names.registered_domain(first) != names.registered_domain(second)


def _no_tls(traffic: DeviceTraffic, least_unassigned: int) -> Iterator[tuple[str, Decoy]]:
    """Hellos that only look like it."""
    by_name: dict[str, list[tuple[int, int, list[int]]]] = defaultdict(list)
    for spoken in handshakes(traffic).hellos:
        suites = spoken.body.cipher_suites
        unassigned = _cipher_suites.unassigned(suites) if spoken.body.server_name else 0
        if unassigned >= least_unassigned and 2 * unassigned > len(suites):
            sent = [flow for flow, answers in zip(spoken.flows, spoken.from_responder, strict=True) if not answers]
            by_name[spoken.body.server_name.lower()].append((unassigned, len(suites), sent))
    for name, hellos in sorted(by_name.items()):
        flows = traffic.tables.flows
        rows = rows_of(traffic, [flow for _, _, sent in hellos for flow in sent])
        rows = rows[flows["device_is_originator"][rows] & ~flows["remote_is_local"][rows]]
        if rows.size:
            unassigned, size, _ = max(hellos)
            says = f"{unassigned} of the {size} cipher suites in the hello exist in no implementation of TLS, so whoever answers speaks another"
            yield name, Decoy("hello", rows, "high", "high", says)
