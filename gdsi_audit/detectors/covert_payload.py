"""Does something else travel on the port, or in the fields, of a protocol that filters let pass?

Looks for: datagrams on port 53 that are no DNS message and on port 123 that are no NTP message, counted one by one, so that a few real ones do not
hide the rest; connections to port 53 that speak something else; NTP extension fields that belong to no known extension, and NTP timestamps that lie
ten years or more from the capture and from each other, as random bytes do and a wrong clock does not; IP options, extension headers and bytes
behind a datagram, which make packets larger than their headers and payload. To an address without name that no item
declares, a connection to port 443 that speaks neither TLS nor HTTP is `low`, and so are HTTP requests to a party that is not declared whose forms
hold nothing but random bytes, different each time. Flows that the snapshot length cut are left out. Inside the local network it is `low` too. Bytes
are payload less what was understood.

Also looks like this: an update, or a zone transfer, that the reader of DNS does not know; a captive portal; a VPN that its user set to port 53; a
vendor's own protocol on port 443. Declaring the port does not silence data in another protocol's fields; naming the protocol in the item's purpose
and moving it to a port of its own does.

References: RFC 791 section 3.1; RFC 8200 section 4; RFC 1035; RFC 5905 section 7.3; RFC 7822 (NTP extension fields); RFC 8915 (network time
security).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.columns import Columns, grouped
from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _opaque_forms, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.distinct import rows_of
from gdsi_audit.finding import Finding
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.messages import Unread, unread
from gdsi_audit.protocols import Message, ntp
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-2", "GDSI-7")

SEVERITY_OF_LITTLE = "medium"
ENOUGH_BYTES = 1_000
"""Payload beside the protocol from which on it is of base severity."""
NAME = "covert_payload"
DNS_PORT, NTP_PORT, TLS_PORT = 53, 123, 443
MOST_MESSAGES_PER_FLOW = 64
"""So many NTP messages of a flow are kept: more cannot be told from none."""
TEN_YEARS_NS = 315_576_000 * 10**9
NTP_EPOCH_S = 2_208_988_800
SMALLEST_OPTIONS_BYTES = 4
ROUTER_ALERT_BYTES = 8
"""A hop-by-hop header with the one option that hosts do send (RFC 2711)."""
NO_INSTANT = -(1 << 62)
BARE = np.dtype([("first", "u1"), ("rest", "V15"), ("timestamps", ">u8", 4)])
"""An NTP header, as far as it is looked at."""
NTS_FIELDS = frozenset({0x0104, 0x0404})
"""Unique identifier and authenticator: with both, the other fields of the range are network time security's (RFC 8915 section 5)."""
KNOWN_FIELDS = frozenset({0x2005, 0x0104, 0x0204, 0x0304, 0x0404})
AUTOKEY = 0x02
"""Low byte of Autokey's field types (RFC 5906 section 10)."""
ALTERNATIVES = (
    "a VPN or relay that its user set to this port because it is seldom blocked",
    "a message of the protocol that this program cannot read",
    "a captive portal or middle box that answers in the service's place",
)


class Foreign(NamedTuple):
    """What flows hold besides their port's protocol; one entry per flow."""

    rows: NDArray[np.intp]
    """In the table of flows."""
    pkts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    """Bytes."""
    kind: str


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
    spoken = sent & np.isin(ports, (DNS_PORT, NTP_PORT)) & ~flows["remote_is_multicast"] & ~_understood(traffic)
    headers = _in_headers(flows)
    if spoken.any() or headers.rows.size:
        judged = ~matches(traffic, declaration).is_any("verdict", ("bench", "link_upkeep"))
        found = [_mostly(traffic, one, judged, least_share) for one in (*_foreign(traffic, spoken, ports), headers)]
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


