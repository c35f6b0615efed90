"""A draft tells what was seen. It denies nothing, and promises nothing."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import Declaration, Destination, Source, Statement
from gdsi_audit.detectors import persistent_channel, undeclared_destination
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import broken, standing

UPLOADS = "remote name name_source up_bytes duration_s\n203.0.113.9:443 x.evil.example tls-sni 5000 4000"


@pytest.mark.parametrize(("by", "exhaustive", "severity"), [("vendor", True, "high"), ("tester", True, "medium"), ("drafted", False, "low")])
def test_what_is_not_listed(device_traffic, declared, by, exhaustive, severity):
    traffic, declaration = device_traffic(UPLOADS), declared("*.cams.example", by=by)
    (one,) = undeclared_destination.detect(traffic, declaration)
    assert (declaration.listed_by, declaration.exhaustive, one.severity) == (by, exhaustive, severity)
    everything = traffic.tables.flows["up_bytes"] > 0
    assert standing(traffic, declaration, everything).undeclared is exhaustive
    (one,) = persistent_channel.detect(traffic, declaration)
    assert one.severity == ("medium" if exhaustive else "low")


def test_the_strongest_author_of_the_list_counts():
    drafted, vendor = (Destination(name=f"{by}.example", source=Source("a.toml", 1, by)) for by in ("drafted", "vendor"))
    told = Statement(by="vendor", file="a.toml", sha256="")
    assert Declaration(statements=(told,)).listed_by == ""
    assert Declaration(statements=(told,), closed=True).listed_by == "vendor"
    assert Declaration(statements=(told,), destinations=(drafted,)).listed_by == "drafted"
    assert Declaration(statements=(told,), destinations=(drafted, vendor)).listed_by == "vendor"


@pytest.mark.parametrize(
    ("detector", "authors", "severity"),
    [
        ("upload_volume", ("drafted",), "low"),
        ("upload_volume", ("drafted", "vendor"), "high"),
        ("upload_volume", ("tester",), "high"),
        ("upload_volume", (), "high"),
        ("cleartext_credentials", ("drafted",), "high"),
    ],
)
def test_what_contradicts_a_draft_alone_is_low(device_traffic, detector, authors, severity):
    traffic = device_traffic(UPLOADS)
    one = finding(
        traffic,
        traffic.tables.flows["up_bytes"] > 0,
        detector=detector,
        subject="evil.example",
        severity="high",
        confidence="high",
        commitments=(),
        observation="",
        inference="",
        alternatives=("none",),
        refuted_by="",
        contradicts=tuple(item for by in authors for item in broken(Source("a.toml", 1, by), "destination", "direction")),
    )
    assert one.severity == severity
