"""Prefixes to values: the longest prefix wins."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from socket import AF_INET, AF_INET6, inet_pton
from typing import Generic, TypeVar

from gdsi_audit.geo._address import MAPPED

Value = TypeVar("Value")
_LOW_HALF = (1 << 64) - 1
_BEYOND = 1 << 128
"""The first number that is no address."""


@dataclass(frozen=True, slots=True)
class Flattened:
    """Nested prefixes as ranges side by side, in the order of addresses as `_address.unwrapped` counts; the first begins at 0."""

    high: Sequence[int]
    """Of each range's first address, the upper 64 bits."""
    low: Sequence[int]
    """The lower 64 bits."""
    held_by: Sequence[int]
    """Which of the prefixes holds it, counted from 1; 0: none."""


class PrefixTable(Generic[Value]):
    """Immutable. A look-up is a bisection."""

    def __init__(self, flat: Flattened, values: Sequence[Value | None]) -> None:
        """`values`: by the numbers in `flat.held_by`, None for 0."""
        self._flat = flat
        self._values = values

    @classmethod
    def of(cls, prefixes: Iterable[tuple[str, Value]]) -> PrefixTable[Value]:
        """Takes (prefix, value) pairs. Raises ValueError for a prefix that is malformed or has host bits set."""
        pairs = list(prefixes)
        return cls(flattened([prefix for prefix, _ in pairs]), [None, *(value for _, value in pairs)])

    def find(self, address: int) -> Value | None:
        """Value of the longest prefix that holds `address` (as `_address.unwrapped` counts), or None."""
        flat, high = self._flat, address >> 64
        end = bisect_right(flat.high, high)
        start = bisect_left(flat.high, high, 0, end)
        return self._values[flat.held_by[bisect_right(flat.low, address & _LOW_HALF, start, end) - 1]]


def flattened(prefixes: Sequence[str]) -> Flattened:
    """Takes them in any order; the last of two equal ones counts. Raises ValueError as `PrefixTable.of` does."""
    starts, held_by = _side_by_side([(*span(prefix), number) for number, prefix in enumerate(prefixes, 1)])
    while starts[-1] >= _BEYOND:
        starts.pop()
    return Flattened(
        array("Q", [start >> 64 for start in starts]), array("Q", [start & _LOW_HALF for start in starts]), array("L", held_by[: len(starts)])
    )


def _side_by_side(spans: list[tuple[int, int, int]]) -> tuple[list[int], list[int]]:
    """(where something else begins to hold, what holds from there) for `span` with a number each. One loop: there may be tens of thousands."""
    spans.sort(key=itemgetter(0))
    starts: list[int] = [0]
    held_by: list[int] = [0]
    outer: list[tuple[int, int]] = [(1 << 129, 0)]
    for order, last, number in [*spans, (1 << 137, 0, 0)]:
        first = order >> 8
        while outer[-1][0] < first:
            start = outer.pop()[0] + 1
            if starts[-1] == start:
                held_by[-1] = outer[-1][1]
            else:
                starts.append(start)
                held_by.append(outer[-1][1])
        if starts[-1] == first:
            held_by[-1] = number
        else:
            starts.append(first)
            held_by.append(number)
        outer.append((last, number))
    return starts, held_by


def span(prefix: str) -> tuple[int, int]:
    """(first address with the length behind it in 8 bits, last address), as `_address.unwrapped` counts: in the order of the first number what is
    inside another prefix comes after it.

    Thrice as fast as `ipaddress`, which matters for tens of thousands. Raises ValueError as `PrefixTable.of` does.
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
