"""Does the device talk to a server whose host or operator has its seat where the declaration does not allow it?

Looks for: flows to addresses whose network or cloud operator has its seat outside `hosts_from`, and flows to names whose service is run by an
organisation with its seat outside `operators_from`; each finding says which of the two was compared, and where the server stands. The place of the
server is another question: a server inside the declared jurisdictions may be run from outside of them. Severity is at most `low` until two
independent sources, the curated table and the registration of the network that the organisation announces itself, agree on the seat; then an
upload of payload is `medium`. Where the seat of a host is not curated, the country of registration stands in for it, with low confidence. Hosts
and operators of whom nobody has written down a seat are one `info` row each.

Also looks like this: a service that moved to another company; a subsidiary with a seat and law of its own below a foreign parent; a tenant of a
cloud, of whom the cloud's domain says nothing. Declare the destination (by name, prefix or AS) with its own `jurisdictions`: these seats are
then allowed for it, but for what is denied, which is denied everywhere. Class items without `jurisdictions` are exempt.

References: EDPB, Recommendations 01/2020 on supplementary measures, version 2.0, 2021; Razaghpanah et al., Apps, Trackers, Privacy, and
Regulators, NDSS 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gdsi_audit import assessment
from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _movement, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.endpoints import CONFIDENT_SOURCES
from gdsi_audit.finding import SEVERITIES, Broken, Finding
from gdsi_audit.geo import UNKNOWN, Answer
from gdsi_audit.matching import match
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-5",)

NAME = "undeclared_operator"
NOT_JUDGED = ("link_upkeep", "bench", "background", "unanswered")
ROLES = {
    "hosts_from": ("host", "whose network or cloud operator has its seat in"),
    "operators_from": ("operator", "a service run by an organisation with its seat in"),
}
"""By the field that is compared: the role, and how a sentence says whose seat it is."""
ALTERNATIVES = (
    "the network, the name or the organisation has changed hands since the table was written",
    "a subsidiary with a seat inside the declared territory is responsible for this service",
    "the seat of an organisation says nothing about where this data is kept or who can read it",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_subjects: int = 500) -> Iterator[Finding]:
    """See `Detector`. Beyond `most_subjects` parties, those to which least was sent become one finding per role and country."""
    for field in ROLES:
        if getattr(declaration.jurisdictions, field) is None:
            continue
        judged = _judged(traffic, declaration, field)
        outside = judged[judged["side"] == "outside"]
        parties = pd.Series(_subjects.parties(outside), index=outside.index, dtype="object")
        sent = outside.groupby(parties, sort=True)["up_bytes"].sum().sort_values(ascending=False, kind="stable")
        outside = outside.assign(party=parties.where(parties.isin(list(sent.index[:most_subjects])), "further destinations"))
        for _, group in outside.groupby(["party", "seat"], sort=True):
            yield _outside(traffic, declaration, group, field)
        unknown = judged[judged["side"] == "unknown"]
        if not unknown.empty:
            yield _unknown(traffic, unknown, field)


def _judged(traffic: DeviceTraffic, declaration: Declaration, field: str) -> pd.DataFrame:
    """Flows beyond the local network that `field` speaks to, with the seat and the side it is on."""
    matches = match(traffic, declaration)
    judged = traffic.flows.assign(item=matches["destination"])
    judged = judged[~judged["remote_is_local"] & ~matches["verdict"].isin(list(NOT_JUDGED))]
    named = judged["name_source"].isin(list(CONFIDENT_SOURCES)) & ~judged["ambiguous"]
    names = judged["name"].astype("object").where(named, "")
    keys = list(zip(judged["remote_addr"].astype("object"), names, judged["item"], strict=True))
    known = {key: _side(traffic, declaration, field, *key) for key in dict.fromkeys(keys)}
    sides = pd.DataFrame([known[key] for key in keys], index=judged.index, columns=["side", "seat", "agreed", "confidence", "sources"])
    return judged.join(sides)[sides["side"] != "exempt"]


def _side(traffic: DeviceTraffic, declaration: Declaration, field: str, address: str, name: str, item: int) -> tuple[str, str, bool, str, str]:
    """(side, seat, whether two sources agree on it, confidence, sources) of one address under one name and item."""
    declared = declaration.destinations[item] if item >= 0 else None
    if declared is not None and declared.klass and declared.jurisdictions is None:
        return "exempt", "", False, "", ""
    answer = _answer(traffic, field, address, name)
    side = assessment.side_of_seat(answer, _allowed(declaration, declared, field), declaration.jurisdictions.denied)
    return side, answer.country, assessment.is_agreed(answer), answer.confidence, " and ".join(answer.sources)


def _answer(traffic: DeviceTraffic, field: str, address: str, name: str) -> Answer:
    """Who hosts the address, or who runs the service behind the flow's own name."""
    endpoint = traffic.endpoints.get(address)
    if endpoint is None:
        return UNKNOWN
    return endpoint.place.hosted_by if field == "hosts_from" else endpoint.operators.get(name, UNKNOWN)


