"""Instants as text: ISO 8601, UTC, as many digits as the instant has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND_NS = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(instant_ns: int | None) -> str | None:
    """`2026-11-01T10:00:00.250Z` of UTC nanoseconds; None stays None, and so does an instant that no calendar holds.

    The fraction has 0, 3, 6 or 9 digits: the fewest that lose nothing.
    """
    if instant_ns is None:
        return None
    seconds, rest = divmod(instant_ns, SECOND_NS)
    try:
        whole = (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
    except OverflowError:
        return None
    fraction = f".{rest:09d}"
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    return f"{whole}{fraction.rstrip('.')}Z"


def minute(instant: str | None) -> str:
    """`2026-11-01 10:00` for a reader, of what `iso` gave; empty for None."""
    return instant[:16].replace("T", " ") if instant else ""
