"""A draft is held against the traffic that it was made from: what detectors still report is said in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gdsi_audit import detection
from gdsi_audit.audit import Audit

if TYPE_CHECKING:
    from gdsi_audit.drafting import Draft

MOST_TOLD = 20


def noted(draft: Draft, seen: Audit) -> Draft:
    """`draft` with a note on each thing that it does not explain, the refused aside."""
    told = {(one.detector, one.subject) for one in draft.refusals}
    held = detection.findings(seen.traffic, draft.declaration)
    left = [finding for finding in held if finding.at_least("low") and (finding.detector, finding.subject) not in told]
    notes = [f"not explained by this draft: {finding.detector} ({finding.severity}) {finding.subject}" for finding in left]
    more = [f"{len(notes) - MOST_TOLD} further findings are not explained"] if len(notes) > MOST_TOLD else []
    return replace(draft, notes=(*draft.notes, *dict.fromkeys(notes[:MOST_TOLD]), *more))
