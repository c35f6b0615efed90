"""What the report cannot say. It stands first in every format, so that no verdict travels without it."""

from __future__ import annotations

from gdsi_audit.audit import Audit
from gdsi_audit.initiative import initiative

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
    for capture in audit.traffic.captures:
        if capture.incomplete:
            found.append(f"{capture.path} was not read to its end: {capture.incomplete}.")
    if not audit.traffic.devices:
        found.append("No device was seen: no host on the captured link sent traffic that could be audited.")
    return found
