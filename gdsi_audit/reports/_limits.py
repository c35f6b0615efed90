"""What the report cannot say. It stands first in every format, so that no verdict travels without it."""

from __future__ import annotations

from gdsi_audit.audit import Audit
from gdsi_audit.commitments.initiative import initiative
from gdsi_audit.readers._endings import in_words
from gdsi_audit.reports._words import basename

ALWAYS = (
    "This report speaks of the traffic in the captures named here and of nothing else: no other time, unit, firmware or interface.",
    "What was not seen may still exist. Code that did not run leaves no packet, so no capture can show that there is no back door.",
    "A place is said of an address, first hop only. Where a server stores data or to whom it passes data on does not show in traffic.",
    "The content of encrypted connections was not read: names, sizes and times were.",
    "No legal conclusion is drawn. An indicator has innocent explanations, which stand beside it.",
)


def limits(audit: Audit) -> list[str]:
    """Sentences, the audit's own first."""
    return [*_of_this(audit), *ALWAYS, initiative().note]


def _of_this(audit: Audit) -> list[str]:
    found = []
    if not audit.declaration.given:
        found.append("No declaration was given: nothing could be contradicted, and what is undeclared cannot be told from what is declared.")
    elif not audit.declaration.by_vendor:
        found.append("The declaration is not the vendor's own: it cannot be contradicted, only give indicators.")
    found += [
        f"{basename(capture.path)} was not read to its end: {in_words(capture.incomplete)}."
        for capture in audit.traffic.captures
        if capture.incomplete
    ]
    if left_out := sum(capture.ledger.skipped.get("filtered", 0) for capture in audit.traffic.captures):
        frames = f"{left_out:,} of {sum(capture.ledger.read for capture in audit.traffic.captures):,} frames"
        found.append(f"The analyst left out {frames} ({'; '.join(_choices(audit))}): of these nothing is said.")
    if not audit.traffic.devices:
        found.append("No device was seen: no host on the captured link sent traffic that could be audited.")
    return found


def _choices(audit: Audit) -> list[str]:
    options = [f"--{name} {audit.settings[name]}" for name in ("device", "from", "to", "exclude") if audit.settings.get(name)]
    return [*options, *(f"{one.filter}, {one.reason}" if one.reason else one.filter for one in audit.declaration.ignore)]