def _in_headers(flows: Columns) -> Foreign:
    """Packets larger than plain headers and payload make them: options, extension headers, bytes behind a datagram.

    Of TCP, whose own options are part of every connection, only that there are IPv4 options is known: four bytes each at least.
    """
    datagrams, pkts = flows.is_any("transport", ("udp", "icmp", "icmp6")), flows["up_pkts"]
    is_v6 = flows.fits("local_addr", lambda address: ":" in address)
    beside = flows["up_ip_bytes"] - flows["up_bytes"] - np.where(is_v6, 48, 28) * pkts
    sizes = np.where(datagrams, beside, SMALLEST_OPTIONS_BYTES * pkts * flows["ip_options"])
    rows = np.flatnonzero((sizes > np.where(is_v6, ROUTER_ALERT_BYTES, 0) * pkts) & ~flows["cut"] & ~flows["remote_is_multicast"])
    return Foreign(rows, pkts[rows], sizes[rows], "data in IP headers")


def _foreign(traffic: DeviceTraffic, spoken: NDArray[np.bool_], ports: NDArray[np.uint16]) -> list[Foreign]:
    """What flows on the ports of DNS and NTP hold besides."""
    flows = traffic.tables.flows
    datagrams = flows.is_any("transport", ("udp",))
    on_53, on_123 = spoken & (ports == DNS_PORT), spoken & (ports == NTP_PORT)
    return [
        _on_53(traffic, np.flatnonzero(on_53 & datagrams & (flows["device_is_originator"] | ~flows.is_any("service", ("dns",))))),
        _on_53_stream(flows, on_53 & ~datagrams),
        _on_123(traffic, np.flatnonzero(on_123 & datagrams)),
        _fields(traffic, np.flatnonzero(spoken)),
    ]


def _understood(traffic: DeviceTraffic) -> NDArray[np.bool_]:
    """Flows of which every packet was a DNS message: most of them, and nothing more to look at."""
    flows, dns = traffic.tables.flows, traffic.tables.dns
    read = _sums(flows["flow"], dns["flow"], np.ones(len(dns), np.int64))
    return np.asarray((read > 0) & (read >= flows["up_pkts"] + flows["down_pkts"]))


