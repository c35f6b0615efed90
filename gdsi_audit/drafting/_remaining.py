"""A draft is held against the traffic that it was made from: what detectors still report is said in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gdsi_audit import discover
from gdsi_audit.audit import Audit
from gdsi_audit.declarations import Declaration
from gdsi_audit.finding import Finding

if TYPE_CHECKING:
    from gdsi_audit.drafting import Draft

MOST_TOLD = 20


def noted(draft: Draft, seen: Audit) -> Draft:
    """`draft` with a note on each thing that it does not explain, the refused aside."""
    told = {(one.detector, one.subject) for one in draft.refusals}
    left = [finding for finding in _findings(seen, draft.declaration) if (finding.detector, finding.subject) not in told]
    notes = [f"not explained by this draft: {finding.detector} ({finding.severity}) {finding.subject}" for finding in left]
    more = [f"{len(notes) - MOST_TOLD} further findings are not explained"] if len(notes) > MOST_TOLD else []
    return replace(draft, notes=(*draft.notes, *dict.fromkeys(notes[:MOST_TOLD]), *more))


def _findings(seen: Audit, declaration: Declaration) -> list[Finding]:
    """What is above `info` against the draft."""
    detectors = discover.modules("gdsi_audit.detectors")
    return [one for detector in detectors for share in seen.traffic.devices for one in detector.detect(share, declaration) if one.at_least("low")]
