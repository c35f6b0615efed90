"""Does the device contact anything that its declaration does not list?

Looks for: flows that no declared destination, listener or class covers, grouped by registered domain, or by address where there is no name; and
flows to a declared destination by another transport, to another port or begun by another side than declared. Severity follows what moved: an
unanswered attempt or bare handshake is `info`, a TLS or QUIC handshake without application data `low`, an upload of payload `high` (`medium`
where the declaration is not the vendor's). Traffic that stays in the local network is never above `low`, nor is anything that rests on a weak
name. Flows that the other side began and the device left unanswered, or that only an item which cannot be held against traffic could cover, are
one `info` row each. Without a declared list of destinations there is nothing to hold against, and nothing is found.

Also looks like this: software of other parties on the device, which no vendor's list can name (declare `scope = "app:ID"` where the capture knows
apps); a content network whose name the vendor forgot (declare it, with its purpose); the tester's own machines (`[[bench]]`); a captive-portal or
connectivity check of the operating system. A wildcard silences honestly only where everything below it is the vendor's.

References: RFC 8520 (manufacturer usage descriptions); Ren et al., Information Exposure From Consumer IoT Devices, IMC 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _movement, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import broken
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.matching import matches
from gdsi_audit.matching.flow_kinds import LOCAL_KINDS
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-1", "GDSI-3")

SEVERITY_NOT_BY_VENDOR = "medium"
INFO_KINDS = frozenset({"dhcp", "resolver"})
NAME = "undeclared_destination"

ASIDE = {
    "unanswered": ("unanswered contacts from outside", "began contacts that the device refused or left unanswered"),
    "ambiguous": ("ambiguous names", "were contacted under one of several possible names, a declared one among them"),
    "not_assessable": ("not assessable items", "were contacted, and only an item that cannot be held against traffic could cover that"),
}
"""Verdicts that make one row each, with what the other sides did."""

ALTERNATIVES = (
    "the declaration is incomplete or older than the firmware",
    "software of another party on this device made the contact",
    "the operating system or a content network made it on behalf of a declared service",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_subjects: int = 500) -> Iterator[Finding]:
    """See `Detector`. Beyond `most_subjects` destinations, those that moved least become one finding."""
    flows = traffic.tables.flows
    if not len(flows) or not (declaration.destinations or declaration.closed):
        return
    matched = matches(traffic, declaration)
    judged = Judged(flows, matched, _grades(flows, matched, declaration))
    yield from _undeclared(traffic, declaration, judged, most_subjects)
    yield from _contradicted(traffic, declaration, judged)
    for verdict in ASIDE:
        yield from _aside(traffic, flows, np.flatnonzero(matched.is_any("verdict", (verdict,))), verdict)


class Judged(NamedTuple):
    """All flows of the device, with what matching says of them."""

    flows: Columns
    matched: Columns
    grade: NDArray[np.int64]
    """Row in SEVERITIES."""


def _grades(flows: Columns, matched: Columns, declaration: Declaration) -> NDArray[np.int64]:
    """Severity of each flow, as a row in SEVERITIES."""
    base = SEVERITY if declaration.by_vendor else SEVERITY_NOT_BY_VENDOR
    moved = _movement.grades(flows, base)
    answered = (flows["down_pkts"] > 0) | (flows["up_bytes"] > 0)
    all_moved = {"up_bytes": np.ones(len(flows), np.int64), "application_data": np.ones(len(flows), np.bool_)}
    ceiling = _movement.grades(flows.having(all_moved), base)
    graded = np.where(~matched.is_any("deviates", ("",)) & answered, ceiling, moved)
    low = flows["remote_is_local"] | ~matched["confident"]
    graded = np.where(low, np.minimum(graded, _movement.LOW), graded)
    return np.where(matched.is_any("reason", INFO_KINDS), _movement.INFO, graded).astype(np.int64)


def _undeclared(traffic: DeviceTraffic, declaration: Declaration, judged: Judged, most_subjects: int) -> Iterator[Finding]:
    """One finding per destination that no item speaks of."""
    matched = judged.matched
    chosen = np.flatnonzero(matched.is_any("verdict", ("undeclared", "unnamed")) & matched.is_any("deviates", ("",)))
    flows, reasons = judged.flows.take(chosen), matched.take(chosen)
    subjects = np.where(reasons.is_any("reason", LOCAL_KINDS), reasons["reason"], _subjects.parties(flows))
    few = _subjects.gathered(subjects, flows["up_bytes"], most_subjects, "further destinations", grades=judged.grade[chosen])
    for subject, rows in grouped(few):
        yield _finding(traffic, declaration, judged, chosen[rows], subject, "no declared destination covers", _list_broken(declaration))


def _contradicted(traffic: DeviceTraffic, declaration: Declaration, judged: Judged) -> Iterator[Finding]:
    """One finding per declared destination and broken fields."""
    chosen = np.flatnonzero(judged.matched.is_any("verdict", ("undeclared",)) & ~judged.matched.is_any("deviates", ("",)))
    deviating = judged.matched.take(chosen)
    for (item, deviates), rows in grouped(list(zip(deviating["destination"].tolist(), deviating["deviates"].tolist(), strict=True))):
        declared, fields = declaration.destinations[item], deviates.split()
        contradicts = tuple(one for field in fields for one in broken(declared.source, "destination", "ports" if field == "port" else field))
        title = f"{declared.title} by another {' and '.join(fields)}"
        says = f"{declared.title} is declared with another {' and '.join(fields)} than"
        yield _finding(traffic, declaration, judged, chosen[rows], title, says, contradicts)


def _aside(traffic: DeviceTraffic, flows: Columns, rows: NDArray[np.intp], verdict: str) -> Iterator[Finding]:
    """One row for all flows of a verdict that is no undeclared destination."""
    if not rows.size:
        return
    subject, text = ASIDE[verdict]
    group = flows.take(rows)
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=subject,
        severity="info",
        confidence="high" if verdict == "unanswered" else "low",
        commitments=COMMITMENTS,
        observation=f"{_subjects.addresses(group)} {text}: {_subjects.moved(group)}.",
        inference="None of it shows an undeclared destination.",
        alternatives=ALTERNATIVES if verdict != "unanswered" else ("background noise of the network",),
        refuted_by="A capture in which these flows carry a name of their own, or are answered.",
    )


def _finding(
    traffic: DeviceTraffic,
    declaration: Declaration,
    judged: Judged,
    rows: NDArray[np.intp],
    subject: str,
    says: str,
    contradicts: tuple[Broken, ...],
) -> Finding:
    """One destination's finding."""
    group = judged.flows.take(rows)
    who = _subjects.audited(traffic, declaration)
    shown = _subjects.listed(_subjects.others(group))
    services = _subjects.listed(_subjects.services(group))
    inbound = bool(group.is_any("initiator", ("remote",)).any())
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=subject,
        severity=_movement.worst(judged.grade[rows]),
        confidence=_confidence(judged.matched.take(rows), judged.grade[rows]),
        commitments=(*COMMITMENTS, "GDSI-7") if inbound else COMMITMENTS,
        observation=f"{_subjects.opening(traffic, declaration)} exchanged {_subjects.moved(group)} with {shown} ({services}); {says} this"
        f"{_doubt(judged.matched.take(rows))}.",
        inference=f"What {who} contacts is not what was declared.",
        alternatives=ALTERNATIVES,
        refuted_by="A declaration of the same date that lists this contact, or proof that another party's software made it.",
        contradicts=contradicts,
    )


def _doubt(matched: Columns) -> str:
    """Why what has no name may yet be declared; empty: it is not."""
    unsure = matched.is_any("verdict", ("unnamed",)) & ~matched["confident"]
    return "".join(f" ({reason})" for reason in matched.take(unsure).distinct("reason")) if unsure.all() else ""


def _confidence(matched: Columns, grade: NDArray[np.int64]) -> str:
    """Of the flows that give the group its severity: high where name and item are sure, medium without a name, low where either is doubtful."""
    gravest = matched.take(grade == grade.max())
    if not gravest["confident"].any():
        return "low"
    return "medium" if (gravest.is_any("verdict", ("unnamed",)) | ~gravest["confident"]).all() else "high"


def _list_broken(declaration: Declaration) -> tuple[Broken, ...]:
    """The list of destinations as a whole: the vendor's first item, else anybody's first, else the statement that closes the list."""
    sources = sorted((item.source for item in declaration.destinations), key=lambda source: source.by != "vendor")
    if sources:
        return broken(sources[0], "destination", "name")
    return tuple(Broken("destination", "name", statement.file, 0, statement.by) for statement in declaration.statements[:1])
