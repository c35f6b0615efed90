"""The whole pipeline over the sample captures that hold a device to a declaration, against recorded results.

`pytest --update-golden` records anew; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from gdsi_audit.audit import Audit, audit

CAPTURES = Path(__file__).parent.parent / "captures"
GOLDEN = Path(__file__).parent / "golden"
GEODB = CAPTURES.parent / "geodb"

DETECTORS = ("undeclared_destination", "undeclared_jurisdiction", "unnamed_destination", "unused_declaration")
ALIKE = tuple(f"{name}_benign" for name in DETECTORS)
PLAIN = ("smart_camera", "smart_camera_honest", *DETECTORS, *ALIKE)
"""Scenarios over IPv4; each has a twin."""
EVERY = tuple(name + suffix for name in PLAIN for suffix in ("", "_v6"))
ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b|\b[0-9a-f]+:[0-9a-f:]+")


def capture_of(scenario: str) -> Path:
    return next(CAPTURES.glob(f"*/{scenario}.pcap"))


def declaration_of(scenario: str) -> Path:
    capture = capture_of(scenario)
    return capture.with_name(re.sub(r"(_benign|_honest)?(_v6)?$", "", scenario) + ".toml")


@cache
def audited(scenario: str) -> Audit:
    return audit(capture_of(scenario), declaration_of(scenario))


def findings(result: Audit) -> list[dict[str, object]]:
    return [
        {
            "detector": one.detector,
            "subject": one.subject,
            "severity": one.severity,
            "confidence": one.confidence,
            "commitments": list(one.commitments),
            "contradicts": [f"{item.table}.{item.field} {item.file}:{item.line} by {item.by}" for item in one.contradicts],
            "flows": one.count,
            "bytes": one.bytes,
            "frames": sum(part.frame_count for part in one.evidence),
            "filter_kinds": sorted({part.filter_kind for part in one.evidence}),
        }
        for one in result.findings
    ]


def verdict_words(result: Audit) -> dict[str, str]:
    return {f"{one.device} {one.commitment}": one.verdict for one in result.verdicts}


def summary(result: Audit) -> dict[str, object]:
    """The part of an audit that matters to a reader."""
    ledgers = [one.ledger for one in result.traffic.captures]
    return {
        "findings": findings(result),
        "verdicts": verdict_words(result),
        "endpoints": {
            f"{device.device.id} {address}": sorted({f"{name.name} ({name.source})" for name in endpoint.names})
            for device in result.traffic.devices
            for address, endpoint in sorted(device.endpoints.items())
        },
        "ledger": [{"read": one.read, "decoded": one.decoded, "skipped": dict(sorted(one.skipped.items()))} for one in ledgers],
        "gaps": {f"{gap.stage} {gap.kind}": gap.count for gap in result.gaps},
    }


@pytest.mark.parametrize("scenario", EVERY)
def test_as_recorded(scenario, update_golden):
    found = json.dumps(summary(audited(scenario)), indent=1, ensure_ascii=False) + "\n"
    golden = GOLDEN / f"{scenario}.json"
    if update_golden:
        golden.write_text(found, encoding="utf-8")
    assert json.loads(found) == json.loads(golden.read_text(encoding="utf-8"))


def test_every_recorded_result_has_its_scenario():
    assert sorted(path.stem for path in GOLDEN.glob("*.json")) == sorted(EVERY)


@pytest.mark.parametrize("scenario", PLAIN)
def test_the_twin_over_ipv6_is_judged_the_same(scenario):
    def judged(name: str) -> list[tuple[object, ...]]:
        shown = ("detector", "severity", "confidence", "commitments", "contradicts")
        return sorted((*(str(one[key]) for key in shown), ADDRESS.sub("ADDRESS", str(one["subject"]))) for one in findings(audited(name)))

    assert judged(scenario) == judged(f"{scenario}_v6")
    assert verdict_words(audited(scenario)) == verdict_words(audited(f"{scenario}_v6"))


@pytest.mark.parametrize("scenario", ["smart_camera_honest", *ALIKE])
@pytest.mark.parametrize("suffix", ["", "_v6"])
def test_nothing_above_info_where_nothing_is_wrong(scenario, suffix):
    assert audited(scenario + suffix).worst() in ("", "info")


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("suffix", ["", "_v6"])
def test_what_must_be_reported_is(detector, suffix):
    assert detector in {one.detector for one in audited(detector + suffix).findings}


def test_the_quiet_betrayal_of_the_smart_camera():
    result = audited("smart_camera")
    grave = {(one.detector, one.subject, one.count) for one in result.findings if one.at_least("medium")}
    asked = ("undeclared_destination", "idle_upload", "upload_volume")
    assert grave == {*((detector, "vision-insight.example", 4) for detector in asked), ("undeclared_jurisdiction", "vision-insight.example in BR", 4)}
    assert verdict_words(result)["camera GDSI-3"] == verdict_words(result)["camera GDSI-5"] == "contradicted"
    assert "contradicted" not in verdict_words(audited("smart_camera_honest")).values()


@pytest.mark.parametrize("scenario", ["smart_camera", "smart_camera_v6", *DETECTORS])
@pytest.mark.usefixtures("tshark")
def test_the_display_filters_return_the_evidence(scenario):
    parts = {part.display_filter: part for one in audited(scenario).findings for part in one.evidence}
    for text, part in parts.items():
        shown = tshark_frames(capture_of(scenario), text)
        exact = {frame for _, ranges in part.frames for first, last in ranges for frame in range(first, last + 1)}
        assert exact == shown if part.filter_kind == "exact" else exact < shown


def tshark_frames(capture: Path, display_filter: str) -> set[int]:
    run = ["tshark", "-n", "-r", str(capture), "-Y", display_filter, "-T", "fields", "-e", "frame.number"]
    done = subprocess.run(run, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    return {int(line) for line in done.stdout.split()}


ONE, OTHER = "DE", "BR"
SWAPPED = {ONE: OTHER, OTHER: ONE}


def swap(text: str) -> str:
    return re.sub(rf"\b({ONE}|{OTHER})\b", lambda found: SWAPPED[found[0]], text)


def swap_database(path: Path, target: Path) -> None:
    """A copy with two countries exchanged: their codes in the data section of an MMDB, where a text of two bytes is marked 0x42."""
    import maxminddb

    content = path.read_bytes()
    with maxminddb.open_database(path, maxminddb.MODE_FILE) as reader:
        begin = reader.metadata().node_count * reader.metadata().record_size // 4
    marks = {b"\x42" + one.encode(): b"\x42" + other.encode() for one, other in SWAPPED.items()}
    target.write_bytes(content[:begin] + re.sub(b"|".join(marks), lambda found: marks[found[0]], content[begin:]))


@pytest.fixture(scope="module")
def swapped_geodb(tmp_path_factory):
    """The embedded databases with two countries exchanged in those that say where an address is; the rest is linked."""
    folder = tmp_path_factory.mktemp("geodb") / "geodb"
    for path in (path for path in GEODB.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        target = folder / path.relative_to(GEODB)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name in ("location", "second-opinion"):
            swap_database(path, target)
        elif path.name == "cloud_regions.toml":
            target.write_text(swap(path.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            target.symlink_to(path)
    return folder


def test_two_countries_swap_and_nothing_else_does(swapped_geodb, tmp_path):
    """End to end: exchanged in the databases and in the declaration, they are exchanged in findings, and verdicts stay.

    The far country is the vendor's home, so that the commitment on forced storage speaks too.
    """
    text = declaration_of("undeclared_jurisdiction").read_text(encoding="utf-8")
    plain = text.replace('home = "SE"', f'home = "{OTHER}"').replace('allowed = ["EU"]', f'allowed = ["{ONE}"]')
    declared = tmp_path / "camera.toml"
    results = []
    for stated, geodb in ((plain, None), (swap(plain), swapped_geodb)):
        declared.write_text(stated, encoding="utf-8")
        results.append(audit(capture_of("undeclared_jurisdiction"), declared, geodb=geodb))
    first, second = results
    assert any(OTHER in one.subject and "GDSI-4" in one.commitments for one in first.findings)
    assert [swap(json.dumps(one)) for one in findings(first)] == [json.dumps(one) for one in findings(second)]
    assert [swap(one.observation) for one in first.findings] == [one.observation for one in second.findings]
    assert verdict_words(first) == verdict_words(second)
