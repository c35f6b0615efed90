"""The pipeline on one screen, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gdsi_audit.commitments import Verdict
from gdsi_audit.declarations import Declaration
from gdsi_audit.finding import Finding
from gdsi_audit.gap import Gap
from gdsi_audit.traffic import Traffic


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The result: everything that reports print. No wall-clock time, no path of this machine beyond the inputs' own names."""

    traffic: Traffic
    declaration: Declaration
    findings: tuple[Finding, ...]
    """Most severe first, then by detector, device and subject."""
    verdicts: tuple[Verdict, ...]
    gaps: tuple[Gap, ...]
    settings: Mapping[str, object]
    """Thresholds and options in force."""
    version: str

    def worst(self) -> str:
        """The highest severity among the findings; empty when there is none."""
        return self.findings[0].severity if self.findings else ""
