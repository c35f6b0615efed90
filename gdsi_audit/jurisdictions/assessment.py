"""Where an address is, held against where data may go: inside, outside, or why that cannot be said.

Detectors, verdicts and reports ask here, so that all of them mean the same by `inside`.
"""

from __future__ import annotations

from gdsi_audit.declarations import Destination, Jurisdictions
from gdsi_audit.geo import Answer, Place

WORDS = ("inside", "outside", "contested", "multi-location", "unknown")
"""The closed list."""


def limits(destination: Destination | None, jurisdictions: Jurisdictions) -> tuple[frozenset[str] | None, frozenset[str]]:
    """(allowed, denied) for traffic to `destination`; None for `destination`: no item declares it. `allowed` None: nothing is said, so all are.

    A destination's own jurisdictions replace the default ones, never what is denied. Class items are exempt from the default.
    """
    if destination is None:
        return jurisdictions.allowed, jurisdictions.denied
    if destination.jurisdictions is not None:
        return destination.jurisdictions, jurisdictions.denied
    return (None if destination.klass else jurisdictions.allowed), jurisdictions.denied


def is_limited(allowed: frozenset[str] | None, denied: frozenset[str]) -> bool:
    """Whether anything is said that an address could be inside or outside of."""
    return allowed is not None or bool(denied)


def assess(place: Place, allowed: frozenset[str] | None, denied: frozenset[str]) -> str:
    """One of WORDS. Denied beats allowed; countries refuted by round-trip time do not count; where nothing is declared the word is `unknown`.

    Sources that disagree on the country but agree on the side (Germany against France, with the European Union allowed) give that side.
    """
    if not is_limited(allowed, denied):
        return "unknown"
    if place.multi_location:
        return "multi-location"
    countries = _countries(place)
    sides = {country not in denied and (allowed is None or country in allowed) for country in countries}
    if len(sides) > 1:
        return "contested"
    return "unknown" if not sides else "inside" if sides.pop() else "outside"


def side_of_seat(seat: Answer, allowed: frozenset[str], denied: frozenset[str] = frozenset()) -> str:
    """inside, outside or unknown: the seat of a host or operator held against `hosts_from` or `operators_from`. Denied beats allowed here too."""
    if not seat.country:
        return "unknown"
    return "inside" if seat.country in allowed - denied else "outside"


def is_corroborated(place: Place) -> bool:
    """Whether two independent sources agree on one country with high confidence: what it takes to call an address outside in earnest."""
    return is_agreed(place.located_in)


def is_agreed(answer: Answer) -> bool:
    """The same of one answer. Sources are independent when their names, the edition left off, differ."""
    sources = {source.partition(" ")[0] for source in answer.sources}
    return bool(answer.country) and answer.confidence == "high" and len(sources) >= 2 and not answer.candidates


def _countries(place: Place) -> list[str]:
    """Every country that is still in question, sorted."""
    struck = {word.rstrip(":") for text in place.refuted for word in text.split()[:1]}
    named = {place.located_in.country, *place.located_in.candidates} - {""} - struck
    return sorted(named)
