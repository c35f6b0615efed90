"""Does the device look names up where its network cannot see it?

Looks for: DNS to a resolver other than those that the network offered by DHCP or router advertisement, or to another port; DNS over TLS, QUIC or
HTTPS, by protocol, port or the role of the server; oblivious DNS and DNSCrypt; names looked up over a plain HTTP interface. The resolver may be the
user's choice, so it is `low`, and `medium` only against a written field: `class = "resolver"` is declared and nothing else covers it, or the
declaration is closed (MUD). A declared one is `info`. Without a captured offer in its address family, plain DNS is `low` where a resolver beyond the
network is asked while one inside it answers, and else nothing.

Also looks like this: private DNS that the user switched on, a browser with its own resolver, a first question to a well-known resolver to see whether
there is any internet. Declare the resolver by name or address as a destination.

References: RFC 1035; RFC 2132 section 3.8; RFC 8106; RFC 7858; RFC 8484; RFC 9250; RFC 9230; DNSCrypt protocol version 2; RFC 8520 (MUD) section 6.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _encrypted_dns, _subjects
from gdsi_audit.detectors._counterparts import judged_apart
from gdsi_audit.detectors._encrypted_dns import Lookups
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import Standing, at_most, broken, standing
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.protocols.dns import DNS_PORT
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-7", "GDSI-5")

NAME = "resolver_bypass"
PLAIN = "DNS"
UNSEEN = "while no offer was captured"
"""End of the sign where the network may have offered the resolver before."""
FAMILIES = (False, True)
"""Whether an address has a colon: IPv4, IPv6."""
ALTERNATIVES = (
    "private DNS or a resolver that the user chose",
    "a browser or system library that prefers its own resolver",
    "a test whether the internet can be reached",
)
SHOWN_NAMES = 3


def detect(traffic: DeviceTraffic, declaration: Declaration, *, longest_handshake_bytes: int = 700) -> Iterator[Finding]:
    """See `Detector`. An encrypted connection that sent no more than `longest_handshake_bytes` need not have asked anything: at most `low`."""
    for lookups in (*_unoffered(traffic), *_encrypted_dns.lookups(traffic)):
        parties = judged_apart(traffic, declaration, lookups.rows)
        for party, places in grouped(parties):
            yield from _finding(traffic, declaration, lookups, lookups.rows[places], str(party), longest_handshake_bytes)


def _unoffered(traffic: DeviceTraffic) -> Iterator[Lookups]:
    """Plain DNS to a port that no offer can name, or to anyone but the resolvers offered, in the address family in which an offer was seen."""
    flows = traffic.tables.flows
    plain = flows.is_any("service", ("dns", "dns_tcp")) & flows["device_is_originator"] & ~flows["remote_is_multicast"]
    if not plain.any():
        return
    odd = plain & (flows["remote_port"] != DNS_PORT) & ~flows["remote_is_local"]
    if odd.any():
        yield Lookups(PLAIN, np.flatnonzero(odd), f"a port other than {DNS_PORT}", "medium")
    offered = traffic.offered.get("resolver", ())
    families = {":" in address for address in offered}
    beside = _beside_the_network_s(flows, plain & ~odd, families) if len(families) < len(FAMILIES) else None
    if beside is not None:
        yield beside
    asked = flows.take(plain).distinct("remote_addr") if offered else []
    # A router's link-local address is itself whatever other address of its own it offers.
    foreign = [address for address in asked if address not in offered and (":" in address) in families and not address.startswith("fe80:")]
    rows = np.flatnonzero(plain & ~odd & flows.is_any("remote_addr", foreign))
    if rows.size:
        yield Lookups(PLAIN, rows, f"the network's offer of {_subjects.listed(offered)} only", "high")


def _beside_the_network_s(flows: Columns, plain: NDArray[np.bool_], offered: Collection[bool]) -> Lookups | None:
    """A resolver beyond the network, in an address family in which no offer was captured, while one inside the network answers the device.

    `offered`: the FAMILIES in which one was.
    """
    answered = plain & (flows["down_pkts"] > 0)
    inside = flows.take(answered & flows["remote_is_local"]).distinct("remote_addr")
    beyond = flows.take(answered & ~flows["remote_is_local"]).distinct("remote_addr")
    rows = np.flatnonzero(answered & flows.is_any("remote_addr", [address for address in beyond if (":" in address) not in offered]))
    if not inside or not rows.size:
        return None
    return Lookups(PLAIN, rows, f"{_subjects.listed(inside)} of its own network, which answers it too, {UNSEEN}", "low")


def _finding(
    traffic: DeviceTraffic, declaration: Declaration, lookups: Lookups, rows: NDArray[np.intp], party: str, handshake_bytes: int
) -> Iterator[Finding]:
    stands = standing(traffic, declaration, rows)
    if not stands.judged:
        return
    flows = traffic.tables.flows.take(rows)
    severity, contradicts, says = _graded(declaration, stands, sure=not lookups.sign.endswith(UNSEEN))
    severity = at_most(severity, _ceiling(flows, lookups, handshake_bytes))
    who = _subjects.opening(traffic, declaration)
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{party} ({lookups.kind})",
        severity=severity,
        confidence=lookups.confidence,
        commitments=COMMITMENTS,
        observation=f"{who} asked {_at(party, flows.distinct('remote_addr'))} for names by {lookups.kind} "
        f"({_subjects.listed(_subjects.services(flows))}), to judge by {lookups.sign}: "
        f"{_subjects.moved(flows)}{_asked(traffic, lookups, rows)}; {says}.",
        inference="The network's own resolver, with whatever it logs or blocks, does not see these names; somebody else does.",
        alternatives=ALTERNATIVES,
        refuted_by="The setting that shows the user chose this resolver, or an offer of it by the network.",
        contradicts=contradicts if severity == SEVERITY else (),
        measures={"kind": lookups.kind},
    )


def _ceiling(flows: Columns, lookups: Lookups, handshake_bytes: int) -> str:
    """By what moved: nothing both ways `info`, no more than a handshake `low`."""
    both = (flows["up_bytes"] > 0) & (flows["down_bytes"] > 0)
    if lookups.kind != PLAIN and not both.any():
        return "info"
    readable = lookups.kind in (PLAIN, _encrypted_dns.INTERFACE, _encrypted_dns.DNSCRYPT)
    return SEVERITY if readable or bool((flows["up_bytes"] > handshake_bytes).any()) else "low"


def _at(party: str, addresses: list[str]) -> str:
    return party if addresses == [party] else f"{party} ({_subjects.listed(addresses)})"


def _asked(traffic: DeviceTraffic, lookups: Lookups, rows: NDArray[np.intp]) -> str:
    """How many questions could be read."""
    if lookups.kind != PLAIN:
        return ""
    dns = traffic.tables.dns
    asked = dns.take(np.isin(dns["flow"], traffic.tables.flows["flow"][rows]) & ~dns["response"])
    return f", {len(asked):,} questions (for {_subjects.listed(asked.distinct('query'), SHOWN_NAMES)})" if len(asked) else ""


def _graded(declaration: Declaration, stands: Standing, *, sure: bool) -> tuple[str, tuple[Broken, ...], str]:
    """(severity, what it contradicts, in words). Not `sure`: only an item of its own declares it, since the network may have offered it unseen."""
    of_its_own = stands.destination is None or stands.destination.klass != "resolver"
    if not sure and not (stands.declared and of_its_own):
        return "low", (), "the network may have offered it before the capture"
    if stands.declared:
        return "info", (), "declared"
    resolver = next((item for item in declaration.destinations if item.klass == "resolver"), None)
    if not stands.undeclared or (resolver is None and not declaration.closed):
        return "low", (), "the party is not declared" if stands.undeclared else "nothing is declared of it"
    if resolver is None:
        return SEVERITY, (), "the declaration is closed and does not list it"
    return SEVERITY, broken(resolver.source, "destination", "class"), "only the resolvers that the network offers are declared"
