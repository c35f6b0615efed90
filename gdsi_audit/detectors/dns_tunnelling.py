"""Does the device move data inside DNS names and answers?

Looks for: registered domains below which the device asks for many distinct names whose labels are not words but an encoding (few common letter
pairs, a small alphabet), counted over the whole audit and every resolver, so that a slow stream adds up. Bytes moved are estimated from the
alphabet of the labels and from the size of the answers by record type. Names whose answered address the device then contacts are names, however
long; reversed addresses, service labels and running numbers are left out, and so are digests of a list that answers within 127.0.0.0/8. Names below
no top-level domain, as a tunnel that talks straight to its server uses, are one group. A declared domain or resolver absolves nothing.

Also looks like this: reputation look-ups of a virus scanner, whose labels are hashes and whose answers are text; measurement probes with one-time
names; a content network that numbers its servers, where the capture lacks the contacts that follow. Declaring the domain does not silence it: the
vendor's description of what the labels mean does, or a capture of the function that makes them.

References: RFC 1035; RFC 5782 (DNS lists); Ozery, Nadler and Shabtai, Information Based Heavy Hitters for Real-Time DNS Data Exfiltration
Detection, NDSS 2024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import names
from gdsi_audit.columns import Columns, numbered
from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _encoded_text, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.evidence_of import evidence
from gdsi_audit.finding import Finding
from gdsi_audit.frame_ranges import Ranges, merged
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-2", "GDSI-7")

SEVERITY_OF_LITTLE = "medium"
NAME = "dns_tunnelling"
NO_DOMAIN = "no top-level domain"
ENOUGH_BYTES = 2_000
"""Estimated bytes moved from which on it is of base severity and its confidence high."""

QTYPES = {1: "A", 2: "NS", 5: "CNAME", 10: "NULL", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 255: "ANY", 65399: "PRIVATE"}
BITS_OF_ANSWER = {10: 8.0, 65399: 8.0, 16: 6.0, 5: 5.0, 15: 5.0, 33: 5.0, 2: 5.0}
"""Bits that one byte of record data carries; addresses are counted one by one."""
MOST_NAMES_PER_ADDRESS = 4
"""More names than this at one contacted address do not count as used: a tunnel may answer with any address."""
HEADER_BYTES, QUESTION_BYTES, RECORD_BYTES = 12, 4, 12
ADDRESS_BYTES = {1: 4, 28: 16}

_REVERSED = re.compile(r"(?:\d{1,3}\.){4}|(?:[0-9a-f]\.){32}")
_DIGEST = re.compile("|".join(f"[0-9a-f]{{{-(-bits // 4)}}}|[a-z2-7]{{{-(-bits // 5)}}}" for bits in (128, 160, 224, 256, 384, 512)))
"""MD5, SHA-1 and SHA-2 in hexadecimal or base32."""
_RUNNING = re.compile(r"[a-z_-]{0,8}\d{1,12}")
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
    below: dict[str, list[str]] = {}
    for name in dns.distinct("query"):
        below.setdefault(_domain(name), []).append(name)
    contacted = _contacted(traffic) if any(len(queries) >= fewest_names for queries in below.values()) else frozenset()
    for domain, queries in sorted(below.items()):
        if len(queries) < fewest_names:
            continue
        labels = _labels(queries, domain, contacted)
        carried = [text for text in labels.values() if text]
        encoded = _encoded_text.common_share(carried) <= most_common_pairs
        if len(carried) < fewest_names or not encoded or np.mean([*map(len, carried)]) < shortest_labels_bytes:
            continue
        asked = dns.take(dns.is_any("query", [name for name, text in labels.items() if text]))
        up, down = _up_bytes(carried), _down_bytes(traffic, asked)
        if up + down >= least_bytes and not _is_a_list(traffic, asked, carried):
            yield _finding(traffic, declaration, domain, asked, up, down, len(carried))


def _domain(name: str) -> str:
    """Registered domain; NO_DOMAIN where the last label is no top-level domain, which has no digits (RFC 3696 section 2)."""
    last = name.removesuffix(".").rpartition(".")[2]
    bare = any(character.isdigit() for character in last) and not last.startswith("xn--")
    return NO_DOMAIN if bare and not names.is_address(name) else names.registered_domain(name)


def _contacted(traffic: DeviceTraffic) -> frozenset[str]:
    """Names that a flow carries, and those whose answered address this device sent something to, unless a crowd of names shares it."""
    used = traffic.tables.flows.take(traffic.tables.flows["up_pkts"] > 0)
    answers = traffic.tables.answers.take(traffic.tables.answers.is_any("address", used.distinct("remote_addr")))
    pairs = answers.take(numbered(*((answers.codes(name), len(answers.words(name))) for name in ("name", "address")))[0])
    sharing = np.bincount(pairs.codes("address"), minlength=1)[pairs.codes("address")]
    return frozenset(pairs.take(sharing <= MOST_NAMES_PER_ADDRESS).distinct("name")) | frozenset(used.distinct("name"))


def _labels(queries: Sequence[str], domain: str, contacted: frozenset[str]) -> dict[str, str]:
    """What of each name may carry data: labels below the domain, less what all share; empty for names that are used as names."""
    below = {name: name if domain == NO_DOMAIN else name.removesuffix(".").removesuffix(domain).removesuffix(".") for name in queries}
    usable = {name: text for name, text in below.items() if text and name not in contacted and not _REVERSED.fullmatch(f"{text}.")}
    split = {name: [_encoded_text.plain(label) for label in text.split(".")] for name, text in usable.items()}
    counts: dict[str, int] = {}
    for labels in split.values():
        for label in set(labels):
            counts[label] = counts.get(label, 0) + 1
    common = {label for label, count in counts.items() if count > max(2, len(split) // 4)}
    return {name: "".join(label for label in labels if _carries(label, common)) for name, labels in split.items()}


def _carries(label: str, common: set[str]) -> bool:
    return label not in common and not label.startswith("_") and not _RUNNING.fullmatch(label)


def _up_bytes(carried: list[str]) -> int:
    return round(sum(map(len, carried)) * _encoded_text.bits_per_symbol(carried) / 8)


def _down_bytes(traffic: DeviceTraffic, asked: Columns) -> int:
    """Record data of the answers as bits by type; addresses once each, since a tunnel answers a different one every time."""
    replies = asked.take(asked["response"] & asked["solicited"] & (asked["answers"] > 0))
    replies = replies.take(np.sort(numbered((replies.codes("query"), len(replies.words("query"))), (replies["qtype"], 1 << 16))[0]))
    names_bytes = np.array([len(_encoded_text.plain(query)) + 2 for query in replies["query"].tolist()], np.int64)
    fixed = HEADER_BYTES + QUESTION_BYTES + names_bytes + RECORD_BYTES * replies["answers"]
    data = _without_owners(replies["message_bytes"] - fixed, names_bytes - 2)
    bits = np.array([BITS_OF_ANSWER.get(qtype, 0.0) for qtype in replies["qtype"].tolist()])
    given = _answers_to(traffic, asked)
    distinct = given.distinct("address")
    addresses = sum(ADDRESS_BYTES[28 if ":" in address else 1] for address in distinct) if len(distinct) > len(given) // 2 else 0
    return round(float((data * bits).sum()) / 8) + addresses


def _answers_to(traffic: DeviceTraffic, asked: Columns) -> Columns:
    answers = traffic.tables.answers
    return answers.take(answers.is_any("name", asked.distinct("query")))


def _without_owners(data: NDArray[np.int64], owner_bytes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Record data, less the owner's name where servers write it out again instead of pointing at the question: then sizes follow the names."""
    written_out = bool((data >= owner_bytes).all()) and float(np.std(data - owner_bytes)) <= float(np.std(data)) if data.size else False
    left: NDArray[np.int64] = np.maximum(data - owner_bytes * written_out, 0)
    return left


