"""Instants as text: ISO 8601, UTC, as many digits as the instant has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND_NS = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(instant_ns: int | None) -> str | None:
    """`2026-11-01T10:00:00.250Z` of UTC nanoseconds; None stays None, and so does an instant that no calendar holds.

    The fraction has 0, 3, 6 or 9 digits: the fewest that lose nothing.
    """
    if instant_ns is None:
        return None
    seconds, rest = divmod(instant_ns, SECOND_NS)
    whole = _second(seconds)
    if whole is None or not rest:
        return whole and f"{whole}Z"
    if rest % 1000:
        return f"{whole}.{rest:09d}Z"
    return f"{whole}.{rest // 1000:06d}Z" if rest % 1_000_000 else f"{whole}.{rest // 1_000_000:03d}Z"


@lru_cache(maxsize=65_536)
def _second(seconds: int) -> str | None:
    """`2026-11-01T10:00:00` of seconds since 1970: much happens in the same second."""
    try:
        return (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
    except OverflowError:
        return None


def minute(instant: str | None) -> str:
    """`2026-11-01 10:00` for a reader, of what `iso` gave; empty for None."""
    return instant[:16].replace("T", " ") if instant else ""


def span(first: str | None, last: str | None, zone: str = "UTC") -> str:
    """`2026-11-01 10:12:40 to 10:57:45 UTC (11:12:40 to 11:57:45 Europe/Berlin)` for a reader, of what `iso` gave; empty for None."""
    if first is None or last is None:
        return ""
    begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    here = ZoneInfo(zone)
    beside = f" ({_from_to(begin.astimezone(here), end.astimezone(here), begin.date())} {zone})" if zone != "UTC" else ""
    return f"{_from_to(begin, end)} UTC{beside}"


def _from_to(first: datetime, last: datetime, day: date | None = None) -> str:
    """Without the date where that is `day`, and in the second instant where it is the first one's."""
    begin = first.replace(tzinfo=None).isoformat(" ", "seconds")[11 if first.date() == day else 0 :]
    end = last.replace(tzinfo=None).isoformat(" ", "seconds")[11 if last.date() == first.date() else 0 :]
    return begin if begin.endswith(end) else f"{begin} to {end}"
