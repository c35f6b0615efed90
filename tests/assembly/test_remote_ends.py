"""Every remote address once, with its names as first seen and its place."""

from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit.assembly import remote_ends
from gdsi_audit.assembly.addresses import distinct_addresses
from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.geo import Answer, Place
from gdsi_audit.messages.facts import NAMES
from gdsi_audit.messages.resolutions import ADDRESSES
from gdsi_audit.packets.address import value

TEXTS = ["", "a.example", "b.example", "cdn.example > edge.example"]
NEAR, FAR = "203.0.113.9", "2001:db8::9"
SNI = NAME_SOURCES.index("tls-sni")


class KnownPlaces:
    """Stands in for the sources, and counts what it is asked."""

    def __init__(self):
        self.asked = []

    def operated_by(self, address, name):
        return Answer("DE") if name == "a.example" else Answer()

    def place(self, address, names=(), chain=()):
        self.asked.append((address, tuple(names), tuple(chain)))
        return Place(organisation=address, operated_by=Answer("DE") if "a.example" in names else Answer())


def answer(address, name, frame, chain=0):
    row = np.zeros(1, ADDRESSES)
    row["hi"], row["lo"] = value(address)
    row["name"], row["frame"], row["time"], row["chain"] = name, frame, frame, chain
    return row


@pytest.fixture
def found():
    """Flows 0 and 2 go to NEAR, flow 1 to FAR; the later of two flows with the same name closed first."""
    hi, lo = (np.array(halves, np.uint64) for halves in zip(*map(value, (NEAR, FAR, NEAR)), strict=True))
    names = np.array([(2, 1, SNI, 30, 30, 0), (0, 1, SNI, 10, 10, 0), (9, 2, SNI, 5, 5, 0)], NAMES)
    answers = np.concatenate([answer(NEAR, 1, 8), answer(NEAR, 2, 9, 3), answer("203.0.113.77", 2, 9)])
    places = KnownPlaces()
    return remote_ends.endpoints(distinct_addresses(hi, lo), np.array([0, 1, 2]), np.ones(3, bool), names, answers, TEXTS, places), places


def test_names_are_those_of_its_own_flows_and_answers_each_as_first_seen(found):
    endpoints, _ = found
    assert list(endpoints) == [FAR, NEAR]
    assert [(one.name, one.source, one.frame) for one in endpoints[NEAR].names] == [
        ("a.example", "tls-sni", 10),
        ("a.example", "dns", 8),
        ("b.example", "dns", 9),
    ]
    assert endpoints[FAR].names == ()


def test_places_are_asked_once_per_address_and_operators_when_wanted(found):
    endpoints, places = found
    assert places.asked == [(FAR, (), ()), (NEAR, ("a.example", "b.example"), ("cdn.example", "edge.example"))]
    operators = endpoints[NEAR].operators
    assert (operators["a.example"].country, dict(operators), "b.example" in operators) == ("DE", {"a.example": Answer("DE")}, False)


def test_without_flows_there_is_nobody():
    nothing = np.empty(0, np.uint64)
    assert (
        remote_ends.endpoints(
            distinct_addresses(nothing, nothing),
            np.empty(0, np.int64),
            np.empty(0, bool),
            np.empty(0, NAMES),
            np.empty(0, ADDRESSES),
            [""],
            KnownPlaces(),
        )
        == {}
    )