def _is_a_list(traffic: DeviceTraffic, asked: Columns, carried: Sequence[str]) -> bool:
    """Answers only within 127.0.0.0/8, as lists by address or hash give them (RFC 5782 section 2.3), to labels as long as a digest is."""
    if not all(map(_DIGEST.fullmatch, carried)):
        return False
    given = _answers_to(traffic, asked).distinct("address")
    other = bool((asked["response"] & (asked["answers"] > 0) & ~np.isin(asked["qtype"], (1, 28))).any())
    return bool(given) and not other and all(address.startswith("127.") for address in given)


def _finding(traffic: DeviceTraffic, declaration: Declaration, domain: str, asked: Columns, up_bytes: int, down_bytes: int, distinct: int) -> Finding:
    who = _subjects.opening(traffic, declaration)
    flows = np.isin(traffic.tables.flows["flow"], asked["flow"])
    seconds = (int(asked["time"].max()) - int(asked["time"].min())) / 1e9
    types = _subjects.listed([QTYPES.get(number, f"TYPE{number}") for number in np.unique(asked["qtype"]).tolist()])
    servers = _subjects.listed(asked.distinct("server"))
    much = up_bytes + down_bytes >= ENOUGH_BYTES
    made = finding(
        traffic,
        flows,
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
    )
    return replace(
        made,
        evidence=evidence(traffic, flows, filter_terms=_filter(domain), frames=_frames(asked)),
        first_seen=int(asked["time"].min()),
        last_seen=int(asked["time"].max()),
        count=int((~asked["response"]).sum()),
        bytes=int(asked["message_bytes"][~asked["response"]].sum()),
    )


def _filter(domain: str) -> str:
    return f'dns.qry.name contains "{domain}"' if _DOMAIN.fullmatch(domain) else "dns"


def _frames(asked: Columns) -> list[tuple[int, Ranges]]:
    captures, frames = asked["capture"], asked["frame"]
    return [(int(capture), merged(np.unique(frames[captures == capture]))) for capture in np.unique(captures)]
