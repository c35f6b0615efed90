"""Is something in the device's traffic on a list of what is known to be bad?

Looks for: names (themselves, and below a listed one), addresses and prefixes, URLs of readable HTTP requests, fingerprints of TLS (JA3, JA3S) and
of certificates, on the lists given with `--indicators`: STIX 2.1, MISP, CSV, hosts files, plain lists. None comes with this program. Where data was
exchanged it is `high`; a question to DNS or an attempt without answer is `medium`. At most `medium`: names below a listed one, what the declaration
covers, and an address that the device called by a name that is not listed. At most `low`: an address that many share, a JA3 fingerprint, which many
programs share, and what was seen outside of the time for which the list says that it holds.

Also looks like this: an address that changed hands since the list was written; a sinkhole that somebody put in its place; a resolver or a scanner
whose task is to touch such names; a list that is wrong. The list, its hash and the line are in the evidence: ask who wrote it, and when.

References: OASIS STIX 2.1 section 9; MISP core format; Bouwman et al., A different cup of TI?, USENIX Security 2020 (how little lists agree).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._from_flows import ends, finding
from gdsi_audit.detectors._indicator_hits import Hit, hits
from gdsi_audit.detectors._standing import at_most, standing
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.findings.finding import Finding
from gdsi_audit.indicators import Indicator
from gdsi_audit.naming import names
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-7",)

NAME = "known_bad"
MOST_LISTS = 3
ALTERNATIVES = (
    "the address or the name has changed hands since the list was written, or a sinkhole stands in its place",
    "many share the address, the platform or the fingerprint, and only one of them is meant",
    "the list is wrong, or lists something for another reason than harm",
)
WORDS = {
    "name": "name",
    "address": "address",
    "prefix": "address",
    "url": "URL",
    "ja3": "TLS client fingerprint (JA3)",
    "ja3s": "TLS server fingerprint (JA3S)",
    "certificate-sha256": "certificate (SHA-256)",
    "certificate-sha1": "certificate (SHA-1)",
}


def detect(traffic: DeviceTraffic, declaration: Declaration, *, many_domains: int = 3) -> Iterator[Finding]:
    """See `Detector`. An address with names of `many_domains` registered domains is shared."""
    if not declaration.indicators or not len(traffic.tables.flows):
        return
    found: dict[str, list[Hit]] = defaultdict(list)
    explained = np.zeros(len(traffic.tables.flows), np.bool_)
    for hit in hits(traffic, declaration.indicators):
        if hit.indicators[0].kind in ("address", "prefix"):
            hit = hit._replace(rows=hit.rows[~explained[hit.rows]])
        elif not hit.asked_only:
            explained[hit.rows] = True
        if hit.rows.size:
            found[hit.seen].append(hit)
    for seen in sorted(found):
        yield from _finding(traffic, declaration, found[seen], many_domains)


def _finding(traffic: DeviceTraffic, declaration: Declaration, same: Sequence[Hit], many_domains: int) -> Iterator[Finding]:
    """One thing that is listed. A question to DNS counts only where nothing else was seen of its name."""
    chosen = [hit for hit in same if not hit.asked_only] or list(same)
    hit = chosen[0]._replace(rows=np.unique(np.concatenate([one.rows for one in chosen])))
    held = standing(traffic, declaration, hit.rows)
    if not held.judged and not hit.asked_only:
        return
    severity, confidence, says = _graded(traffic, hit, many_domains)
    if held.declared and not hit.asked_only:
        severity, says = at_most(severity, "medium"), f"{says}; the declaration covers it"
    flows = traffic.tables.flows.take(hit.rows)
    listed = tuple(dict.fromkeys(indicator for one in chosen for indicator in one.indicators))
    who = _subjects.opening(traffic, declaration)
    kind = hit.indicators[0].kind
    relation = (
        f"below {hit.indicators[0].value}, which is" if hit.below else "in " + hit.indicators[0].value + ", which is" if kind == "prefix" else "is"
    )
    yield finding(
        traffic,
        hit.rows,
        detector=NAME,
        subject=hit.seen,
        severity=severity,
        confidence=confidence,
        commitments=COMMITMENTS,
        observation=f"{who} {says} ({_subjects.moved(flows)}): the {WORDS[kind]} {hit.seen} {relation} listed in {_lists(listed)}.",
        inference="The device was in contact with what others have reported as malicious; whether it is so here, the list cannot tell.",
        alternatives=ALTERNATIVES,
        refuted_by="The list's own withdrawal or correction of the entry, or who held the name or the address at that time.",
        measures={"lists": len({one.sha256 for one in listed}), "list_sha256": listed[0].sha256, "list_line": listed[0].line},
    )


def _lists(listed: Sequence[Indicator]) -> str:
    shown = [
        f"{one.file} line {one.line:,} (SHA-256 {one.sha256[:16]}…)" + (f' as "{one.label}"' if one.label else "") for one in listed[:MOST_LISTS]
    ]
    rest = len(listed) - MOST_LISTS
    return ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


def _graded(traffic: DeviceTraffic, hit: Hit, many_domains: int) -> tuple[str, str, str]:
    """(severity, confidence, what the device did)."""
    flows = traffic.tables.flows.take(hit.rows)
    kind = hit.indicators[0].kind
    if hit.asked_only:
        severity, confidence, says = "medium", "medium", "asked DNS for a listed name, without contact that was captured"
    elif bool(((flows["up_bytes"] > 0) & (flows["down_pkts"] > 0)).any()):
        severity, confidence, says = SEVERITY, "high", "exchanged data with a listed party"
    else:
        severity, confidence, says = "medium", "medium", "tried to reach a listed party"
    if hit.below:
        severity, confidence = at_most(severity, "medium"), "medium"
    if kind in ("ja3", "ja3s"):
        return at_most(severity, "low"), "low", f"{says}, by a fingerprint that others may share"
    if kind in ("address", "prefix"):
        doubt = _doubt(traffic, hit, many_domains)
        if doubt:
            return at_most(severity, "low"), "low", f"{says}, at an address that {doubt}"
        confidence = "medium"
        if _called_otherwise(flows):
            severity, says = at_most(severity, "medium"), f"{says}, by a name that is not listed"
    if not _holds(hit, int(flows["start"].min()), int(ends(flows).max())):
        return at_most(severity, "low"), "low", f"{says}, outside of the time for which the list holds"
    return severity, confidence, says


def _called_otherwise(flows: Columns) -> bool:
    own = flows.is_any("name_source", CONFIDENT_SOURCES) & ~flows["ambiguous"] & ~flows.is_any("name", ("",))
    return bool(own.all())


def _doubt(traffic: DeviceTraffic, hit: Hit, many_domains: int) -> str:
    """Why an address need not mean its listed tenant; empty: nothing speaks for another."""
    endpoint = traffic.endpoints.get(hit.seen)
    if endpoint is None:
        return ""
    if endpoint.place.multi_location:
        return "serves many names from many places"
    domains = {names.registered_domain(one.name) for one in endpoint.names if one.source in CONFIDENT_SOURCES}
    return f"has names of {len(domains)} domains" if len(domains) >= many_domains else ""


def _holds(hit: Hit, first: int, last: int) -> bool:
    """Whether any of the lists speaks of the time in which it was seen."""
    return any((one.since is None or one.since <= last) and (one.until is None or one.until >= first) for one in hit.indicators)
