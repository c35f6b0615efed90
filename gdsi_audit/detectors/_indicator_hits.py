"""Which names, addresses, URLs and fingerprints of one device's traffic are on imported lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._indicator_lists import Lists, lists
from gdsi_audit.indicators import Indicator
from gdsi_audit.indicators._values import canonical
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic


class Hit(NamedTuple):
    """Something that is listed, and the flows that it is seen in."""

    indicators: tuple[Indicator, ...]
    seen: str
    """What was seen: a name, an address, a URL, a fingerprint."""
    below: bool
    """A name below the listed one, not the name itself."""
    rows: NDArray[np.intp]
    asked_only: bool = False
    """Of a DNS question: whether anything followed is for others to say."""


def hits(traffic: DeviceTraffic, indicators: tuple[Indicator, ...]) -> Iterator[Hit]:
    """Names first, then addresses that no listed name explains, URLs and fingerprints."""
    known = lists(indicators)
    flows = traffic.tables.flows
    yield from _names(known, flows)
    yield from _questions(known, traffic)
    yield from _addresses(known, flows)
    yield from _messages(known, traffic)


def _names(known: Lists, flows: Columns) -> Iterator[Hit]:
    codes = flows.codes("name")
    for name in flows.distinct("name"):
        listed, below = known.name(name) if name else ((), False)
        if listed:
            yield Hit(listed, name, below, np.flatnonzero(codes == flows.words("name").index(name)))


def _questions(known: Lists, traffic: DeviceTraffic) -> Iterator[Hit]:
    """Names that the device asked for, and names that an answer led it to."""
    dns, answers, flows = traffic.tables.dns, traffic.tables.answers, traffic.tables.flows
    asked = set(dns.distinct("query")) if len(dns) else set()
    for name in sorted(asked):
        listed, below = known.name(name) if name else ((), False)
        if listed:
            asking = dns["flow"][dns.is_any("query", (name,)) & ~dns["response"]]
            yield Hit(listed, name, below, rows_of(traffic, asking), asked_only=True)
    for chain in answers.distinct("chain") if len(answers) else ():
        for name in chain.split(" > ") if chain else ():
            listed, below = known.name(name)
            if listed:
                led = answers.take(answers.is_any("chain", (chain,)))
                reached = flows.is_any("remote_addr", led["address"].tolist()) & flows.is_any("name", ("", *led["name"].tolist()))
                yield Hit(listed, name, below, np.flatnonzero(reached))


def _addresses(known: Lists, flows: Columns) -> Iterator[Hit]:
    codes, words = flows.codes("remote_addr"), flows.words("remote_addr")
    for code in np.unique(codes).tolist():
        listed = known.address(words[code]) if words[code] else ()
        if listed:
            yield Hit(listed, words[code], False, np.flatnonzero(codes == code))


def _messages(known: Lists, traffic: DeviceTraffic) -> Iterator[Hit]:
    """What only messages show."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for message in traffic.messages.get("http", ()) if known.by_kind["url"] else ():
        for url in _urls(message.body):
            found["url", url].add(message.flow)
    for protocol in ("tls", "quic", "dtls"):
        for message in traffic.messages.get(protocol, ()):
            for kind, value in _fingerprints(message.body):
                found[kind, value].add(message.flow)
    for kind, value in sorted(found):
        listed = known.by_kind[kind].get(value)
        if listed:
            yield Hit(tuple(listed), value, False, rows_of(traffic, found[kind, value]))


def _urls(body: Any) -> Iterator[str]:
    """The address that a request is for, with either scheme: a list may have been written by a browser's eyes."""
    if not hasattr(body, "method") or not body.host:
        return
    told = next((value for name, value in body.headers if name == "host"), body.host)
    whole = body.target if "://" in body.target else f"http://{told}{body.target}"
    for scheme in ("http", "https"):
        try:
            yield canonical("url", f"{scheme}://{whole.partition('://')[2]}")[0]
        except ValueError:
            return


def _fingerprints(body: Any) -> Iterator[tuple[str, str]]:
    hello = getattr(body, "client_hello", None) or body
    for kind in ("ja3", "ja3s"):
        value = getattr(hello, kind, "")
        if value:
            yield kind, value
    for leaf in getattr(body, "chain", ())[:1]:
        yield "certificate-sha256", leaf.sha256
        yield "certificate-sha1", leaf.sha1
