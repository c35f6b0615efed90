"""Does the device try names that nobody registered and no human would choose?

Looks for: many distinct registered domains that do not exist (NXDOMAIN) and whose own label is not made of common letter pairs, counted over the
whole audit. That is how software finds its operator by a list of names both sides compute. One domain counts once, whatever is asked below it; names
of local networks, names without a dot and reversed addresses do not count.

Also looks like this: a browser that tests for resolvers that invent answers (a few names without a dot); a typing error repeated by a search list;
a blocking resolver that denies advertising names, which are words. Capture with a resolver that denies nothing; no declaration
silences it.

References: Antonakakis et al., From Throw-Away Traffic to Bots, USENIX Security 2012; Plohmann et al., A Comprehensive Measurement Study of Domain
Generating Malware, USENIX Security 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _encoded_text, _subjects
from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.findings.finding import Finding
from gdsi_audit.frames.ranges import by_capture
from gdsi_audit.naming import names
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-7",)

NAME = "generated_names"
NXDOMAIN = 3
"""Response code (RFC 1035 section 4.1.1)."""
SURE_DOMAINS = 30
ALTERNATIVES = (
    "a test for resolvers that invent answers",
    "a resolver that denies names which exist",
    "names of a network that this device was in before",
)


def detect(
    traffic: DeviceTraffic, declaration: Declaration, *, fewest_domains: int = 10, shortest_label: int = 7, most_common_pairs: float = 0.4
) -> Iterator[Finding]:
    """See `Detector`. `fewest_domains` that do not exist, each with a label of `shortest_label` characters and few common letter pairs in it."""
    dns = traffic.tables.dns
    denied = dns.take(dns["response"] & dns["solicited"] & (dns["rcode"] == NXDOMAIN))
    if len(denied) < fewest_domains:
        return
    queries = denied["query"].tolist()
    domain_of = {query: _generated(query, shortest_label, most_common_pairs) for query in dict.fromkeys(queries)}
    domains = [domain_of[query] for query in queries]
    distinct = sorted({domain for domain in domains if domain})
    if len(distinct) >= fewest_domains:
        yield _finding(traffic, declaration, denied.take(np.array([domain != "" for domain in domains])), distinct)


def _generated(query: str, shortest: int, most_common: float) -> str:
    """The registered domain, if its own label looks computed; else empty."""
    domain = names.registered_domain(query)
    label, dot, suffix = domain.partition(".")
    if not dot or len(label) < shortest or label.startswith("xn--") or suffix in names.LOCAL_SUFFIXES or suffix.endswith("arpa"):
        return ""
    return domain if _encoded_text.common_share([label]) < most_common else ""


def _finding(traffic: DeviceTraffic, declaration: Declaration, chosen: Columns, distinct: list[str]) -> Finding:
    who = _subjects.opening(traffic, declaration)
    seconds = (int(chosen["time"].max()) - int(chosen["time"].min())) / 1e9
    made = finding(
        traffic,
        rows_of(traffic, chosen["flow"]),
        detector=NAME,
        subject="domains that do not exist",
        severity=SEVERITY,
        confidence="high" if len(distinct) >= SURE_DOMAINS else "medium",
        commitments=COMMITMENTS,
        observation=f"{who} asked for {len(distinct):,} registered domains that do not exist and whose labels are no words, "
        f"{_subjects.lasted(seconds)}: {_subjects.listed(distinct)}.",
        inference="Names are computed to find whoever registers one of them.",
        alternatives=ALTERNATIVES,
        refuted_by="The program that asks, and a fixed list from which it takes the names.",
        measures={"domains": len(distinct), "duration_s": round(seconds, 3)},
        filter_terms=f"dns.flags.rcode == {NXDOMAIN}",
        frames=by_capture(chosen["capture"], chosen["frame"]),
    )
    return replace(made, first_seen=int(chosen["time"].min()), last_seen=int(chosen["time"].max()), count=len(distinct))
