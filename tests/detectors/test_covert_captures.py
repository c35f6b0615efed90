"""Whole audits of the generated pairs: what must be reported, and its look-alike."""

from __future__ import annotations

import pytest

from gdsi_audit import audit

CASES = [
    ("beaconing", ["116.202.1.1", "api.cams.example"], "low"),
    ("covert_payload", ["116.202.1.1", "116.202.1.1", "116.202.1.7", "131.188.3.220"], "high"),
    ("dns_tunnelling", ["cams.example"], "medium"),
    ("generated_names", ["domains"], "medium"),
    ("icmp_tunnelling", ["116.202.1.1"], "high"),
    ("persistent_channel", ["116.202.1.1"], "low"),
]
SILENT = "info"


@pytest.mark.parametrize("suffix", ["", "_v6"])
@pytest.mark.parametrize(("name", "subjects", "severity"), CASES)
def test_a_generated_pair(repository, name, subjects, severity, suffix):
    folder = repository / "captures" / "detectors"
    found = [one for one in audit(folder / f"{name}{suffix}.pcap").findings if one.detector == name]
    expected = [(TWINS.get(subject, subject) if suffix else subject, severity) for subject in subjects]
    assert sorted((one.subject.partition(" ")[0], one.severity) for one in found) == sorted(expected)
    assert [one for one in audit(folder / f"{name}_benign{suffix}.pcap").findings if one.detector == name and one.severity != SILENT] == []


TWINS = {"116.202.1.1": "2a01:4f8:1::1", "116.202.1.7": "2a01:4f8:1::7", "131.188.3.220": "2001:638:a000::1"}
"""What the subject of an IPv4 capture is called in its twin."""
