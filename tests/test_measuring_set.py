"""The measuring set: what is labelled is found, and honest devices are not accused, with a draft of half their traffic or with nothing declared.

The set stands beside the repository; without it all of this is skipped, and says so.
"""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gdsi_audit import discover
from gdsi_audit.audit import Audit, audit
from gdsi_audit.drafting import draft
from gdsi_audit.findings.finding import Finding

SHARED = Path(__file__).parents[2] / "shared" / "captures"
SCORE = SHARED.parent / "score"
TRUTH = ".truth.json"


def rows(name: str) -> list[dict[str, str]]:
    path = SCORE / name
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


DETECTORS = {row["label"]: frozenset(row["detectors"].split()) for row in rows("labels.csv") if row["without_declaration"] == "yes"}
HONEST = [row["file"] for row in rows("benign.csv")]
TRUTHS = {path.name.removesuffix(TRUTH): json.loads(path.read_text(encoding="utf-8")) for path in sorted(SHARED.rglob(f"*{TRUTH}"))}
LABELLED = [(capture, label) for capture, truth in TRUTHS.items() for label in truth.get("expect", ()) if label in DETECTORS]


@cache
def undeclared(file: str) -> Audit:
    return audit(SHARED / file)


def whereabouts(truth: dict[str, Any], label: str) -> list[set[str]]:
    """What a finding must name, as far as the set knows: of each scenario any of its names and addresses."""
    if label == "beacon" and "beacons" in truth:
        return [{one["dst"].rpartition(":")[0]} for one in truth["beacons"]]
    known = {truth[key] for key in ("server", "domain", "peer", "dst_name") if key in truth}
    return [known] if known else []


def says(finding: Finding) -> str:
    return " ".join((finding.subject, finding.observation, *(part.display_filter for part in finding.evidence)))


@pytest.mark.parametrize(("capture", "label"), LABELLED or [("", "")])
def test_what_is_labelled_is_found_without_a_declaration(shared_captures, capture, label):
    missing = DETECTORS[label] - set(discover.names("gdsi_audit.detectors"))
    file = next(shared_captures.rglob(capture)).relative_to(shared_captures)
    found = [one for one in undeclared(str(file)).findings if one.detector in DETECTORS[label] and one.at_least("low")]
    if missing and not found:
        pytest.skip(f"not on the shelf yet: {', '.join(sorted(missing))}")
    assert found
    unnamed = [known for known in whereabouts(TRUTHS[capture], label) if not any(word in says(one) for one in found for word in known)]
    assert unnamed == []


@pytest.mark.parametrize("file", HONEST or [""])
def test_nothing_above_medium_where_nothing_is_declared(shared_captures, file):
    assert [(one.detector, one.subject, one.severity) for one in undeclared(file).findings if one.at_least("high")] == []


def middle(result: Audit) -> str:
    """The instant half way through a capture."""
    (capture,) = result.traffic.captures
    if capture.first is None or capture.last is None:
        return ""
    return datetime.fromtimestamp((capture.first + capture.last) / 2e9, UTC).isoformat()


@pytest.mark.parametrize("suffix", ["toml", "json"])
@pytest.mark.parametrize("file", HONEST or [""])
def test_nothing_above_low_against_a_draft_of_the_first_half(shared_captures, tmp_path, file, suffix):
    made, stated = draft(shared_captures / file, until=middle(undeclared(file))), tmp_path / f"draft.{suffix}"
    stated.write_text(made.toml() if suffix == "toml" else made.mud(), encoding="utf-8")
    found = audit(shared_captures / file, Path(stated)).findings
    assert [(one.detector, one.subject, one.severity) for one in found if one.at_least("medium")] == []
