"""Stage 9: findings and coverage become a verdict per device and commitment of the Global Data Security Initiative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WORDS = ("contradicted", "indicator", "no contradiction observed", "inconclusive", "not testable")
"""The closed list."""


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
