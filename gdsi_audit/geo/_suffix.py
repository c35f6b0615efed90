"""Names looked up by their ends."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import lru_cache
from typing import TypeVar

Value = TypeVar("Value")
MOST_LABELS = 128
"""A name of 255 bytes has no more (RFC 1035, 2.3.4); what a hostile one has beyond is not walked."""


def canonical(name: str) -> str:
    """As the tables spell names: lower case, no final dot."""
    return name.strip().rstrip(".").lower()


@lru_cache(maxsize=256)
def ends(name: str) -> tuple[str, ...]:
    """`name` and all above it, the longest first. Several tables ask for those of one name in a row."""
    found: list[str] = []
    rest = name
    while rest and len(found) < MOST_LABELS:
        found.append(rest)
        _, _, rest = rest.partition(".")
    return tuple(found)


def longest(name: str, table: Container[str]) -> str:
    """The longest name in `table` that is `name` or above it, or nothing: `evil-b.c` is not below `b.c`."""
    for end in ends(name):
        if end in table:
            return end
    return ""


def find(name: str, table: Mapping[str, Value]) -> Value | None:
    """Value of `longest`, or None."""
    end = longest(name, table)
    return table[end] if end else None
