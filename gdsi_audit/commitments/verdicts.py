"""Stage 9: findings and coverage become a verdict per device and commitment of the Global Data Security Initiative.

A finding decides what may be said against a declaration; the numbers of the coverage decide whether anything may be said where nothing was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gdsi_audit.commitments.grounds import Grounds, grounds
from gdsi_audit.commitments.initiative import initiative
from gdsi_audit.declarations import Declaration
from gdsi_audit.findings.finding import CONFIDENCES, SEVERITIES, Broken, Finding
from gdsi_audit.findings.quantities import counted, duration
from gdsi_audit.traffic import Traffic

WORDS = ("contradicted", "indicator", "no contradiction observed", "inconclusive", "not testable")
"""The closed list."""

NEVER_CONTRADICTED = frozenset({"GDSI-1", "GDSI-6"})
"""Signatures and origin were not tested; judicial assistance leaves no trace in packets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What may be said of one device and one commitment."""

    device: str
    commitment: str
    """GDSI-1 … GDSI-7."""
    verdict: str
    """One of WORDS."""
    confidence: str
    sentence: str
    """The whole verdict in words, with the hours and numbers behind it."""
    coverage: Mapping[str, float | int | str]
    """Numbers that the verdict rests on."""
    missing: tuple[str, ...] = ()
    """What would have to be seen or declared to say more."""
    findings: tuple[str, ...] = ()
    """Ids."""


def verdicts(traffic: Traffic, declaration: Declaration, findings: Sequence[Finding], *, shortest_observation_h: float = 1.0) -> tuple[Verdict, ...]:
    """One verdict per device and commitment, devices in the order of `traffic`, then declared ones that never appeared.

    Where no device was seen at all, the rows stand for the capture and their device is empty.
    """
    rests_on = grounds(traffic, declaration, shortest_observation_h=shortest_observation_h)
    of_device: dict[str, list[Finding]] = {}
    for finding in findings:
        of_device.setdefault(finding.device, []).append(finding)
    return tuple(_verdict(one, commitment.id, of_device.get(one.device, [])) for one in rests_on for commitment in initiative().commitments)


def _verdict(basis: Grounds, commitment: str, findings: Sequence[Finding]) -> Verdict:
    """The word, first rule first. `findings`: the device's."""
    mine = [one for one in findings if commitment in one.commitments and one.at_least("low")]
    gravest = sorted(mine, key=lambda one: (-SEVERITIES.index(one.severity), -CONFIDENCES.index(one.confidence), one.detector, one.subject))
    base = Verdict(
        device=basis.device, commitment=commitment, verdict="inconclusive", confidence="low", sentence="", coverage=basis.coverage,
        findings=tuple(one.id for one in gravest),
    )  # fmt: skip
    missing = (*basis.missing, *basis.missing_of.get(commitment, ()))
    breaking = [one for one in gravest if _contradicts(one)] if commitment not in NEVER_CONTRADICTED and basis.by_vendor else []
    if not basis.seen:
        return replace(base, missing=missing, sentence=f"Inconclusive for {commitment}: {'; '.join(missing)}.")
    if breaking:
        return replace(base, verdict="contradicted", confidence="high", missing=missing, sentence=_contradiction(basis, commitment, breaking))
    if gravest:
        strongest = max((one.confidence for one in gravest), key=CONFIDENCES.index)
        return replace(base, verdict="indicator", confidence=strongest, missing=missing, sentence=_indication(basis, commitment, gravest))
    if commitment == "GDSI-6":
        return replace(base, verdict="not testable", confidence="high", missing=missing, sentence=_untestable(basis, commitment))
    if missing:
        sentence = f"Inconclusive for {commitment}: {'; '.join(missing)}. {_numbers(basis)}"
        return replace(base, missing=missing, sentence=sentence)
    return replace(base, verdict="no contradiction observed", confidence="medium", sentence=_absence(basis, commitment))


def _contradicts(finding: Finding) -> bool:
    """Whether it shows, with high confidence, that a vendor's statement is broken in something that matters."""
    return bool(_vendor_items(finding)) and finding.confidence == "high" and finding.at_least("medium")


def _vendor_items(finding: Finding) -> list[Broken]:
    return [item for item in finding.contradicts if item.by == "vendor"]


def _contradiction(basis: Grounds, commitment: str, breaking: Sequence[Finding]) -> str:
    items = sorted({item.words for one in breaking for item in _vendor_items(one)})
    by = f"{counted(len(breaking), 'finding')}: {'; '.join(items)}"
    return f"A declaration that speaks to {commitment} is contradicted by {by}. {breaking[0].observation} {_numbers(basis)}"


def _indication(basis: Grounds, commitment: str, gravest: Sequence[Finding]) -> str:
    found = counted(len(gravest), "finding")
    return f"Indicator for {commitment}: {found} with innocent explanations, the gravest: {gravest[0].observation} {_numbers(basis)}"


def _absence(basis: Grounds, commitment: str) -> str:
    return f"No contradiction observed for {commitment}. {_numbers(basis)} What traffic can never show of it: {_never(commitment)}."


def _untestable(basis: Grounds, commitment: str) -> str:
    return f"{commitment} is not testable by traffic: it can show {_shows(commitment)}. {_numbers(basis)}"


def _never(commitment: str) -> str:
    return next(one.never for one in initiative().commitments if one.id == commitment)


def _shows(commitment: str) -> str:
    return next(one.shows for one in initiative().commitments if one.id == commitment)


def _numbers(basis: Grounds) -> str:
    """The numbers behind the word, as a sentence."""
    numbers = basis.coverage
    return (
        f"Observed: {duration(basis.observed_s)}, {counted(int(numbers['flows']), 'flow')}, "
        f"{int(numbers['up_bytes']):,} bytes up and {int(numbers['down_bytes']):,} down, "
        f"loss {float(numbers['loss']):.2%}, {float(numbers['readable']):.1%} of upload readable."
    )
