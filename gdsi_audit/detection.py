"""All detectors over all devices, and the one rule that holds for each of them: a draft accuses nobody.

What was drafted from traffic promises nothing, and what it lacks is not denied. So against a draft a finding is `low` at most, unless it is as grave
where nothing is declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

from gdsi_audit import discover
from gdsi_audit.declarations import Declaration
from gdsi_audit.findings.finding import SEVERITIES, Finding
from gdsi_audit.traffic import DeviceTraffic, Traffic

MOST_AGAINST_DRAFT = SEVERITIES.index("low")


def findings(traffic: Traffic, declaration: Declaration) -> Iterator[Finding]:
    """What the detectors report, with the commitments that they speak to: device by device, so that what is worked out of one is not kept."""
    for share in traffic.devices:
        for detector in discover.modules("gdsi_audit.detectors"):
            for finding in _held_against(detector, share, declaration):
                yield replace(finding, commitments=finding.commitments or detector.COMMITMENTS)


def _held_against(detector: ModuleType, share: DeviceTraffic, declaration: Declaration) -> list[Finding]:
    found = list(detector.detect(share, declaration))
    grave = [SEVERITIES.index(one.severity) > MOST_AGAINST_DRAFT and _rests_on_draft(one, declaration) for one in found]
    if not any(grave):
        return found
    bare = {one.subject: SEVERITIES.index(one.severity) for one in detector.detect(share, _without_lists(declaration))}
    limits = [max(MOST_AGAINST_DRAFT, bare.get(one.subject, 0)) for one in found]
    lowered = [SEVERITIES[min(SEVERITIES.index(one.severity), limit)] for one, limit in zip(found, limits, strict=True)]
    return [replace(one, severity=severity) if rests else one for one, severity, rests in zip(found, lowered, grave, strict=True)]


def _without_lists(declaration: Declaration) -> Declaration:
    statements = () if declaration.is_draft else declaration.statements
    return replace(declaration, statements=statements, destinations=(), listeners=(), closed=False)


def _rests_on_draft(finding: Finding, declaration: Declaration) -> bool:
    return declaration.is_draft or (bool(finding.contradicts) and all(item.by == "drafted" for item in finding.contradicts))