def _sums(flows: NDArray[np.int64], given: NDArray[np.int64], amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of `amounts` of each of `flows`; `given`: the flow of each amount."""
    if not given.size:
        return np.zeros(flows.size, np.int64)
    known, place = np.unique(given, return_inverse=True)
    sums = np.bincount(place.ravel(), amounts, known.size).astype(np.int64)
    found = np.minimum(np.searchsorted(known, flows), known.size - 1)
    return np.where(known[found] == flows, sums[found], 0)


def _on_53(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Foreign:
    """Datagrams that are no DNS message."""
    part, asked = traffic.tables.flows.take(rows), traffic.tables.dns.take(~traffic.tables.dns["response"])
    read, read_bytes = (_sums(part["flow"], asked["flow"], amounts) for amounts in (np.ones(len(asked), np.int64), asked["message_bytes"]))
    return Foreign(rows, part["up_pkts"] - read, part["up_bytes"] - read_bytes, "no DNS on port 53")


def _on_53_stream(flows: Columns, spoken: NDArray[np.bool_]) -> Foreign:
    """Connections seen from their beginning that were recognised as something else, or as nothing."""
    begun = flows.fits("history", lambda history: history.upper().startswith("S")) & (flows["down_pkts"] > 0) & (flows["missed_bytes"] == 0)
    rows = np.flatnonzero(spoken & begun & ~flows.is_any("service", ("dns_tcp",)))
    return Foreign(rows, flows["up_pkts"][rows], flows["up_bytes"][rows], "no DNS on port 53")


def _on_123(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Foreign:
    """Datagrams of the device that are no NTP message."""
    part, said = traffic.tables.flows.take(rows), unread(traffic.messages, "ntp")
    sent = said.flow[_of_device(part, said)]
    full = _sums(part["flow"], said.flow, np.ones(said.flow.size, np.int64)) >= MOST_MESSAGES_PER_FLOW
    foreign = np.where(full, 0, part["up_pkts"] - _sums(part["flow"], sent, np.ones(sent.size, np.int64)))
    sizes = np.floor(foreign / np.maximum(part["up_pkts"], 1) * part["up_bytes"]).astype(np.int64)
    return Foreign(rows, foreign, sizes, "no NTP on port 123")


def _of_device(part: Columns, said: Unread) -> NDArray[np.intp]:
    """Which of the messages the device sent in these flows."""
    place = rows_of([part["flow"]], [said.flow])
    began = np.append(part["device_is_originator"], False)[place]
    return np.flatnonzero((place >= 0) & (began != said.from_responder))


def _fields(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Foreign:
    """NTP messages of the device with fields that hold something else."""
    part, said = traffic.tables.flows.take(rows), unread(traffic.messages, "ntp")
    own = _of_device(part, said)
    sizes = _foreign_bytes([said.bodies[row] for row in own.tolist()], said.time[own])
    pkts = _sums(part["flow"], said.flow[own], (sizes > 0).astype(np.int64))
    held = pkts > 0
    return Foreign(rows[held], pkts[held], _sums(part["flow"], said.flow[own], sizes)[held], "data in NTP fields")


def _foreign_bytes(bodies: Sequence[Any], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bytes of each NTP message in unknown extension fields, and in timestamps that no clock made. Bare headers are read all at once."""
    sizes = np.zeros(len(bodies), np.int64)
    bare = np.array([type(body) is bytes and len(body) == ntp.HEADER_BYTES for body in bodies], np.bool_)
    headers = np.frombuffer(b"".join(bodies[row] for row in np.flatnonzero(bare).tolist()), BARE)
    stamps = np.where((headers["first"] & 7 < ntp.CONTROL)[:, None], headers["timestamps"], 0)
    sizes[bare] = _scattered_bytes(stamps, times[bare])
    for row in np.flatnonzero(~bare).tolist():
        body = ntp.parse([bodies[row]], from_responder=False) if type(bodies[row]) is bytes else bodies[row]
        stamps = np.array([body.timestamps], np.uint64)
        sizes[row] = _unknown_bytes(body.extensions) + int(_scattered_bytes(stamps, times[row : row + 1])[0])
    return sizes


def _unknown_bytes(extensions: Sequence[tuple[int, int]]) -> int:
    """In fields of a type that is nobody's."""
    secured = {kind for kind, _ in extensions} >= NTS_FIELDS
    return sum(size for kind, size in extensions if not (kind & 0xFF == AUTOKEY or kind == 0x2005 or (secured and kind in KNOWN_FIELDS)))


def _scattered_bytes(stamps: NDArray[np.integer], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of four timestamps a message, those ten years and more from the capture, where they are as far from each other."""
    instants = ((stamps >> np.uint64(32)).astype(np.int64) - NTP_EPOCH_S) * 10**9
    away = (stamps != 0) & (np.abs(instants - times[:, None]) > TEN_YEARS_NS)
    latest, earliest = np.where(away, instants, NO_INSTANT).max(axis=1), np.where(away, instants, -NO_INSTANT).min(axis=1)
    scattered = (away.sum(axis=1) >= 2) & (latest - earliest > TEN_YEARS_NS)
    return np.where(scattered, 8 * away.sum(axis=1), 0).astype(np.int64)


def _finding(traffic: DeviceTraffic, declaration: Declaration, found: Foreign, address: str) -> Finding:
    who = _subjects.opening(traffic, declaration)
    group = traffic.tables.flows.take(found.rows)
    pkts, size = int(found.pkts.sum()), int(found.sizes.sum())
    cautious = bool((group["remote_is_local"] | (~group["device_is_originator"] & group.is_any("initiator", ("unknown",)))).all())
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
    said: dict[int, list[tuple[Message, bytes]]] = {flow: [] for flow in flows["flow"][chosen].tolist()} if chosen.size else {}
    for message in traffic.messages.get("http", ()) if said else ():
        if message.flow in said and (data := _opaque_forms.opaque_bytes(message)):
            said[message.flow].append((message, data))
    for party, rows in grouped(_subjects.parties(flows.take(chosen))):
        told = [one for flow in flows["flow"][chosen[rows]].tolist() for one in said[flow]]
        if (
            len(told) >= fewest_forms
            and sum(len(data) for _, data in told) >= least_form_bytes
            and _opaque_forms.are_random([data for _, data in told])
        ):
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
