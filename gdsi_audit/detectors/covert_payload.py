"""Does something else travel on the port, or in the fields, of a protocol that filters let pass?

Looks for: datagrams on port 53 that are no DNS message and on port 123 that are no NTP message, counted one by one, so that a few real ones do not
hide the rest; connections to port 53 that speak something else; NTP extension fields that belong to no known extension, and NTP timestamps that lie
ten years or more from the capture and from each other, as random bytes do and a wrong clock does not; IP options, extension headers and bytes
behind a datagram, which make packets larger than their headers and payload. To an address without name that no item
declares, a connection to port 443 that speaks neither TLS nor HTTP is `low`, and so are HTTP requests to a party that is not declared whose forms
hold nothing but random bytes, different each time. Flows that the snapshot length cut are left out. Inside the local network it is `low` too. Bytes
are payload less what was understood.

Also looks like this: an update, or a zone transfer, that the reader of DNS does not know; a captive portal; a VPN that its user set to port 53; a
vendor's own protocol on port 443. Declaring the port does not silence data in another protocol's fields; a port of the protocol's own does.

References: RFC 791 section 3.1; RFC 8200 section 4; RFC 1035; RFC 5905 section 7.3; RFC 7822 (NTP extension fields); RFC 8915 (network time
security).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _opaque_forms, _subjects
from gdsi_audit.detectors._foreign_packets import Foreign, in_headers, on_ports, understood
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._who_began import perhaps_inbound
from gdsi_audit.findings.finding import Finding
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.protocols import Message, ntp
from gdsi_audit.protocols.dns import DNS_PORT
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-2", "GDSI-7")

SEVERITY_OF_LITTLE = "medium"
ENOUGH_BYTES = 1_000
"""Payload beside the protocol from which on it is of base severity."""
NAME = "covert_payload"
TLS_PORT = 443
ALTERNATIVES = (
    "a VPN or relay that its user set to this port because it is seldom blocked",
    "a message of the protocol that this program cannot read",
    "a captive portal or middle box that answers in the service's place",
)


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    fewest_pkts: int = 5,
    least_share: float = 0.5,
    least_bytes: int = 100,
    fewest_forms: int = 6,
    least_form_bytes: int = 400,
) -> Iterator[Finding]:
    """See `Detector`. At least `fewest_pkts` packets with `least_bytes` of payload, and `least_share` of what the device sent; or `fewest_forms`."""
    flows = traffic.tables.flows
    ports = np.where(flows["device_is_originator"], flows["remote_port"], flows["local_port"])
    sent = (flows["up_bytes"] > 0) & ~flows["cut"] & flows.is_any("transport", ("udp", "tcp"))
    spoken = sent & np.isin(ports, (DNS_PORT, ntp.PORT)) & ~flows["remote_is_multicast"] & ~understood(traffic)
    headers = in_headers(flows)
    if spoken.any() or headers.rows.size:
        judged = ~matches(traffic, declaration).is_any("verdict", ("bench", "link_upkeep"))
        found = [_mostly(traffic, one, judged, least_share) for one in (*on_ports(traffic, spoken, ports), headers)]
        yield from _findings(traffic, declaration, found, fewest_pkts, least_bytes)
    plain = sent & (ports == TLS_PORT) & flows.is_any("service", ("",))
    if plain.any():
        yield from _on_443(traffic, declaration, plain)
    yield from _in_forms(traffic, declaration, fewest_forms, least_form_bytes)


def _mostly(traffic: DeviceTraffic, one: Foreign, judged: NDArray[np.bool_], least_share: float) -> Foreign:
    """The flows of which that share is foreign."""
    much = (one.sizes > 0) & (one.pkts >= least_share * traffic.tables.flows["up_pkts"][one.rows]) & judged[one.rows]
    return Foreign(one.rows[much], one.pkts[much], one.sizes[much], one.kind)


def _findings(traffic: DeviceTraffic, declaration: Declaration, found: Sequence[Foreign], fewest_pkts: int, least_bytes: int) -> Iterator[Finding]:
    """One per kind and address, however many flows it is spread over."""
    rows, pkts, sizes = (np.concatenate([one[place] for one in found]) for place in range(3))
    kinds = [one.kind for one in found for _ in range(one.rows.size)]
    addresses = traffic.tables.flows.take(rows)["remote_addr"].tolist()
    for (kind, address), group in grouped(list(zip(kinds, addresses, strict=True))):
        if pkts[group].sum() >= fewest_pkts and sizes[group].sum() >= least_bytes:
            yield _finding(traffic, declaration, Foreign(rows[group], pkts[group], sizes[group], kind), address)


def _finding(traffic: DeviceTraffic, declaration: Declaration, found: Foreign, address: str) -> Finding:
    who = _subjects.opening(traffic, declaration)
    group = traffic.tables.flows.take(found.rows)
    pkts, size = int(found.pkts.sum()), int(found.sizes.sum())
    cautious = bool((group["remote_is_local"] | perhaps_inbound(group)).all())
    severity = "low" if cautious else SEVERITY if size >= ENOUGH_BYTES else SEVERITY_OF_LITTLE
    protocols = _subjects.listed(group.distinct("service")) or "nothing known"
    return finding(
        traffic,
        found.rows,
        detector=NAME,
        subject=f"{address} {found.kind}",
        severity=severity,
        confidence="high" if size >= ENOUGH_BYTES else "medium",
        commitments=COMMITMENTS,
        observation=f"{who} sent {address} {size:,} bytes in {pkts:,} packets that are {found.kind} (recognised: {protocols}); "
        f"altogether {_subjects.moved(group)}.",
        inference="A port that filters let pass carries something else than its protocol.",
        alternatives=ALTERNATIVES,
        refuted_by="A reader of the protocol that understands these packets, or the vendor's description of what they are.",
        measures={"foreign_pkts": pkts, "foreign_bytes": size},
    )


def _on_443(traffic: DeviceTraffic, declaration: Declaration, plain: NDArray[np.bool_]) -> Iterator[Finding]:
    """Neither TLS nor HTTP, to an address without a name that is not declared."""
    flows = traffic.tables.flows
    begun = flows.fits("history", lambda history: history.startswith("S")) & flows.is_any("transport", ("tcp",)) & flows.is_any("name", ("",))
    both = (flows["down_bytes"] > 0) & (flows["missed_bytes"] == 0) & ~flows["remote_is_local"]
    aside = matches(traffic, declaration).is_any("verdict", ("declared", "bench", "background"))
    chosen = np.flatnonzero(plain & begun & both & ~aside)
    for address, rows in grouped(flows.take(chosen)["remote_addr"]):
        group = chosen[rows]
        yield finding(
            traffic,
            group,
            detector=NAME,
            subject=f"{address} no TLS on port 443",
            severity="low",
            confidence="low",
            commitments=COMMITMENTS,
            observation=f"{_subjects.moved(flows.take(group))} with {address} on port 443 began with neither TLS nor HTTP, "
            "and the address has no name.",
            inference="A protocol of its own uses the port of TLS.",
            alternatives=("a vendor's own protocol on a port that is seldom blocked", *ALTERNATIVES),
            refuted_by="The vendor's description of the protocol, and a name for the address.",
        )


def _in_forms(traffic: DeviceTraffic, declaration: Declaration, fewest_forms: int, least_form_bytes: int) -> Iterator[Finding]:
    """Random bytes as forms or text, again and again, to a party that is not declared."""
    flows = traffic.tables.flows
    clear = flows.is_any("service", ("http",)) & ~flows["remote_is_local"] & ~flows["cut"] & (flows["up_bytes"] > least_form_bytes // fewest_forms)
    chosen = np.flatnonzero(clear & ~matches(traffic, declaration).is_any("verdict", ("declared", *NOT_JUDGED)))
    said = _opaque_forms.opaque_requests(traffic, frozenset(flows["flow"][chosen].tolist()))
    for party, rows in grouped(_subjects.parties(flows.take(chosen))) if said else ():
        told = [one for flow in flows["flow"][chosen[rows]].tolist() for one in said.get(flow, ())]
        pieces = [data for _, data in told]
        if len(told) >= fewest_forms and sum(map(len, pieces)) >= least_form_bytes and _opaque_forms.are_random(pieces):
            yield _form_finding(traffic, declaration, chosen[rows], party, told)


def _form_finding(
    traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], party: str, told: Sequence[tuple[Message, bytes]]
) -> Finding:
    ids = np.array([message.flow for message, _ in told], np.int64)
    group = rows[np.isin(traffic.tables.flows["flow"][rows], ids)]
    size, who = sum(len(data) for _, data in told), _subjects.opening(traffic, declaration)
    addresses = _subjects.listed(traffic.tables.flows.take(group).distinct("remote_addr"))
    return finding(
        traffic,
        group,
        detector=NAME,
        subject=f"{party} random bytes in forms",
        severity="low",
        confidence="medium",
        commitments=COMMITMENTS,
        observation=f"{who} sent {party} ({addresses}) {len(told):,} HTTP requests whose form or text is nothing but random "
        f"bytes in hexadecimal or base64, different each time: {size:,} bytes once decoded.",
        inference="Encrypted messages travel inside readable HTTP under a type that says form or text.",
        alternatives=(
            "an application that encrypts its messages itself instead of using TLS",
            "compressed or signed reports of an analytics library",
        ),
        refuted_by="The vendor's description of the messages, and what they hold once decrypted.",
        measures={"foreign_messages": len(told), "foreign_bytes": size},
    )