def _allowed(declaration: Declaration, declared: Destination | None, field: str) -> frozenset[str]:
    """The seats that the field allows, with those of the destination's own jurisdictions; what is denied is taken from both."""
    allowed: frozenset[str] = getattr(declaration.jurisdictions, field)
    return allowed | declared.jurisdictions if declared is not None and declared.jurisdictions is not None else allowed


def _outside(traffic: DeviceTraffic, declaration: Declaration, group: pd.DataFrame, field: str) -> Finding:
    """One party with one seat."""
    party, seat = str(group["party"].iloc[0]), str(group["seat"].iloc[0])
    role, clause = ROLES[field]
    agreed = group["agreed"].to_numpy(dtype=bool)
    grades = _movement.grades(group, SEVERITY)
    grades = np.where(agreed, grades, np.minimum(grades, _movement.LOW))
    worst = group[grades == grades.max()]
    who = _subjects.audited(traffic, declaration)
    broken = "which is denied" if seat in declaration.jurisdictions.denied else f"which {field} does not list"
    return finding(
        traffic,
        group,
        detector=NAME,
        subject=f"{party}: {role} from {seat}",
        severity=SEVERITIES[int(grades.max())],
        confidence=_confidence(worst),
        commitments=COMMITMENTS,
        observation=f"{who[0].upper()}{who[1:]} exchanged {_subjects.moved(group)} with {party}, {clause} {seat}, {broken} "
        f"({_subjects.listed(group['sources'])}); {_located(traffic, group)}.",
        inference=f"The {role} of {party}, compared with {field}, is subject to {seat}, which the declaration does not allow.",
        alternatives=ALTERNATIVES,
        refuted_by=f"A filing or legal notice that names another seat for the {role}.",
        contradicts=(_broken(declaration, field, seat),),
        measures={"compared": field, "seat": seat},
    )


def _confidence(worst: pd.DataFrame) -> str:
    """High where two sources agree; one curated source is medium, registration alone low."""
    if worst["agreed"].any():
        return "high"
    return "low" if (worst["confidence"] == "low").all() else "medium"


def _located(traffic: DeviceTraffic, group: pd.DataFrame) -> str:
    """Where the server stands, as far as anyone says."""
    addresses = group["remote_addr"].astype("object").unique().tolist()
    places = [traffic.endpoints[address].place for address in addresses if address in traffic.endpoints]
    if any(place.multi_location for place in places):
        return "the server is in several places at once"
    found = [" or ".join(filter(None, (place.located_in.country, *place.located_in.candidates))) for place in places]
    return f"the server is located in {_subjects.listed(found)}" if any(found) else "where the server is located is unknown"


def _broken(declaration: Declaration, field: str, seat: str) -> Broken:
    """What is denied is denied everywhere; else the field that does not list the seat."""
    limits = declaration.jurisdictions
    field = "denied" if seat in limits.denied else field
    source = dict(limits.sources).get(field, limits.source)
    return Broken("jurisdictions", field, source.file, source.line, source.by)


def _unknown(traffic: DeviceTraffic, group: pd.DataFrame, field: str) -> Finding:
    """One row for all whose seat nobody has written down."""
    role, _ = ROLES[field]
    return finding(
        traffic,
        group,
        detector=NAME,
        subject=f"{role}s of unknown seat",
        severity="info",
        confidence="high",
        commitments=COMMITMENTS,
        observation=f"{_subjects.moved(group)} with {_subjects.listed(_subjects.parties(group))}: the seat of the {role} is in no source.",
        inference=f"Whether these contacts keep to {field} cannot be said.",
        alternatives=ALTERNATIVES,
        refuted_by=f"A curated entry for the {role}, or a declaration that names the recipient.",
        measures={"compared": field},
    )
