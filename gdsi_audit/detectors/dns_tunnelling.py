"""Does the device move data inside DNS names and answers?

Looks for: registered domains below which the device asks for many distinct names whose labels are not words but an encoding (few common letter
pairs, a small alphabet), counted over the whole audit and every resolver, so that a slow stream adds up. Bytes moved are estimated from the
alphabet of the labels and from the size of the answers by record type. Names whose answered address the device then contacts are names, however
long; reversed addresses, service labels and running numbers are left out, and so are digests of a list that answers within 127.0.0.0/8. Names below
no top-level domain, as a tunnel that talks straight to its server uses, are one group. A declared domain or resolver absolves nothing.

Also looks like this: reputation look-ups of a virus scanner, whose labels are hashes and whose answers are text; measurement probes with one-time
names; a content network that numbers its servers, where the capture lacks the contacts that follow. Declaring the domain does not silence it; the
vendor's description of what the labels mean, or a capture of the function that makes them, answers it.

References: RFC 1035; RFC 5782 (DNS lists); Ozery, Nadler and Shabtai, Information Based Heavy Hitters for Real-Time DNS Data Exfiltration
Detection, NDSS 2024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _encoded_text, _subjects
from gdsi_audit.detectors._dns_payload import NO_DOMAIN, answers_to, bytes_down, bytes_up, carrying_labels, contacted_names
from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.findings.finding import Finding
from gdsi_audit.frames.ranges import by_capture
from gdsi_audit.naming import names
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-2", "GDSI-7")

SEVERITY_OF_LITTLE = "medium"
NAME = "dns_tunnelling"
ENOUGH_BYTES = 2_000
"""Estimated bytes moved from which on it is of base severity and its confidence high."""

QTYPES = {1: "A", 2: "NS", 5: "CNAME", 10: "NULL", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 255: "ANY", 65399: "PRIVATE"}

_DIGEST = re.compile("|".join(f"[0-9a-f]{{{-(-bits // 4)}}}|[a-z2-7]{{{-(-bits // 5)}}}" for bits in (128, 160, 224, 256, 384, 512)))
"""MD5, SHA-1 and SHA-2 in hexadecimal or base32."""
_DOMAIN = re.compile(r"[a-z0-9.-]+")
ALTERNATIVES = (
    "reputation look-ups of a virus scanner or spam filter, whose labels are hashes",
    "one-time names of a measurement or of a cache that is meant to be missed",
    "a content network that encodes a session in its host names",
)


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    fewest_names: int = 20,
    least_bytes: int = 400,
    most_common_pairs: float = 0.4,
    shortest_labels_bytes: float = 8.0,
) -> Iterator[Finding]:
    """See `Detector`. `fewest_names` distinct names below a domain, that carry `least_bytes` and whose share of common letter pairs is lower."""
    dns = traffic.tables.dns
    if len(dns) < fewest_names:
        return
    crowded = {domain: queries for domain, queries in _by_domain(dns).items() if len(queries) >= fewest_names}
    contacted = contacted_names(traffic) if crowded else frozenset()
    for domain, queries in sorted(crowded.items()):
        labels = carrying_labels(queries, domain, contacted)
        carried = [text for text in labels.values() if text]
        encoded = _encoded_text.common_share(carried) <= most_common_pairs
        if len(carried) < fewest_names or not encoded or np.mean([*map(len, carried)]) < shortest_labels_bytes:
            continue
        asked = dns.take(dns.is_any("query", [name for name, text in labels.items() if text]))
        up, down = bytes_up(carried), bytes_down(traffic, asked)
        if up + down >= least_bytes and not _is_a_list(traffic, asked, carried):
            yield _finding(traffic, declaration, domain, asked, up, down, len(carried))


def _by_domain(dns: Columns) -> dict[str, list[str]]:
    """Distinct names asked for, by what they are below."""
    below: dict[str, list[str]] = {}
    for name in dns.distinct("query"):
        below.setdefault(_domain(name), []).append(name)
    return below


def _domain(name: str) -> str:
    """Registered domain; NO_DOMAIN where the last label is no top-level domain, which has no digits (RFC 3696 section 2)."""
    last = name.removesuffix(".").rpartition(".")[2]
    bare = any(character.isdigit() for character in last) and not last.startswith("xn--")
    return NO_DOMAIN if bare and not names.is_address(name) else names.registered_domain(name)


def _is_a_list(traffic: DeviceTraffic, asked: Columns, carried: Sequence[str]) -> bool:
    """Answers only within 127.0.0.0/8, as lists by address or hash give them (RFC 5782 section 2.3), to labels as long as a digest is."""
    if not all(map(_DIGEST.fullmatch, carried)):
        return False
    given = answers_to(traffic, asked).distinct("address")
    other = bool((asked["response"] & (asked["answers"] > 0) & ~np.isin(asked["qtype"], (1, 28))).any())
    return bool(given) and not other and all(address.startswith("127.") for address in given)


def _finding(traffic: DeviceTraffic, declaration: Declaration, domain: str, asked: Columns, up_bytes: int, down_bytes: int, distinct: int) -> Finding:
    who = _subjects.opening(traffic, declaration)
    seconds = (int(asked["time"].max()) - int(asked["time"].min())) / 1e9
    types = _subjects.listed([QTYPES.get(number, f"TYPE{number}") for number in np.unique(asked["qtype"]).tolist()])
    servers = _subjects.listed(asked.distinct("server"))
    much = up_bytes + down_bytes >= ENOUGH_BYTES
    made = finding(
        traffic,
        rows_of(traffic, asked["flow"]),
        detector=NAME,
        subject=domain,
        severity=SEVERITY if much else SEVERITY_OF_LITTLE,
        confidence="high" if much else "medium",
        commitments=COMMITMENTS,
        observation=f"{who} asked {servers} for {distinct:,} encoded names below {domain} ({types}); they carry about "
        f"{up_bytes:,} bytes up and their answers {down_bytes:,} down, {_subjects.paced(up_bytes + down_bytes, seconds)}.",
        inference="DNS is used to move data to and from whoever runs this domain, past what is declared and filtered by name.",
        alternatives=ALTERNATIVES,
        refuted_by="The operator's description of what the labels mean, or labels that repeat when the device's data differ.",
        measures={"distinct_names": distinct, "estimated_up_bytes": up_bytes, "estimated_down_bytes": down_bytes, "duration_s": round(seconds, 3)},
        filter_terms=_filter(domain),
        frames=by_capture(asked["capture"], asked["frame"]),
    )
    return replace(
        made,
        first_seen=int(asked["time"].min()),
        last_seen=int(asked["time"].max()),
        count=int((~asked["response"]).sum()),
        bytes=int(asked["message_bytes"][~asked["response"]].sum()),
    )


def _filter(domain: str) -> str:
    return f'dns.qry.name contains "{domain}"' if _DOMAIN.fullmatch(domain) else "dns"
