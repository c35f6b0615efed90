"""Every file on a shelf keeps its folder's contract; dropping one in is all that it takes."""

from __future__ import annotations

import inspect

import pytest

from gdsi_audit import discover
from gdsi_audit.findings.finding import SEVERITIES

SHELVES = {
    "readers": ("MAGIC", "FORMAT", "walk"),
    "protocols": ("TRANSPORT", "recognise", "parse"),
    "geo": ("RUNG", "load"),
    "indicators": ("SUFFIXES", "claims", "read"),
    "declarations": ("SUFFIXES", "claims", "read"),
    "detectors": ("SEVERITY", "COMMITMENTS", "detect"),
    "flow_log": ("SUFFIXES", "write"),
    "reports": ("SUFFIXES", "render"),
    "commands": ("command",),
}

FILES = [(shelf, name) for shelf in SHELVES for name in discover.names(f"gdsi_audit.{shelf}")]


@pytest.mark.parametrize(("shelf", "name"), FILES)
def test_a_file_keeps_the_contract_of_its_shelf(shelf, name):
    module = discover.module(f"gdsi_audit.{shelf}", name)
    assert [wanted for wanted in SHELVES[shelf] if not hasattr(module, wanted)] == []
    assert module.__doc__, "a file opens by saying what it is for"


@pytest.mark.parametrize("name", discover.names("gdsi_audit.detectors"))
def test_a_detector_is_its_own_manual_page(name):
    module = discover.module("gdsi_audit.detectors", name)
    text = inspect.cleandoc(module.__doc__)
    assert [part for part in ("Looks for:", "Also looks like this:", "References:") if part not in text] == []
    assert module.SEVERITY in SEVERITIES
    assert set(module.COMMITMENTS) <= {f"GDSI-{number}" for number in range(1, 8)}
    thresholds = [p for p in inspect.signature(module.detect).parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert [p.name for p in thresholds if p.default is p.empty] == [], "thresholds are keyword defaults"


@pytest.mark.parametrize("name", discover.names("gdsi_audit.protocols"))
def test_a_protocol_says_how_datagrams_reach_it(name):
    module = discover.module("gdsi_audit.protocols", name)
    assert module.TRANSPORT in ("tcp", "udp", "icmp", "icmp6", "sctp")
    if module.TRANSPORT != "tcp":
        assert isinstance(module.EVERY_DATAGRAM, bool)


def test_a_shelf_names_what_it_has_when_asked_for_something_else():
    with pytest.raises(ValueError, match="undeclared_destination"):
        discover.module("gdsi_audit.detectors", "no_such_detector")
