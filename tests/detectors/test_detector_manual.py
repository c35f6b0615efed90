"""What every file on the shelf of detectors promises."""

from __future__ import annotations

import inspect

import pytest

from gdsi_audit import discover
from gdsi_audit.commitments.initiative import initiative
from gdsi_audit.declarations import NOTHING_DECLARED
from gdsi_audit.findings.finding import SEVERITIES

COMMITMENTS = {one.id for one in initiative().commitments}


@pytest.mark.parametrize("name", discover.names("gdsi_audit.detectors"))
def test_a_detector_keeps_the_contract(name, device_traffic):
    module = discover.module("gdsi_audit.detectors", name)
    assert module.SEVERITY in SEVERITIES and set(module.COMMITMENTS) <= COMMITMENTS
    question, *rest = inspect.getdoc(module).split("\n\n")
    assert question.endswith("?")
    assert [part.partition(":")[0] for part in rest] == ["Looks for", "Also looks like this", "References"]
    thresholds = list(inspect.signature(module.detect).parameters.values())[2:]
    assert all(one.kind is one.KEYWORD_ONLY and one.default is not one.empty for one in thresholds)
    assert list(module.detect(device_traffic(""), NOTHING_DECLARED)) == []
