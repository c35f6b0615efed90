"""How old what is said is: addresses move, so what rests on an old source is less sure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache

from gdsi_audit.geo import Answer, Place

WARN_DAYS = 90
MOST_DAYS = 365
LOWER = {"high": "medium", "medium": "low"}
ISO_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?!\d)")


@lru_cache(maxsize=4096)
def edition(source: str) -> date | None:
    """The last day in the words of a source (`dbip 2026-06-01`); None: it is undated."""
    found = ISO_DAY.findall(source)
    try:
        return date.fromisoformat(found[-1]) if found else None
    except ValueError:
        return None


def days_old(source: str, on: date) -> int:
    """Age of a source in days; 0 where it is newer or undated."""
    day = edition(source)
    return max(0, (on - day).days) if day else 0


def aged(place: Place, on: date) -> Place:
    """`place` with lower confidence in each answer that rests on a source over MOST_DAYS old on the day `on`; the reason then says which."""
    answers = (place.located_in, place.registered_in, place.hosted_by, place.operated_by)
    old = sorted({source for answer in answers for source in answer.sources if days_old(source, on) > MOST_DAYS})
    if not old:
        return place
    words = ", ".join(f"{source}, {days_old(source, on)} days old" for source in old)
    located, registered, hosted, operated = (aged_answer(answer, on) for answer in answers)
    reason = f"{place.reason} (less sure: {words})"
    return replace(place, located_in=located, registered_in=registered, hosted_by=hosted, operated_by=operated, reason=reason)


def aged_answer(answer: Answer, on: date) -> Answer:
    """The same of one answer."""
    if all(days_old(source, on) <= MOST_DAYS for source in answer.sources):
        return answer
    return replace(answer, confidence=LOWER.get(answer.confidence, answer.confidence))
