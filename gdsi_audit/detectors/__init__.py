"""Stage 8: one device's traffic held against the declaration. Every public file asks one question; its name is its id.

A detector's docstring is its manual page (`gdsi-audit explain ID`). It has four parts, each a paragraph opening with these words: what it asks
(the first sentence), `Looks for:`, `Also looks like this:` with how to silence it honestly, `References:`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from gdsi_audit.declarations import Declaration
from gdsi_audit.findings.finding import Finding
from gdsi_audit.traffic import DeviceTraffic


class Detector(Protocol):
    """A file on this shelf."""

    SEVERITY: str
    """Base severity."""
    COMMITMENTS: tuple[str, ...]
    """Which commitments its findings speak to."""

    def detect(self, traffic: DeviceTraffic, declaration: Declaration) -> Iterator[Finding]:
        """Findings of one device. Pure; thresholds are keyword defaults with units in their names."""
        ...
