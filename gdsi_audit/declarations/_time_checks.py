"""Checks of dates, instants and time zones."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta

from gdsi_audit.declarations._checks import Wrong, kind_of, text

LAST_YEAR = 2261
"""The last whole year that 64 bits of nanoseconds hold."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:(\.\d{1,6})\d*)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


def timezone(value: object) -> str:
    """A name of the IANA time zone database; believed where this machine has none."""
    written = text(value)
    try:
        return zoneinfo.ZoneInfo(written).key
    except (OSError, KeyError, ValueError) as error:
        known = sorted(zoneinfo.available_timezones())  # slow: it walks the database
        near = difflib.get_close_matches(written[:60], known, n=1)
        if known:
            raise Wrong(f'has an unknown time zone "{written[:60]}"' + (f'; did you mean "{near[0]}"?' if near else "")) from error
        return written


def day(value: object) -> str:
    """A date, as `2026-10-01`."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return datetime.strptime(text(value), "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except Wrong:
        raise Wrong(f"must be a date, not {kind_of(value)}") from None
    except ValueError as error:
        raise Wrong("must be a date such as 2026-10-01") from error


def instant(value: object) -> int:
    """A date-time with its offset from UTC (RFC 3339), as UTC nanoseconds."""
    moment = value if isinstance(value, datetime) else _rfc3339(value)
    if moment.tzinfo is None:
        raise Wrong("is a local time: write its offset from UTC, as in 2026-11-01T10:00:00Z")
    since = moment - _EPOCH
    if since < timedelta(0) or moment.year > LAST_YEAR:
        raise Wrong(f"must lie between 1970 and {LAST_YEAR}")
    return since // timedelta(microseconds=1) * 1000


def _rfc3339(value: object) -> datetime:
    found = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if not found:
        other = "" if isinstance(value, str) else f", not {kind_of(value)}"
        raise Wrong(f"must be a date-time with its offset, as in 2026-11-01T10:00:00Z{other}")
    seconds, fraction, offset = found[0][:19], found[1] or "", found[2] or ""
    try:
        return datetime.fromisoformat(seconds.upper() + fraction + offset.upper())
    except ValueError as error:
        raise Wrong("is a date-time that cannot be") from error
