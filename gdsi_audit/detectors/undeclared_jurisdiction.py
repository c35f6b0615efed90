"""Does data go to an address located where the declaration does not allow it?

Looks for: flows to addresses outside the jurisdictions that hold for them (a destination's own, else the default; what is denied is denied
everywhere), grouped by destination and country. First hop only: where data goes from there cannot be seen. Severity is at most `low` until two
independent sources agree with high confidence where the address is; then an upload of payload is `high`, a handshake alone `low`, an unanswered
attempt `info`. Addresses whose sources disagree, that are in several places at once or that nobody knows are one `info` row each, never an
accusation; so are flows of which no name could be seen, where one that is declared may be meant and is allowed there. An upload to the vendor's
declared home of data generated elsewhere also speaks to the commitment on storage.

Also looks like this: an edge network that answers from many countries under one address; a database that names where an address is registered
instead of where it is; a resolver that sent this device to a distant server because of the tester's own location. Declare the destination with
its own `jurisdictions`, or take the capture from the market for which the declaration was made.

References: Weinberg et al., How to Catch when Proxies Lie, IMC 2018; Gouel et al., IP Geolocation Database Stability and Implications for Network
Research, TMA 2021.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _movement, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import broken
from gdsi_audit.findings.finding import SEVERITIES, Broken, Finding
from gdsi_audit.geo import Place
from gdsi_audit.jurisdictions import assessment, jurisdiction
from gdsi_audit.jurisdictions.assessed_flows import place_of, sides
from gdsi_audit.jurisdictions.assessment import is_corroborated
from gdsi_audit.matching import matches, possible
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-5",)

HOME_COMMITMENT = "GDSI-4"
NAME = "undeclared_jurisdiction"

UNSURE = {
    "contested": "sources disagree whether these addresses are inside the declared jurisdictions",
    "multi-location": "these addresses are in several places at once, so that no country can be named",
    "unnamed": "no name could be seen, and a declared destination that may be meant is allowed there",
    "unknown": "no source says where these addresses are, or round-trip time refutes what is said",
}
ALTERNATIVES = (
    "the sources are wrong or out of date about this address",
    "the address is in several places at once and the sources know only one of them",
    "the service chose a server by the place of the test instead of the place for which the declaration was made",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_subjects: int = 500) -> Iterator[Finding]:
    """See `Detector`. Beyond `most_subjects` parties, those to which least was sent become one finding per country and item."""
    if not _speaks_of_places(declaration):
        return
    rows, numbers, found = sides(traffic, declaration)
    words = np.array([side.assessment if side.is_limited else "" for side in found] or [""], object)[numbers]
    corroborated = np.array([is_corroborated(side.place) for side in found] or [False], np.bool_)[numbers]
    words[_perhaps_allowed(traffic, declaration, rows, words == "outside")] = "unnamed"
    outside = np.flatnonzero(words == "outside")
    flows = traffic.tables.flows.take(rows[outside])
    parties = _subjects.gathered(_subjects.parties(flows), flows["up_bytes"], most_subjects, "further destinations")
    given = [found[number] for number in numbers[outside].tolist()]
    keys = [(party, _countries(side.place), side.item) for party, side in zip(parties, given, strict=True)]
    for (party, country, item), group in grouped(keys):
        chosen = outside[group]
        yield _outside(traffic, declaration, rows[chosen], corroborated[chosen], party, country, item)
    for word in UNSURE:
        chosen = rows[words == word]
        if chosen.size:
            yield _unsure(traffic, chosen, word)


def _speaks_of_places(declaration: Declaration) -> bool:
    whole = declaration.jurisdictions
    return whole.allowed is not None or bool(whole.denied) or any(item.jurisdictions is not None for item in declaration.destinations)


def _countries(place: Place) -> str:
    """The country, or all of them where sources disagree."""
    return place.located_in.country or " or ".join(place.located_in.candidates)


def _perhaps_allowed(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], outside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Places in `rows` of those `outside` flows behind which an item may be that is allowed where they go: none of them shows a name."""
    unseen = np.flatnonzero(outside & matches(traffic, declaration).take(rows).is_any("verdict", ("not_observable",)))
    allowed = [np.empty(0, np.intp)]
    flows = traffic.tables.flows.take(rows[unseen])
    for address, group in grouped(flows["remote_addr"]):
        items = possible(traffic, declaration, rows[unseen[group]])
        limits = (assessment.limits(item, declaration.jurisdictions) for item in items if item.jurisdictions is not None)
        if any(assessment.assess(place_of(traffic, address), *given) != "outside" for given in limits):
            allowed.append(unseen[group])
    return np.concatenate(allowed)


