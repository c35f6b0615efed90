"""How findings put into words what they are about."""

from __future__ import annotations

import pytest

from gdsi_audit.detectors import _subjects


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "at once"),
        (0.42, "in 0.42 s"),
        (1.0, "in 1 s (2,000.0 bytes/s)"),
        (2.5, "in 2.5 s (800.0 bytes/s)"),
        (4000.0, "in 1.11 hours (0.5 bytes/s)"),
    ],
)
def test_a_burst_has_no_rate(seconds, words):
    assert _subjects.paced(2000, seconds) == words
    assert words.startswith(_subjects.lasted(seconds))
