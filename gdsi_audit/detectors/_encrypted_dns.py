"""Look-ups that the network's resolver does not see: over TLS, QUIC, HTTPS, DNSCrypt, and over plain HTTP interfaces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _resolver_roles
from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._handshakes import handshakes
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

HTTPS, TLS, QUIC, OBLIVIOUS, DNSCRYPT, INTERFACE = (
    "DNS over HTTPS",
    "DNS over TLS",
    "DNS over QUIC",
    "oblivious DNS",
    "DNSCrypt",
    "look-ups over HTTP",
)
TLS_PORT = 853
MEDIA_TYPES = {"application/dns-message": HTTPS, "application/dns-json": HTTPS, "application/oblivious-dns-message": OBLIVIOUS}
PROVIDER = "2.dnscrypt-cert."
_NAME = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+"
_TARGETS = (
    (re.compile(r"[^?]*/dns-query(?:[?/{]|$)", re.IGNORECASE), HTTPS),
    (re.compile(rf"[^?]*/(?:resolve|query)/?\?(?:[^#]*&)?(?:name|dn|host|query)={_NAME}", re.IGNORECASE), INTERFACE),
    (re.compile(rf"[^?]*/(?:[0-9]+/)?(?:d|sign_d|ss?d|httpdns|httpdns_resolve)/?\?(?:[^#]*&)?(?:dn|host|hosts|domain)=(?:{_NAME}|[0-9a-f]{{16,}})",
                re.IGNORECASE), INTERFACE),
)  # fmt: skip


class Lookups(NamedTuple):
    """One way of asking."""

    kind: str
    rows: NDArray[np.intp]
    sign: str
    """What gives it away, in words."""
    confidence: str
    """high: by the protocol; medium: by the role of the server; low: by its name alone."""


_KNOWN: WeakKeyDictionary[DeviceTraffic, tuple[Lookups, ...]] = WeakKeyDictionary()


def lookups(traffic: DeviceTraffic) -> tuple[Lookups, ...]:
    """All ways in use; resolvers that the network offered are left out. A flow is in one of them only."""
    known = _KNOWN.get(traffic)
    if known is None:
        known = _KNOWN[traffic] = tuple(_distinct(traffic))
    return known


def is_used(traffic: DeviceTraffic) -> bool:
    """Whether names may have been learned without anyone else seeing the answer."""
    return any(one.confidence != "low" for one in lookups(traffic))


def _distinct(traffic: DeviceTraffic) -> Iterator[Lookups]:
    taken = ~traffic.tables.flows["device_is_originator"] | traffic.tables.flows["remote_is_local"]
    taken |= traffic.tables.flows.is_any("remote_addr", traffic.offered.get("resolver", ()))
    if taken.all():
        return
    for one in (*_by_protocol(traffic), *_by_request(traffic), *_by_server(traffic), *_dnscrypt(traffic)):
        rows = one.rows[~taken[one.rows]]
        if rows.size:
            taken[rows] = True
            yield one._replace(rows=rows)


def _by_protocol(traffic: DeviceTraffic) -> Iterator[Lookups]:
    """By the application protocol agreed on (RFC 7858, RFC 9250), or by the port that is theirs."""
    asks: dict[str, list[int]] = {TLS: [], QUIC: []}
    for spoken in handshakes(traffic).hellos:
        protocols = spoken.body.alpn
        if "dot" in protocols or any(protocol.startswith("doq") for protocol in protocols):
            asks[TLS if "dot" in protocols else QUIC].extend(spoken.flows)
    flows = traffic.tables.flows
    at_port = flows["remote_port"] == TLS_PORT
    for kind, service in ((TLS, "tls"), (QUIC, "quic")):
        rows = np.flatnonzero(at_port & flows.is_any("service", (service,)))
        if asks[kind]:
            yield Lookups(kind, rows_of(traffic, asks[kind]), "the application protocol that the hello offers", "high")
        yield Lookups(kind, rows, f"{service.upper()} to port {TLS_PORT}", "high")


def _by_request(traffic: DeviceTraffic) -> Iterator[Lookups]:
    """By what a readable request asks for."""
    found: dict[str, list[int]] = {}
    for message in traffic.messages.get("http", ()):
        target = getattr(message.body, "target", "")
        kind = _asked_for(target, message.body) if target else ""
        if kind:
            found.setdefault(kind, []).append(message.flow)
    for kind, flows in sorted(found.items()):
        yield Lookups(kind, rows_of(traffic, flows), "requests in clear text that ask for names", "high")


def _asked_for(target: str, request: object) -> str:
    kind = MEDIA_TYPES.get(getattr(request, "content_type", "").partition(";")[0].strip().lower(), "")
    if kind:
        return kind
    if "?" in target or "dns-query" in target:
        kind = next((kind for pattern, kind in _TARGETS if pattern.match(target)), "")
    accepts = "" if kind else next((value for name, value in getattr(request, "headers", ()) if name == "accept"), "")
    return kind or next((kind for word, kind in MEDIA_TYPES.items() if word in accepts), "")


def _by_server(traffic: DeviceTraffic) -> Iterator[Lookups]:
    """By the role of the server, in a connection that is not readable."""
    flows = traffic.tables.flows
    secret = flows.is_any("service", ("tls", "quic")) & flows["device_is_originator"]
    if not secret.any():
        return
    own = secret & flows.is_any("name_source", ("tls-sni", "quic-sni", "dns", "connect"))
    known = (own & _plays(flows, "known")) | (secret & flows.fits("remote_addr", _resolver_roles.by_address))
    yield Lookups(HTTPS, np.flatnonzero(known), "a public resolver's name or address", "medium")
    yield Lookups(HTTPS, np.flatnonzero(own & _plays(flows, "says so")), "a server name that says so", "low")
    perhaps = np.flatnonzero(own & _plays(flows, "perhaps"))
    if perhaps.size and _reaches_unasked_names(traffic):
        yield Lookups(HTTPS, perhaps, "a server name that suggests it, and names reached that were never looked up", "low")


def _plays(flows: Columns, role: str) -> NDArray[np.bool_]:
    """Flows whose name has this role."""
    return flows.fits("name", lambda name: _resolver_roles.by_name(name) == role)


def _reaches_unasked_names(traffic: DeviceTraffic) -> bool:
    """Whether flows show names that this device never asked for in the clear."""
    flows = traffic.tables.flows
    shown = flows.take(flows.is_any("name_source", ("tls-sni", "quic-sni")) & flows["nameable"] & ~flows["remote_is_local"]).distinct("name")
    asked = traffic.tables.dns.distinct("query") if len(traffic.tables.dns) else []
    return bool(set(shown) - set(asked))


def _dnscrypt(traffic: DeviceTraffic) -> Iterator[Lookups]:
    """By its answers' mark, or by the question for the provider's certificate that comes before (DNSCrypt version 2)."""
    flows, dns = traffic.tables.flows, traffic.tables.dns
    yield Lookups(DNSCRYPT, np.flatnonzero(flows.is_any("service", ("dnscrypt",))), "answers with the mark of that protocol", "high")
    asked = dns.take(dns.fits("query", lambda name: name.startswith(PROVIDER))) if len(dns) else dns
    if len(asked):
        yield Lookups(DNSCRYPT, rows_of(traffic, asked["flow"].tolist()), "questions for a provider's certificate", "high")
