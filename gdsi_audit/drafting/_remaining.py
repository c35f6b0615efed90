"""A draft is held against the traffic that it was made from: what detectors still report is said in it."""

from __future__ import annotations

from collections.abc import Iterable

from gdsi_audit import detection
from gdsi_audit.audit import Audit
from gdsi_audit.declarations import Declaration
from gdsi_audit.drafting._refusals import Refusal

MOST_TOLD = 20


def notes(drafted: Declaration, refusals: Iterable[Refusal], seen: Audit) -> tuple[str, ...]:
    """A note on each thing that the draft does not explain, the refused aside."""
    told = {(one.detector, one.subject) for one in refusals}
    held = detection.findings(seen.traffic, drafted)
    left = [finding for finding in held if finding.at_least("low") and (finding.detector, finding.subject) not in told]
    notes = [f"not explained by this draft: {finding.detector} ({finding.severity}) {finding.subject}" for finding in left]
    more = [f"{len(notes) - MOST_TOLD} further findings are not explained"] if len(notes) > MOST_TOLD else []
    return (*dict.fromkeys(notes[:MOST_TOLD]), *more)
