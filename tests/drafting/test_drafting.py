"""Drafts of declarations: they say what was seen, hold against it, and leave out what looks like abuse."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from captures._index import FOLDER, contents
from gdsi_audit.audit import audit
from gdsi_audit.declarations import mud
from gdsi_audit.drafting import draft, of_audit

CAMERA = FOLDER / "smart_camera"
BY_DECLARATION = ("cloaked_third_party", "undeclared_listener")
"""Twins that only their vendor's own words make honest: traffic does not tell these."""
ALIKE = [path for path in FOLDER.glob("detectors/*_benign*.pcap") if not path.stem.startswith(BY_DECLARATION)]
HONEST = sorted([*CAMERA.glob("*_honest*.pcap"), *ALIKE])
REFUSED = {
    "case_01_dns_txt": ("dns_tunnelling", "vendor.example"),
    "case_05_icmp": ("icmp_tunnelling", "116.202.1.1"),
    "case_06_port_53": ("covert_payload", "116.202.1.1"),
    "case_07_port_123": ("covert_payload", "116.202.1.1"),
}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Writes one capture of a case, by its file name."""
    folder = tmp_path_factory.mktemp("cases")

    def write(name: str) -> Path:
        path = folder / name
        if not path.exists():
            for generator in (FOLDER / "cases").glob("*.pcap.py"):
                if name.startswith(generator.name.removesuffix(".pcap.py")):
                    path.write_bytes(contents(generator)[name]())
        return path

    return write


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.stem)
def test_what_is_drafted_from_an_honest_capture_holds_for_it(path, tmp_path):
    made = draft(path)
    stated = tmp_path / "draft.toml"
    stated.write_text(made.toml(), encoding="utf-8")
    result = audit(path, stated)
    assert [(one.detector, one.subject, one.severity) for one in result.findings if one.at_least("low")] == []
    assert made.refusals == () == made.notes
    assert "contradicted" not in {one.verdict for one in result.verdicts}


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.stem)
def test_what_mud_can_say_holds_too(path, tmp_path):
    """It knows no rhythm, no volume and no encryption, so that some of it stays `low`."""
    stated = tmp_path / "draft.json"
    stated.write_text(draft(path).mud(), encoding="utf-8")
    assert [(one.detector, one.subject, one.severity) for one in audit(path, stated).findings if one.at_least("medium")] == []


def test_the_hour_of_the_camera():
    made = draft(CAMERA / "smart_camera_honest.pcap", device="02:00:00:00:00:50")
    named = {entry.item.name: entry.item for entry in made.destinations if entry.item.name}
    assert sorted(named) == ["api.cams.example", "ingest.cams.example", "mqtt.cams.example", "update.cams.example"]
    assert {entry.item.klass for entry in made.destinations} - {""} == {"dhcp", "resolver", "time", "multicast", "local-network"}
    ingest = named["ingest.cams.example"]
    assert (ingest.transport, ingest.ports, ingest.initiator, ingest.encryption, ingest.direction) == (
        "tcp",
        ((443, 443),),
        "device",
        "tls",
        "upload",
    )
    assert [(entry.item.transport, entry.item.port, entry.item.sender) for entry in made.listeners] == [("tcp", 554, "local")]
    assert made.declaration.is_draft
    assert {item.source.by for item in made.declaration.destinations} == {"drafted"}
    assert "in DE" in made.toml() and "[jurisdictions]" not in tomllib.loads(made.toml())


@pytest.mark.parametrize("suffix", ["", "_v6"])
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_looks_like_abuse_is_left_out(case, name, suffix):
    detector, subject = REFUSED[name]
    made = draft(case(f"{name}{suffix}.pcap"))
    assert [one.detector for one in made.refusals] == [detector]
    assert any(detector in warning for warning in made.warnings)
    entered = [entry.item for entry in made.destinations]
    if suffix == "":
        assert made.refusals[0].subject.startswith(subject)
        assert not [item for item in entered if item.title.endswith(subject)]
    assert "resolver" in {item.klass for item in entered}, "the resolver that was offered is not to blame"
    drafted = {item.title for item in made.declaration.destinations}
    assert drafted == {item.title for item in entered}


def test_a_tunnel_makes_no_entries(shared_captures):
    for path in [*shared_captures.glob("*/*iodine*.pcap"), *shared_captures.glob("*/*dns2tcp*.pcap")]:
        made = draft(path)
        assert len(made.declaration.destinations) <= 3
        assert "dns_tunnelling" in {one.detector for one in made.refusals}
        assert made.warnings


def test_a_half_is_new_and_not_denied(tmp_path):
    """What the first half of an hour did not show is `low` at most in the whole."""
    path, stated = CAMERA / "smart_camera_honest.pcap", tmp_path / "half.toml"
    stated.write_text(draft(path, until="2026-11-01T10:00:15Z").toml(), encoding="utf-8")
    assert audit(path, stated).worst() == "low"


def test_the_betrayal_is_new_to_a_draft_of_the_honest_hour(tmp_path):
    stated = tmp_path / "honest.toml"
    stated.write_text(draft(CAMERA / "smart_camera_honest.pcap").toml(), encoding="utf-8")
    found = [(one.detector, one.subject, one.severity) for one in audit(CAMERA / "smart_camera.pcap", stated).findings]
    assert ("undeclared_destination", "vision-insight.example", "low") in found


def test_a_draft_of_an_anonymous_capture_is_read(shared_captures):
    """Whoever made its addresses up, set the bit of a group in some of them."""
    made = draft(shared_captures / "zeek" / "cisco-fabric-path.pcap")
    assert {mac for device in made.declaration.devices for mac in device.macs} == {mac for device in made.devices for mac in device.macs} != set()


def test_without_packets_there_is_nothing_to_draft(tmp_path):
    made = draft(FOLDER / "malformed/header_only.pcap")
    assert (made.devices, made.destinations, made.listeners, made.declaration.destinations) == ((), (), (), ())
    assert mud.read(Path("draft.json"), made.mud().encode()).closed


@pytest.mark.parametrize("name", ["protocols/llmnr.pcap", "protocols/llmnr_v6.pcap", "protocols/dns_v6.pcap"])
def test_mud_says_of_answers_to_neighbours_and_to_the_internet_what_toml_says(name, tmp_path):
    made = draft(FOLDER / name)
    for suffix, text in (("toml", made.toml()), ("json", made.mud())):
        stated = tmp_path / f"draft.{suffix}"
        stated.write_text(text, encoding="utf-8")
        assert [(one.detector, one.subject) for one in audit(FOLDER / name, stated).findings if one.at_least("low")] == []


def test_the_same_capture_gives_the_same_draft():
    first, second = (of_audit(audit(CAMERA / "smart_camera_v6.pcap")) for _ in range(2))
    assert (first.toml(), first.mud()) == (second.toml(), second.mud())


def test_mud_carries_what_it_can():
    made = draft(CAMERA / "smart_camera_honest.pcap", device="02:00:00:00:00:50")
    document = json.loads(made.mud())
    assert document["ietf-mud:mud"]["gdsi-audit:by"] == "drafted"
    assert len(document["ietf-mud:mud"]["systeminfo"]) <= 60
    read = mud.read(Path("draft.json"), made.mud().encode())
    assert (read.is_draft, read.closed, read.notes) == (True, True, ())
    named = {item.name: (item.transport, item.ports, item.initiator) for item in read.destinations if item.name}
    assert named["mqtt.cams.example"] == ("tcp", ((8883, 8883),), "device")
    assert [(item.port, item.transport, item.sender) for item in read.listeners] == [(554, "tcp", "local")]
    assert {"resolver", "time", "local-network"} <= {item.klass for item in read.destinations}
