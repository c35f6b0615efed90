"""What a draft leaves out, and why: whatever detectors report that nobody should declare without looking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gdsi_audit.audit import Audit
from gdsi_audit.findings.finding import SEVERITIES, Finding
from gdsi_audit.naming import names
from gdsi_audit.traffic import Traffic

REFUSED_FROM = "medium"
HIDING = frozenset({"decoy_name", "dns_tunnelling", "generated_names", "icmp_tunnelling", "known_bad", "outbound_attack"})
"""Detectors of what hides or attacks: refused from `low` on."""
ABOUT_NAMES = frozenset({"dns_tunnelling", "generated_names"})
"""Detectors that speak of names: the resolver that carried the questions is not to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One finding that keeps something out of a draft."""

    subject: str
    detector: str
    severity: str
    reason: str
    """The finding's observation."""
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """What may not be drafted."""

    refusals: tuple[Refusal, ...]
    flows: frozenset[int]
    """Ids of the flows that the findings show."""
    carriers: frozenset[int]
    """Ids of the flows in which refused names were asked for."""
    domains: frozenset[str]
    """Subjects of the findings: a name that is one of them, or below one, is refused."""

    def covers(self, name: str, flows: Iterable[int]) -> bool:
        """Whether a party of this name (empty: none), seen in these flows, is left out."""
        below = bool(name) and any(name == domain or name.endswith(f".{domain}") for domain in self.domains)
        return below or not (self.flows | self.carriers).isdisjoint(flows)


def refused(seen: Audit) -> Refused:
    """What the findings of `seen` keep out."""
    grave = [finding for finding in seen.findings if is_refused(finding)]
    return Refused(
        refusals=tuple(_merged(grave)),
        flows=_flows(seen.traffic, (finding for finding in grave if finding.detector not in ABOUT_NAMES)),
        carriers=_flows(seen.traffic, (finding for finding in grave if finding.detector in ABOUT_NAMES)),
        domains=frozenset(finding.subject for finding in grave if _is_a_name(finding.subject)),
    )


def is_refused(finding: Finding) -> bool:
    return finding.at_least("low" if finding.detector in HIDING else REFUSED_FROM)


def flows_of(traffic: Traffic, finding: Finding) -> frozenset[int]:
    """Ids of the flows that a finding shows, by its evidence."""
    return _flows(traffic, [finding])


def _flows(traffic: Traffic, findings: Iterable[Finding]) -> frozenset[int]:
    if not traffic.devices:
        return frozenset()
    place = {capture.sha256: ordinal for ordinal, capture in reversed(list(enumerate(traffic.captures)))}
    frames = [(place[sha256], list(ranges)) for finding in findings for part in finding.evidence for sha256, ranges in part.frames]
    return frozenset(traffic.devices[0].frames.flows(frames).tolist())


def _merged(findings: Iterable[Finding]) -> Iterable[Refusal]:
    """One refusal for what several devices do alike; the gravest first."""
    groups: dict[tuple[int, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((-SEVERITIES.index(finding.severity), finding.detector, finding.subject), []).append(finding)
    for (_, detector, subject), group in sorted(groups.items()):
        devices = tuple(sorted({finding.device for finding in group}))
        yield Refusal(subject=subject, detector=detector, severity=group[0].severity, reason=group[0].observation, devices=devices)


def _is_a_name(subject: str) -> bool:
    """Whether a finding is about a host name or a domain as such."""
    try:
        return "." in names.canonical_name(subject)
    except ValueError:
        return False
