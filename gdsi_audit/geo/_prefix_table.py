"""Prefixes to values: the longest prefix wins."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter
from socket import AF_INET, AF_INET6, inet_pton
from typing import Generic, TypeVar

from gdsi_audit.geo._address import MAPPED

Value = TypeVar("Value")


class PrefixTable(Generic[Value]):
    """Immutable. Nested prefixes are flattened once, so a look-up is one bisection."""

    def __init__(self, prefixes: Iterable[tuple[str, Value]]) -> None:
        """Takes (prefix, value) pairs. Raises ValueError for a prefix that is malformed or has host bits set."""
        self._starts, self._values = _flattened([(*span(prefix), value) for prefix, value in prefixes])

    def find(self, address: int) -> Value | None:
        """Value of the longest prefix that holds `address` (as `_address.unwrapped` counts), or None."""
        index = bisect_right(self._starts, address) - 1
        return self._values[index] if index >= 0 else None


def _flattened(spans: list[tuple[int, int, Value]]) -> tuple[list[int], list[Value | None]]:
    """(where something else begins to hold, what holds from there) for `span` with a value each. One loop: every audit has tens of thousands."""
    spans.sort(key=itemgetter(0))
    starts: list[int] = [-1]
    values: list[Value | None] = [None]
    outer: list[tuple[int, Value | None]] = [(1 << 129, None)]
    for order, last, value in [*spans, (1 << 137, 0, None)]:
        first = order >> 8
        while outer[-1][0] < first:
            start = outer.pop()[0] + 1
            if starts[-1] == start:
                values[-1] = outer[-1][1]
            else:
                starts.append(start)
                values.append(outer[-1][1])
        if starts[-1] == first:
            values[-1] = value
        else:
            starts.append(first)
            values.append(value)
        outer.append((last, value))
    return starts, values


def span(prefix: str) -> tuple[int, int]:
    """(first address with the length behind it in 8 bits, last address), as `_address.unwrapped` counts: in the order of the first number what is
    inside another prefix comes after it.

    Thrice as fast as `ipaddress`, which matters for tens of thousands. Raises ValueError as `PrefixTable` does.
    """
    address, _, length = prefix.partition("/")
    bits, family, base = (128, AF_INET6, 0) if ":" in address else (32, AF_INET, MAPPED)
    try:
        number = int.from_bytes(inet_pton(family, address)) + base
    except (OSError, ValueError) as error:
        raise ValueError(f"{prefix!r} is no prefix") from error
    if not (length.isascii() and length.isdigit() and int(length) <= bits):
        raise ValueError(f"{prefix!r} is no prefix")
    host = (1 << bits - int(length)) - 1
    if number & host:
        raise ValueError(f"{prefix!r} has bits set behind its length")
    return number << 8 | int(length), number + host
