"""Is somebody else behind a name that was declared as the vendor's?

Looks for: declared names whose DNS answer leads by aliases (CNAME) to a name of another organisation that no item declares, and declared names
whose server shows a certificate made out to such a name first. Another organisation is a different registered domain that neither the curated
tables nor its own spelling connect with the declared one. Who only carries content for others is excepted by role: content networks, clouds, rented
domains and hosts of the curated tables, private suffixes, and registered names that say so; so are time and name servers. Confidence is medium
where a table names the organisation, low where nobody has written down whose the name is. As the declaration speaks of the name and not of who is
behind it, the finding is `low`.

Also looks like this: a second domain of the vendor's; a processor that runs the service in the vendor's name; a company that was bought. Declare the
name that the alias leads to, with its `recipient`.

References: Dao, Mazel, Fukuda, CNAME cloaking-based tracking on the web, IEEE TNSM 2021; Dimova et al., The CNAME of the game, PETS 2021;
RFC 1034 section 3.6.2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _owners, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.findings.finding import Finding
from gdsi_audit.matching import matches
from gdsi_audit.naming import names
from gdsi_audit.tables.columns import Rows
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "low"
COMMITMENTS = ("GDSI-1", "GDSI-3")

NAME = "cloaked_third_party"
ROLES = ("ntp", "dns", "dns_tcp")
"""Services that receive nothing of their client but its question."""
ALTERNATIVES = (
    "a further domain of the vendor's own, which nothing public connects with the declared one",
    "a processor that runs the service for the vendor and under its instructions",
    "a content network or host that the curated tables do not know",
)


class Behind(NamedTuple):
    """How a declared name leads to another."""

    item: int
    domain: str
    """Registered domain of who is behind it."""
    name: str
    target: str
    way: str
    """`alias in frame 12`, `certificate in frame 40`."""


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_certificate_domains: int = 3) -> Iterator[Finding]:
    """See `Detector`. A certificate for names of more than `most_certificate_domains` registered domains is shared by tenants and says nothing."""
    if not declaration.destinations:
        return
    answers = traffic.tables.answers
    aliased = len(answers) > 0 and any(answers.words("chain"))
    if not aliased and not any(getattr(one.body, "chain", ()) for one in traffic.messages.get("tls", ())):
        return
    matched = matches(traffic, declaration)
    flows = traffic.tables.flows
    rows = np.flatnonzero(matched.is_any("verdict", ("declared",)) & (matched["destination"] >= 0) & flows["application_data"])
    rows = rows[~flows.is_any("service", ROLES)[rows]]
    rows = rows[~flows.is_any("name", ("",))[rows] & ~flows["ambiguous"][rows] & ~flows["remote_is_local"][rows]]
    found: dict[tuple[int, str], dict[int, Behind]] = defaultdict(dict)
    for row, behind in (*_by_alias(traffic, declaration, rows), *_by_certificate(traffic, declaration, rows, most_certificate_domains)):
        found[behind.item, behind.domain].setdefault(row, behind)
    for key in sorted(found):
        yield _finding(traffic, declaration, found[key])


def _by_alias(traffic: DeviceTraffic, declaration: Declaration, rows: Rows) -> Iterator[tuple[int, Behind]]:
    """Flows to an address that an alias of their declared name led to."""
    answers = traffic.tables.answers
    led = np.flatnonzero(~answers.is_any("chain", ("",))) if len(answers) else np.empty(0, np.intp)
    columns = (answers[name][led].tolist() for name in ("name", "address", "chain", "frame"))
    targets = {(name, address): (chain.split(" > "), frame) for name, address, chain, frame in zip(*columns, strict=True)}
    for row, item, name, address in _keys(traffic, declaration, rows):
        chain, frame = targets.get((name, address), ((), 0))
        for target in chain:
            if _is_another(traffic, declaration, item, name, target):
                yield row, Behind(item, names.registered_domain(target), name, target, f"by an alias in frame {frame:,}")
                break


def _by_certificate(traffic: DeviceTraffic, declaration: Declaration, rows: Rows, most_domains: int) -> Iterator[tuple[int, Behind]]:
    """Flows whose server's certificate covers the declared name, but was made out to another first."""
    shown = {one.flow: one for one in traffic.messages.get("tls", ()) if getattr(one.body, "chain", ())}
    flows = traffic.tables.flows["flow"]
    for row, item, name, _ in _keys(traffic, declaration, rows) if shown else ():
        message = shown.get(int(flows[row]))
        if message is None:
            continue
        leaf = message.body.chain[0]
        listed = leaf.dns_names or (leaf.common_name,)
        first = (leaf.common_name or listed[0]).lower().removeprefix("*.")
        domains = {names.registered_domain(one.lower().removeprefix("*.")) for one in listed}
        covered = any(names.matches(one.lower(), name) for one in listed)
        if covered and "." in first and len(domains) <= most_domains and _is_another(traffic, declaration, item, name, first):
            yield row, Behind(item, names.registered_domain(first), name, first, f"by the certificate in frame {message.frame:,}")


def _keys(traffic: DeviceTraffic, declaration: Declaration, rows: Rows) -> Iterator[tuple[int, int, str, str]]:
    """(row, item, name, address) of flows to items that are declared by name."""
    flows, items = traffic.tables.flows.take(rows), matches(traffic, declaration)["destination"][rows]
    columns = (rows, items, flows["name"], flows["remote_addr"])
    for row, item, name, address in zip(*(column.tolist() for column in columns), strict=True):
        if declaration.destinations[item].name:
            yield row, item, name, address


def _is_another(traffic: DeviceTraffic, declaration: Declaration, item: int, name: str, target: str) -> bool:
    """Whether `target` is of another organisation, which nobody declared and which does more than carry content."""
    if _owners.akin(name, target, traffic.geodb) or _owners.owner(target, traffic.geodb).carries:
        return False
    patterns = [one.name for one in declaration.destinations if one.name]
    domain = names.registered_domain(target)
    declared = any(names.matches(pattern, target) or names.registered_domain(pattern.removeprefix("*.")) == domain for pattern in patterns)
    return not declared and not _owners.akin(declaration.destinations[item].name.removeprefix("*."), target, traffic.geodb)


def _finding(traffic: DeviceTraffic, declaration: Declaration, behind: dict[int, Behind]) -> Finding:
    rows = np.array(sorted(behind), np.intp)
    first = behind[int(rows[0])]
    flows = traffic.tables.flows.take(rows)
    owner = _owners.owner(first.target, traffic.geodb)
    whose = f"a name of {owner.organisation} ({owner.source})" if owner.organisation else "whose owner is in no table"
    who = _subjects.opening(traffic, declaration)
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{first.domain} behind {declaration.destinations[first.item].title}",
        severity=SEVERITY,
        confidence="medium" if owner.organisation else "low",
        commitments=COMMITMENTS,
        observation=f"{who} exchanged {_subjects.moved(flows)} with {_subjects.listed(one.name for one in behind.values())}, "
        f"declared as {declaration.destinations[first.item].title}, which {first.way} leads to {first.target}, {whose}; no item declares it.",
        inference="What is sent to the declared name is received by an organisation that the declaration does not name.",
        alternatives=ALTERNATIVES,
        refuted_by="A registration or contract that shows the alias's name to be the vendor's own or its processor's, or an item that declares it.",
        measures={"names": len({one.name for one in behind.values()}), "target": first.target},
    )
