"""How many and how long, in words."""

from __future__ import annotations

import pytest

from gdsi_audit.findings.quantities import counted, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0251, "0.025 s"),
        (4.71, "4.7 s"),
        (9.6, "10 s"),
        (119, "119 s"),
        (120, "2 minutes"),
        (3546, "59.1 minutes"),
        (3600, "1 hour"),
        (4000, "1.11 hours"),
        (7200, "2 hours"),
        (12_600, "3.5 hours"),
        (12 * 86_400, "12 days"),
    ],
)
def test_durations_take_the_unit_that_fits(seconds, words):
    assert duration(seconds) == words


def test_one_has_no_plural():
    assert [counted(number, "frame") for number in (0, 1, 2000)] == ["0 frames", "1 frame", "2,000 frames"]