def _outside(
    traffic: DeviceTraffic,
    declaration: Declaration,
    rows: NDArray[np.intp],
    corroborated: NDArray[np.bool_],
    party: str,
    country: str,
    item: int,
) -> Finding:
    """One destination in one country."""
    group = traffic.tables.flows.take(rows)
    grades = _movement.grades(group, SEVERITY)
    grades = np.where(corroborated, grades, np.minimum(grades, _movement.LOW))
    sources = sorted({source for address in group.distinct("remote_addr") for source in place_of(traffic, address).located_in.sources})
    sure = bool(corroborated[grades == grades.max()].any())
    who = _subjects.audited(traffic, declaration)
    home = _is_home(declaration, country) and bool(group["application_data"].any())
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{party} in {country}" + (f" ({declaration.destinations[item].title})" if item >= 0 else ""),
        severity=SEVERITIES[int(grades.max())],
        confidence="high" if sure else "low",
        commitments=(HOME_COMMITMENT, *COMMITMENTS) if home else COMMITMENTS,
        observation=f"{_subjects.begun(who)} exchanged {_subjects.moved(group)} with {party}, sent to an address located in {country}, "
        f"first hop only, outside {_limits_in_words(declaration, item, country)}; located by {_subjects.listed(sources) or 'no named source'}.",
        inference=f"Data of {who} goes to {country}, which the declaration does not allow.",
        alternatives=ALTERNATIVES,
        refuted_by=f"A round-trip time too short for {country}, or the operator's record of where this address answers.",
        contradicts=_broken(declaration, item, country),
        measures={"sources": len(sources), **_resolution(traffic, group.distinct("remote_addr"))},
    )


def _resolution(traffic: DeviceTraffic, addresses: Iterable[str]) -> dict[str, str]:
    """Which resolvers gave these addresses, where each of them is, and by which CNAME chains: who chose the server, as far as can be seen."""
    endpoints = [traffic.endpoints[address] for address in sorted(addresses) if address in traffic.endpoints]
    given = [naming for endpoint in endpoints for naming in endpoint.names if naming.resolver]
    resolvers = sorted({naming.resolver for naming in given})
    chains = sorted({f"{naming.name} > {naming.cname_chain}" for naming in given if naming.cname_chain})
    said = {
        "resolved_by": _subjects.listed([f"{address} ({jurisdiction(place_of(traffic, address))})" for address in resolvers]),
        "cname_chains": _subjects.listed(chains),
    }
    return {name: text for name, text in said.items() if text}


def _is_home(declaration: Declaration, country: str) -> bool:
    """Whether `country` is the vendor's home and the data was generated elsewhere."""
    generated = declaration.jurisdictions.data_generated_in or declaration.vantage.country
    return bool(generated) and declaration.product.home == country and generated != country


def _limits_in_words(declaration: Declaration, item: int, country: str) -> str:
    """What the address is outside of, as declared."""
    declared = declaration.destinations[item] if item >= 0 else None
    if country in declaration.jurisdictions.denied:
        return f"what is allowed: {country} is denied"
    if declared is not None and declared.jurisdictions is not None:
        return f"the jurisdictions of {declared.title}"
    return f"the declared jurisdictions ({', '.join(declaration.jurisdictions.allowed_words) or 'none'})"


def _broken(declaration: Declaration, item: int, country: str) -> tuple[Broken, ...]:
    """What is denied is denied everywhere; else the item's own jurisdictions, or the default."""
    declared = declaration.destinations[item] if item >= 0 else None
    denied = country in declaration.jurisdictions.denied
    if declared is not None and declared.jurisdictions is not None and not denied:
        return broken(declared.source, "destination", "jurisdictions")
    return broken(declaration.jurisdictions.source, "jurisdictions", "denied" if denied else "allowed")


def _unsure(traffic: DeviceTraffic, rows: NDArray[np.intp], word: str) -> Finding:
    """One row for all addresses of which the side cannot be said."""
    group = traffic.tables.flows.take(rows)
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{word} addresses",
        severity="info",
        confidence="high",
        commitments=COMMITMENTS,
        observation=f"{_subjects.moved(group)} with {_subjects.listed(_subjects.parties(group))}: {UNSURE[word]}.",
        inference="Whether these contacts keep to the declared jurisdictions cannot be said.",
        alternatives=ALTERNATIVES,
        refuted_by="A source, or a round-trip time, that settles where these addresses are.",
    )
