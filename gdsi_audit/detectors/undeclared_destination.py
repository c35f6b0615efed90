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

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Source
from gdsi_audit.detectors import _movement, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.finding import Broken, Finding
from gdsi_audit.flow_kinds import LOCAL_KINDS
from gdsi_audit.matching import match
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
    if traffic.flows.empty or not (declaration.destinations or declaration.closed):
        return
    judged = traffic.flows.join(match(traffic, declaration).rename(columns={"destination": "item"}))
    judged["grade"] = _grades(judged, declaration)
    yield from _undeclared(traffic, declaration, judged, most_subjects)
    yield from _contradicted(traffic, declaration, judged)
    for verdict in ASIDE:
        yield from _aside(traffic, declaration, judged, verdict)


def _grades(judged: pd.DataFrame, declaration: Declaration) -> NDArray[np.int64]:
    """Severity of each flow, as a row in SEVERITIES."""
    base = SEVERITY if declaration.by_vendor else SEVERITY_NOT_BY_VENDOR
    moved = _movement.grades(judged, base)
    answered = ((judged["down_pkts"] > 0) | (judged["up_bytes"] > 0)).to_numpy(dtype=bool)
    ceiling = _movement.grades(judged.assign(up_bytes=1, application_data=True), base)
    broken = (judged["deviates"] != "").to_numpy(dtype=bool)
    graded = np.where(broken & answered, ceiling, moved)
    low = (judged["remote_is_local"] | ~judged["confident"]).to_numpy(dtype=bool)
    graded = np.where(low, np.minimum(graded, _movement.LOW), graded)
    return np.where(judged["reason"].isin(list(INFO_KINDS)), _movement.INFO, graded).astype(np.int64)


def _undeclared(traffic: DeviceTraffic, declaration: Declaration, judged: pd.DataFrame, most_subjects: int) -> Iterator[Finding]:
    """One finding per destination that no item speaks of."""
    chosen = judged[judged["verdict"].isin(["undeclared", "unnamed"]) & (judged["deviates"] == "")]
    if chosen.empty:
        return
    subjects = (
        chosen["reason"]
        .astype("object")
        .where(chosen["reason"].isin(list(LOCAL_KINDS)), pd.Series(_subjects.parties(chosen), index=chosen.index, dtype="object"))
    )
    for subject, group in _grouped(chosen, subjects, most_subjects):
        yield _finding(traffic, declaration, group, subject, "no declared destination covers", _list_broken(declaration))


def _grouped(chosen: pd.DataFrame, subjects: pd.Series[str], most: int) -> Iterator[tuple[str, pd.DataFrame]]:
    """Groups in order of subject; the ones that moved least under one subject when there are too many."""
    weights = chosen.groupby(subjects, sort=True).agg(grade=("grade", "max"), up_bytes=("up_bytes", "sum"))
    if len(weights) > most:
        kept = set(weights.sort_values(["grade", "up_bytes"], ascending=False, kind="stable").index[:most])
        subjects = subjects.where(subjects.isin(list(kept)), "further destinations")
    for subject, group in chosen.groupby(subjects, sort=True):
        yield str(subject), group


def _contradicted(traffic: DeviceTraffic, declaration: Declaration, judged: pd.DataFrame) -> Iterator[Finding]:
    """One finding per declared destination and broken fields."""
    chosen = judged[(judged["verdict"] == "undeclared") & (judged["deviates"] != "")]
    for _, group in chosen.groupby(["item", "deviates"], observed=True, sort=True):
        declared = declaration.destinations[int(group["item"].iloc[0])]
        fields = str(group["deviates"].iloc[0]).split()
        broken = tuple(_broken(declared.source, "ports" if field == "port" else field) for field in fields)
        subject = f"{declared.title} by another {' and '.join(fields)}"
        yield _finding(traffic, declaration, group, subject, f"{declared.title} is declared with another {' and '.join(fields)} than", broken)


def _aside(traffic: DeviceTraffic, declaration: Declaration, judged: pd.DataFrame, verdict: str) -> Iterator[Finding]:
    """One row for all flows of a verdict that is no undeclared destination."""
    group = judged[judged["verdict"] == verdict]
    if group.empty:
        return
    subject, text = ASIDE[verdict]
    yield finding(
        traffic,
        group,
        detector=NAME,
        subject=subject,
        severity="info",
        confidence="high" if verdict == "unanswered" else "low",
        commitments=COMMITMENTS,
        observation=f"{group['remote_addr'].nunique():,} address(es) {text}: {_subjects.moved(group)}.",
        inference="None of it shows an undeclared destination.",
        alternatives=ALTERNATIVES if verdict != "unanswered" else ("background noise of the network",),
        refuted_by="A capture in which these flows carry a name of their own, or are answered.",
    )


def _finding(
    traffic: DeviceTraffic, declaration: Declaration, group: pd.DataFrame, subject: str, says: str, contradicts: tuple[Broken, ...]
) -> Finding:
    """One destination's finding."""
    who = _subjects.audited(traffic, declaration)
    shown = _subjects.listed([str(name or address) for name, address in zip(group["name"], group["remote_addr"], strict=True)])
    services = _subjects.listed(_subjects.services(group))
    inbound = bool((group["initiator"] == "remote").any())
    return finding(
        traffic,
        group,
        detector=NAME,
        subject=subject,
        severity=_movement.worst(group["grade"].to_numpy()),
        confidence=_confidence(group),
        commitments=(*COMMITMENTS, "GDSI-7") if inbound else COMMITMENTS,
        observation=f"{who[0].upper()}{who[1:]} exchanged {_subjects.moved(group)} with {shown} ({services}); {says} this.",
        inference=f"What {who} contacts is not what was declared.",
        alternatives=ALTERNATIVES,
        refuted_by="A declaration of the same date that lists this contact, or proof that another party's software made it.",
        contradicts=contradicts,
    )


def _confidence(group: pd.DataFrame) -> str:
    """Of the flows that give the group its severity: high where name and item are sure, medium without a name, low where either is doubtful."""
    gravest = group[group["grade"] == group["grade"].max()]
    if not gravest["confident"].any():
        return "low"
    unnamed = (gravest["verdict"] == "unnamed") | ~gravest["confident"]
    return "medium" if unnamed.all() else "high"


def _list_broken(declaration: Declaration) -> tuple[Broken, ...]:
    """The list of destinations as a whole: the vendor's first item, else anybody's first, else the statement that closes the list."""
    sources = sorted((item.source for item in declaration.destinations), key=lambda source: source.by != "vendor")
    if sources:
        return (_broken(sources[0], "name"),)
    return tuple(Broken("destination", "name", statement.file, 0, statement.by) for statement in declaration.statements[:1])


def _broken(source: Source, field: str) -> Broken:
    return Broken("destination", field, source.file, source.line, source.by)
