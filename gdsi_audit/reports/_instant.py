"""Instants as text: ISO 8601, UTC, as many digits as the instant has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

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
