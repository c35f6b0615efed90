"""Checks of single values: each takes what a file holds and gives what the declaration keeps, or raises Wrong."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from gdsi_audit import filters, names
from gdsi_audit.declarations import _countries

Check = Callable[[Any], Any]

LONGEST_TEXT = 4096
HIGHEST_PORT = 65_535
LAST_YEAR = 2261
"""The last whole year that 64 bits of nanoseconds hold."""

TRANSPORTS = ("tcp", "udp", "icmp", "icmp6", "sctp", "arp")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:(\.\d{1,6})\d*)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{2}(-[0-9a-f]{2}){5}")


class Wrong(ValueError):
    """What is wrong with a value, and at which place inside it."""

    def __init__(self, text: str, *inside: str | int) -> None:
        super().__init__(text)
        self.inside = inside


def kind_of(value: object) -> str:
    """The type of a value in the words of TOML and JSON."""
    named = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a table",
        datetime: "a date-time",
        date: "a date",
    }
    return "nothing" if value is None else named.get(type(value), "a time of day")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`; did you mean "ports"?`, or the whole choice when nothing is near."""
    near = difflib.get_close_matches(word.lower(), known, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; it is one of {', '.join(known)}"


def text(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong(f"must be text, not {kind_of(value)}")
    if len(value) > LONGEST_TEXT:
        raise Wrong(f"is longer than {LONGEST_TEXT} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in value):
        raise Wrong("holds a control character")
    return value


def filled(value: object) -> str:
    if not text(value).strip():
        raise Wrong("must not be empty")
    return text(value)


def boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"must be true or false, not {kind_of(value)}")
    return value


def number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"must be a number, not {kind_of(value)}")
    if not math.isfinite(value) or abs(value) > 1e18:
        raise Wrong("must be a finite number")
    return float(value)


def number_between(low: float, high: float) -> Check:
    def check(value: object) -> float:
        if not low <= number(value) <= high:
            raise Wrong(f"must be between {low:g} and {high:g}")
        return number(value)

    return check


def above_zero(value: object) -> float:
    if number(value) <= 0:
        raise Wrong("must be above 0")
    return number(value)


def whole_between(low: int, high: int) -> Check:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(f"must be a whole number, not {kind_of(value)}")
        if not low <= value <= high:
            raise Wrong(f"must be between {low} and {high}")
        return value

    return check


port = whole_between(1, HIGHEST_PORT)


def word_of(*known: str) -> Check:
    def check(value: object) -> str:
        if text(value) not in known:
            raise Wrong(f'has no word "{text(value)[:60]}"{did_you_mean(text(value), known)}')
        return text(value)

    return check


def transport(value: object) -> str:
    """One of TRANSPORTS, or `ip-N` for any other IP protocol."""
    if re.fullmatch(r"ip-(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)", text(value), re.ASCII):
        return text(value)
    return str(word_of(*TRANSPORTS)(value))


def several(check: Check) -> Check:
    """A list of what `check` accepts, as a tuple."""

    def check_list(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong(f"must be a list, not {kind_of(value)}")
        return tuple(_at(index, check, item) for index, item in enumerate(value))

    return check_list


def one_or_several(check: Check) -> Check:
    def check_either(value: object) -> tuple[Any, ...]:
        return tuple(several(check)(value)) if isinstance(value, list) else (check(value),)

    return check_either


def _at(index: int, check: Check, item: object) -> Any:
    try:
        return check(item)
    except Wrong as wrong:
        raise Wrong(str(wrong), index, *wrong.inside) from wrong


def country(value: object) -> str:
    if not _countries.is_country(text(value)):
        near = _countries.nearest(text(value), with_groups=False)
        raise Wrong(f'has an unknown country "{text(value)[:60]}"' + (f'; did you mean "{near}"?' if near else "; countries are ISO 3166-1 codes"))
    return text(value)


def country_or_group(value: object) -> str:
    try:
        _countries.expand([text(value)])
    except ValueError as error:
        raise Wrong(f"has an {error}") from error
    return text(value)


def ports(value: object) -> tuple[tuple[int, int], ...]:
    """A list of ports and "a-b" ranges, as inclusive pairs."""
    return tuple(several(_port_range)(value))


def _port_range(value: object) -> tuple[int, int]:
    if not isinstance(value, str):
        return port(value), port(value)
    found = re.fullmatch(r"(\d{1,5})\s*-\s*(\d{1,5})", value, re.ASCII)
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= HIGHEST_PORT:
        raise Wrong(f'must be a port or a range such as "8000-8100", not "{value[:60]}"')
    return int(found[1]), int(found[2])


def address(value: object) -> str:
    try:
        return str(ip_address(text(value)))
    except ValueError as error:
        raise Wrong(f'has "{text(value)[:60]}", which is no IPv4 or IPv6 address') from error


def network(value: object) -> IPv4Network | IPv6Network:
    """A single address or a prefix. Raises Wrong naming the network where host bits are set."""
    try:
        loose = ip_network(text(value), strict=False)
    except ValueError as error:
        raise Wrong(f'has "{text(value)[:60]}", which is no address and no prefix') from error
    if not re.fullmatch(r"[0-9a-fA-F:.]+(/\d{1,3})?", text(value), re.ASCII):
        raise Wrong(f'has "{text(value)[:60]}": write the prefix with its length, {loose}')
    if ip_address(text(value).partition("/")[0]) != loose.network_address:
        raise Wrong(f'has "{text(value)}" with host bits set: the network is {loose}')
    return loose


def sender(value: object) -> str:
    if text(value) in ("local", "anywhere"):
        return text(value)
    try:
        return str(network(value))
    except Wrong as wrong:
        raise Wrong(f'{wrong}; it is "local", "anywhere" or a prefix') from wrong


def mac(value: object) -> str:
    """Six octets in hexadecimal, as `02:00:00:00:00:50`."""
    if not _MAC.fullmatch(text(value).lower()):
        raise Wrong(f'has "{text(value)[:60]}", which is no MAC address such as 02:00:00:00:00:50')
    return text(value).lower().replace("-", ":")


def host_pattern(value: object) -> str:
    try:
        return names.canonical_pattern(text(value))
    except ValueError as error:
        raise Wrong(f"has {error}") from error


def display_filter(value: object) -> str:
    try:
        filters.compile(filled(value))
    except Wrong:
        raise
    except ValueError as error:
        raise Wrong(f"is no filter: {error}") from error
    return text(value)


def timezone(value: object) -> str:
    """A name of the IANA time zone database; believed where this machine has none."""
    known = zoneinfo.available_timezones()
    if known and text(value) not in known:
        near = difflib.get_close_matches(text(value), sorted(known), n=1)
        raise Wrong(f'has an unknown time zone "{text(value)[:60]}"' + (f'; did you mean "{near[0]}"?' if near else ""))
    return text(value)


def scope(value: object) -> str:
    if text(value) != "device" and not re.fullmatch(r"app:\S+", text(value)):
        raise Wrong(f'must be "device" or "app:<id>", not "{text(value)[:60]}"')
    return text(value)


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
        raise Wrong(f"must be a date-time with its offset, as in 2026-11-01T10:00:00Z, not {kind_of(value)}")
    seconds, fraction, offset = found[0][:19], found[1] or "", found[2] or ""
    try:
        return datetime.fromisoformat(seconds.upper() + fraction + offset.upper())
    except ValueError as error:
        raise Wrong("is a date-time that cannot be") from error
