"""Names looked up by their ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

Value = TypeVar("Value")
MOST_LABELS = 128
"""A name of 255 bytes has no more (RFC 1035, 2.3.4); what a hostile one has beyond is not walked."""


def canonical(name: str) -> str:
    """As the tables spell names: lower case, no final dot."""
    return name.strip().rstrip(".").lower()


def ends(name: str) -> Iterator[str]:
    """`name` and every name above it, longest first: a.b.c, b.c, c."""
    labels = name.split(".")
    return (".".join(labels[start:]) for start in range(min(len(labels), MOST_LABELS)))


def find(name: str, table: Mapping[str, Value]) -> Value | None:
    """Value of the longest name in `table` that is `name` or above it, or None: `evil-b.c` is not below `b.c`."""
    return next((table[end] for end in ends(name) if end in table), None)
