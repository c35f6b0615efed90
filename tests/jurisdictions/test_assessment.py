"""Inside, outside, and the honest words between."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import Destination, Jurisdictions
from gdsi_audit.geo import Answer, Place
from gdsi_audit.jurisdictions.assessment import assess, is_corroborated, limits

EU = frozenset({"DE", "FR", "SE"})


def located(country: str = "", *candidates: str, sources=("one 2026-06", "two 2026-06"), confidence="high", **given) -> Place:
    return Place(located_in=Answer(country, sources, confidence, candidates), **given)


@pytest.mark.parametrize(
    ("place", "allowed", "denied", "word"),
    [
        (located("DE"), EU, frozenset(), "inside"),
        (located("US"), EU, frozenset(), "outside"),
        (located("DE"), EU, frozenset({"DE"}), "outside"),
        (located("DE"), None, frozenset({"US"}), "inside"),
        (located("US"), None, frozenset({"US"}), "outside"),
        (located("US"), None, frozenset(), "unknown"),
        (located("", "DE", "US"), EU, frozenset(), "contested"),
        (located("", "DE", "FR"), EU, frozenset(), "inside"),
        (located("", "SG", "US"), EU, frozenset(), "outside"),
        (located("", "DE", "US", refuted=("US 3.1 ms in frames 7 and 9",)), EU, frozenset(), "inside"),
        (located("US", multi_location=True), EU, frozenset(), "multi-location"),
        (Place(), EU, frozenset(), "unknown"),
        (Place(special="documentation"), EU, frozenset(), "unknown"),
    ],
)
def test_assessment(place, allowed, denied, word):
    assert assess(place, allowed, denied) == word


@pytest.mark.parametrize(
    ("place", "agreed"),
    [
        (located("US"), True),
        (located("US", sources=("one 2026-06", "one 2026-07")), False),
        (located("US", sources=("one 2026-06",)), False),
        (located("US", confidence="medium"), False),
        (located("", "SG", "US"), False),
    ],
)
def test_two_independent_sources(place, agreed):
    assert is_corroborated(place) is agreed


def test_own_jurisdictions_replace_the_default_but_not_what_is_denied():
    default = Jurisdictions(allowed=EU, denied=frozenset({"US"}))
    assert limits(None, default) == (EU, {"US"})
    assert limits(Destination(name="a.example", jurisdictions=frozenset({"CH"})), default) == ({"CH"}, {"US"})
    assert limits(Destination(klass="time"), default) == (None, {"US"})
    assert limits(Destination(klass="time", jurisdictions=EU), default) == (EU, {"US"})
