"""The ladder as a table, on claims made by hand."""

from __future__ import annotations

import pytest

from gdsi_audit.geo import Claim
from gdsi_audit.geo._ladder import place, struck_out

ONE, OTHER = Claim("one", "DE"), Claim("other", "DE")
ELSEWHERE = Claim("other", "US")
REGION = Claim("list", "FR", "high", detail="cloud fr-1")
OUTPOSTS = Claim("list", "FR", "high", detail="cloud fr-1", elsewhere=("DE",))
UNLISTED = Claim("list", detail="in a network of cloud, but not on its list")
NAMED = Claim("names", "SE", "medium", detail="cloud se-1")
ANYCAST = Claim("table", detail="anycast", multi_location=True)


@pytest.mark.parametrize(
    ("claims", "country", "candidates", "confidence", "everywhere"),
    [
        ({}, "", (), "unknown", False),
        ({"database": [ONE]}, "", ("DE",), "low", False),
        ({"database": [ONE, OTHER]}, "DE", (), "high", False),
        ({"database": [ONE, ELSEWHERE]}, "", ("DE", "US"), "low", False),
        ({"database": [ONE, OTHER, Claim("third", "NL")]}, "", ("DE", "NL"), "low", False),
        ({"database": [ONE, OTHER], "host-name-region": [NAMED]}, "", ("DE", "SE"), "low", False),
        ({"database": [ONE], "host-name-region": [NAMED]}, "SE", ("DE", "SE"), "medium", False),
        ({"database": [ONE, OTHER], "cloud-region": [REGION]}, "", ("DE", "FR"), "low", False),
        ({"database": [ONE, Claim("other", "FR")], "cloud-region": [REGION]}, "FR", ("DE", "FR"), "high", False),
        ({"database": [ONE, ELSEWHERE], "cloud-region": [REGION]}, "FR", ("DE", "FR", "US"), "high", False),
        ({"database": [ONE, Claim("other", "FR")], "cloud-region": [OUTPOSTS]}, "", ("DE", "FR"), "low", False),
        ({"database": [Claim("one", "FR"), Claim("other", "FR")], "cloud-region": [OUTPOSTS]}, "FR", (), "high", False),
        ({"database": [ONE, OTHER], "cloud-region": [UNLISTED]}, "", ("DE",), "low", False),
        ({"host-name-region": [NAMED], "cloud-region": [UNLISTED]}, "SE", (), "medium", False),
        ({"database": [ONE, ELSEWHERE], "host-name-region": [NAMED]}, "SE", ("DE", "SE", "US"), "medium", False),
        ({"database": [ONE, Claim("other", "SE")], "host-name-region": [NAMED]}, "SE", ("DE", "SE"), "high", False),
        ({"host-name-region": [NAMED]}, "SE", (), "medium", False),
        ({"database": [Claim("one", "FR")], "host-name-region": [NAMED], "cloud-region": [REGION]}, "FR", (), "high", False),
        ({"database": [ONE, OTHER], "cloud-region": [REGION], "multi-location": [ANYCAST]}, "", (), "unknown", True),
        ({"database": [ONE, OTHER], "cloud-region": [ANYCAST]}, "", (), "unknown", True),
    ],
)
def test_rungs(claims, country, candidates, confidence, everywhere):
    found = place(claims)
    assert (found.located_in.country, found.located_in.candidates, found.located_in.confidence, found.multi_location) == (
        country,
        candidates,
        confidence,
        everywhere,
    )
    assert found.reason


def test_registration_stands_in_for_a_seat_only_with_low_confidence():
    found = place({"network": [Claim("registry", "CY", "high", "Holder", 64500)]})
    assert (found.registered_in.country, found.registered_in.confidence) == ("CY", "high")
    assert (found.hosted_by.country, found.hosted_by.confidence) == ("CY", "low")
    assert "registered in" in found.hosted_by.sources[0]
    assert (found.located_in.country, found.operated_by.country, found.asn, found.organisation) == ("", "", 64500, "Holder")


@pytest.mark.parametrize(
    ("registered", "own_network", "host_sources", "operator_sources"),
    [
        ("US", True, ("table", "registry"), ("table", "registry")),
        ("US", False, ("table", "registry"), ("table",)),
        ("NL", True, ("table",), ("table",)),
    ],
)
def test_registration_corroborates_a_seat_only_in_the_organisation_s_own_network(registered, own_network, host_sources, operator_sources):
    service = Claim("table", "US", "high", "Maker", 64500 if own_network else 0)
    claims = {"network": [Claim("registry", registered, "high", "Holder", 64500)], "network-operator": [Claim("table", "US", "high", "Host")]}
    found = place(claims | {"service-operator": [service]})
    assert (found.hosted_by.sources, found.operated_by.sources) == (host_sources, operator_sources)
    assert (found.hosted_by.country, found.operated_by.country) == ("US", "US")


def test_time_strikes_out_and_never_confirms():
    agreed = place({"database": [ONE, OTHER]})
    struck = struck_out(agreed, {"DE": "3 ms, frames 1-2", "FR": "3 ms, frames 1-2"})
    assert (struck.located_in.country, struck.located_in.candidates, struck.located_in.confidence) == ("", (), "unknown")
    assert struck.refuted == ("DE: 3 ms, frames 1-2",)
    contested = struck_out(place({"database": [ONE, ELSEWHERE]}), {"US": "3 ms"})
    assert (contested.located_in.country, contested.located_in.candidates, contested.located_in.confidence) == ("", ("DE",), "low")
    assert struck_out(agreed, {"US": "3 ms"}) is agreed
