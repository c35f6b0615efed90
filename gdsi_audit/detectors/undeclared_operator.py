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

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _movement, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._seats import Seat, seats_of
from gdsi_audit.detectors._standing import broken
from gdsi_audit.findings.finding import SEVERITIES, Broken, Finding
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-5",)

NAME = "undeclared_operator"
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
        rows, numbers, seats = seats_of(traffic, declaration, field)
        sides = np.array([seat.side for seat in seats] or [""], object)[numbers]
        outside = np.flatnonzero(sides == "outside")
        flows = traffic.tables.flows.take(rows[outside])
        parties = _subjects.gathered(_subjects.parties(flows), flows["up_bytes"], most_subjects, "further destinations")
        keys = [(party, seats[number].country) for party, number in zip(parties, numbers[outside].tolist(), strict=True)]
        for (party, country), group in grouped(keys):
            chosen = outside[group]
            yield _outside(traffic, declaration, rows[chosen], [seats[number] for number in numbers[chosen].tolist()], party, country, field)
        unknown = rows[sides == "unknown"]
        if unknown.size:
            yield _unknown(traffic, unknown, field)


def _outside(
    traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], seats: Sequence[Seat], party: str, seat: str, field: str
) -> Finding:
    """One party with one seat."""
    group = traffic.tables.flows.take(rows)
    role, clause = ROLES[field]
    grades = _movement.grades(group, SEVERITY)
    grades = np.where([one.agreed for one in seats], grades, np.minimum(grades, _movement.LOW))
    worst = {seats[place] for place in np.flatnonzero(grades == grades.max()).tolist()}
    who = _subjects.opening(traffic, declaration)
    limit = "which is denied" if seat in declaration.jurisdictions.denied else f"which {field} does not list"
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{party}: {role} from {seat}",
        severity=SEVERITIES[int(grades.max())],
        confidence=_confidence(worst),
        commitments=COMMITMENTS,
        observation=f"{who} exchanged {_subjects.moved(group)} with {party}, {clause} {seat}, {limit} "
        f"({_subjects.listed({one.sources for one in seats})}); {_located(traffic, group.distinct('remote_addr'))}.",
        inference=f"The {role} of {party}, compared with {field}, is subject to {seat}, which the declaration does not allow.",
        alternatives=ALTERNATIVES,
        refuted_by=f"A filing or legal notice that names another seat for the {role}.",
        contradicts=_broken(declaration, field, seat),
        measures={"compared": field, "seat": seat},
    )


def _confidence(worst: set[Seat]) -> str:
    """High where two sources agree; one curated source is medium, registration alone low."""
    if any(seat.agreed for seat in worst):
        return "high"
    return "low" if all(seat.confidence == "low" for seat in worst) else "medium"


def _located(traffic: DeviceTraffic, addresses: Sequence[str]) -> str:
    """Where the server stands, as far as anyone says."""
    places = [traffic.endpoints[address].place for address in addresses if address in traffic.endpoints]
    if any(place.multi_location for place in places):
        return "the server is in several places at once"
    found = [" or ".join(filter(None, (place.located_in.country, *place.located_in.candidates))) for place in places]
    return f"the server is located in {_subjects.listed(found)}" if any(found) else "where the server is located is unknown"


def _broken(declaration: Declaration, field: str, seat: str) -> tuple[Broken, ...]:
    """What is denied is denied everywhere; else the field that does not list the seat."""
    limits = declaration.jurisdictions
    field = "denied" if seat in limits.denied else field
    return broken(dict(limits.sources).get(field, limits.source), "jurisdictions", field)


def _unknown(traffic: DeviceTraffic, rows: NDArray[np.intp], field: str) -> Finding:
    """One row for all whose seat nobody has written down."""
    group = traffic.tables.flows.take(rows)
    role, _ = ROLES[field]
    return finding(
        traffic,
        rows,
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
