"""Prefixes to values: the longest prefix wins."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Generic, TypeVar

from gdsi_audit.geo._address import MAPPED

Value = TypeVar("Value")


class PrefixTable(Generic[Value]):
    """Immutable. Nested prefixes are flattened once, so a look-up is one bisection."""

    def __init__(self, prefixes: Iterable[tuple[str, Value]]) -> None:
        """Takes (prefix, value) pairs. Raises ValueError for a prefix that is malformed or has host bits set."""
        self._starts: list[int] = []
        self._values: list[Value | None] = []
        open_ends: list[tuple[int, Value]] = []
        for first, last, value in _sorted_spans(prefixes):
            self._close(open_ends, first)
            self._begin(first, value)
            open_ends.append((last, value))
        self._close(open_ends, 1 << 129)

    def find(self, address: int) -> Value | None:
        """Value of the longest prefix that holds `address` (as `_address.unwrapped` counts), or None."""
        index = bisect_right(self._starts, address) - 1
        return self._values[index] if index >= 0 else None

    def _close(self, open_ends: list[tuple[int, Value]], before: int) -> None:
        while open_ends and open_ends[-1][0] < before:
            last, _ = open_ends.pop()
            self._begin(last + 1, open_ends[-1][1] if open_ends else None)

    def _begin(self, start: int, value: Value | None) -> None:
        if self._starts and self._starts[-1] == start:
            self._values[-1] = value
        else:
            self._starts.append(start)
            self._values.append(value)


def _sorted_spans(prefixes: Iterable[tuple[str, Value]]) -> list[tuple[int, int, Value]]:
    networks = [(ip_network(prefix), value) for prefix, value in prefixes]
    spans = [(_number(network.network_address), _number(network.broadcast_address), value) for network, value in networks]
    return sorted(spans, key=lambda span: (span[0], -span[1]))


def _number(address: IPv4Address | IPv6Address) -> int:
    return int(address) + MAPPED if address.version == 4 else int(address)
