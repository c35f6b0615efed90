"""A draft accuses nobody: it promises nothing, and what it lacks is not denied."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from gdsi_audit import detection, discover
from gdsi_audit.declarations import Declaration, Destination, Listener, Source, Statement

UPLOADS = "remote name name_source up_bytes duration_s\n203.0.113.9:443 x.evil.example tls-sni 5000 4000"
SEEN, PROMISED = Source("a.toml", 1, "drafted"), Source("b.toml", 1, "vendor")


def severities(traffic_of, device, declaration):
    return {one.detector: one.severity for one in detection.findings(traffic_of(device), declaration)}


@pytest.mark.parametrize(("by", "unlisted", "persistent"), [("vendor", "high", "medium"), ("tester", "medium", "medium"), ("drafted", "low", "low")])
def test_what_is_not_listed(device_traffic, traffic_of, declared, by, unlisted, persistent):
    found = severities(traffic_of, device_traffic(UPLOADS), declared("*.cams.example", by=by))
    assert (found["undeclared_destination"], found["persistent_channel"]) == (unlisted, persistent)


@pytest.mark.parametrize(("by", "severity"), [("vendor", "high"), ("drafted", "low")])
def test_a_field_that_is_broken(device_traffic, traffic_of, declared, by, severity):
    item = Destination(name="x.evil.example", ports=((8443, 8443),))
    assert severities(traffic_of, device_traffic(UPLOADS), declared(item, by=by))["undeclared_destination"] == severity


def test_a_drafted_field_among_a_vendor_s(device_traffic, traffic_of):
    drafted = Destination(name="x.evil.example", ports=((8443, 8443),), source=SEEN)
    other = Destination(name="*.cams.example", source=PROMISED)
    both = Declaration(statements=(Statement(by="vendor", file="b.toml", sha256=""),), destinations=(drafted, other))
    assert severities(traffic_of, device_traffic(UPLOADS), both)["undeclared_destination"] == "low"


def test_what_is_as_grave_without_any_declaration_stays(device_traffic, traffic_of, declared, monkeypatch):
    """Grave against a draft alone, graver against it, graver against any file at all, and grave whatever is declared."""

    def detect(traffic, declaration):
        stated = bool(declaration.destinations)
        for subject, bare in (("draft only", ""), ("graver", "medium"), ("always", "critical")):
            if stated or bare:
                yield finding_of(traffic, subject, "critical" if stated else bare)
        yield finding_of(traffic, "any file", "high" if declaration.given else "medium")

    made = next(iter(discover.module("gdsi_audit.detectors", "persistent_channel").detect(device_traffic(UPLOADS), declared("a.example"))))

    def finding_of(traffic, subject, severity):
        return replace(made, subject=subject, severity=severity, contradicts=())

    monkeypatch.setattr(discover, "modules", lambda shelf: (SimpleNamespace(detect=detect, COMMITMENTS=("GDSI-7",)),))
    device = device_traffic(UPLOADS)
    for by, expected in (("drafted", ["low", "medium", "critical", "medium"]), ("vendor", ["critical"] * 3 + ["high"])):
        assert [one.severity for one in detection.findings(traffic_of(device), declared("a.example", by=by))] == expected


@pytest.mark.parametrize(
    ("given", "is_draft"),
    [
        ({}, False),
        ({"destinations": (Destination(klass="dhcp", source=SEEN),)}, True),
        ({"listeners": (Listener(port=554, source=SEEN),)}, True),
        ({"destinations": (Destination(klass="dhcp", source=SEEN),), "listeners": (Listener(port=554, source=PROMISED),)}, False),
        ({"closed": True, "statements": (Statement(by="drafted", file="a.json", sha256=""),)}, True),
        ({"closed": True, "statements": (Statement(by="vendor", file="a.json", sha256=""),)}, False),
    ],
)
def test_what_a_draft_is(given, is_draft):
    assert Declaration(**given).is_draft is is_draft
