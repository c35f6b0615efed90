"""Parties that go on one row of a report: what moved, and of what was said of them the gravest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.reports._instant import iso
from gdsi_audit.reports._parties import GRAVEST_ASSESSMENT, GRAVEST_VERDICT, NEVER, NO_SOURCE, Numbers, Parties, Sets

AT_ONCE = 4096
"""Rows that are Python objects at a time."""


class Group(NamedTuple):
    """One row of a report. Instants are UTC nanoseconds; `first` NEVER: nothing moved."""

    rows: list[int]
    """Of the parties."""
    source: int
    verdict: int
    assessment: int
    flows: int
    up_bytes: int
    down_bytes: int
    first: int
    last: int

    @property
    def match(self) -> str:
        """Of matching's words for the group, the one that a reader must see."""
        return GRAVEST_VERDICT[self.verdict] if self.verdict >= 0 else "not_observable"

    @property
    def assessed(self) -> str:
        """Of the assessments of the group, the one that a reader must see."""
        return GRAVEST_ASSESSMENT[self.assessment] if self.assessment >= 0 else "unknown"

    def totals(self) -> dict[str, Any]:
        """Sums over the group, and its first and last instants."""
        moved = self.first != NEVER
        spans = {"first_seen": iso(self.first) if moved else None, "last_seen": iso(self.last) if moved else None}
        return {"flows": self.flows, "up_bytes": self.up_bytes, "down_bytes": self.down_bytes, **spans}


NOTHING = Group([], NO_SOURCE, -1, -1, 0, 0, 0, NEVER, 0)
"""Of no party."""


class Groups:
    """`found`, gathered by `key`: a number per party. Groups are ordered by key, their rows as they come."""

    def __init__(self, found: Parties, key: Numbers) -> None:
        self._rows = np.argsort(key, kind="stable")
        ordered = key[self._rows]
        begins = np.flatnonzero(np.diff(ordered, prepend=-1))
        self.keys = ordered[begins]
        self._bounds = np.append(begins, key.size)
        self._columns = [
            self._folded(np.minimum, found.source, NO_SOURCE),
            *(_lowest_bit(self._folded(np.bitwise_or, bits, 0)) for bits in (found.verdicts, found.assessments)),
            *(self._folded(np.add, column, 0) for column in (found.flows, found.up_bytes, found.down_bytes)),
            self._folded(np.minimum, found.first, NEVER),
            self._folded(np.maximum, found.last, 0),
        ]

    def most_moved(self, titles: Sequence[str]) -> NDArray[np.intp]:
        """Groups in the order of most upload, then most download, then of their titles."""
        *_, up_bytes, down_bytes, _, _ = self._columns
        by_title = np.array(sorted(range(len(titles)), key=titles.__getitem__), np.intp)
        return by_title[np.lexsort((-down_bytes[by_title], -up_bytes[by_title]))]

    def in_order(self, order: NDArray[np.intp]) -> Iterator[Group]:
        """The groups at these places."""
        for start in range(0, order.size, AT_ONCE):
            chosen = order[start : start + AT_ONCE]
            bounds = zip(self._bounds[chosen].tolist(), self._bounds[chosen + 1].tolist(), strict=True)
            rows = [self._rows[begin:end].tolist() for begin, end in bounds]
            yield from map(Group, rows, *(column[chosen].tolist() for column in self._columns))

    def _folded(self, fold: np.ufunc, column: Numbers, default: int) -> Numbers:
        if not self.keys.size:
            return np.full(0, default)
        return np.asarray(fold.reduceat(column[self._rows], self._bounds[:-1]))


def whole(found: Parties) -> Group:
    """All of them as one group; of no party, one in which nothing moved."""
    groups = Groups(found, np.zeros(found.flows.size, np.int64))
    return next(groups.in_order(np.arange(groups.keys.size)), NOTHING)


def union(group: Group, sets: Sets) -> AbstractSet[Any]:
    """All words that are said of a party of the group."""
    if len(group.rows) == 1:
        return sets.known[int(sets.rows[group.rows[0]])]
    return frozenset[Any]().union(*(sets.known[row] for row in set(sets.rows[group.rows].tolist())))


def _lowest_bit(bits: Numbers) -> Numbers:
    """Its number; -1: none is set."""
    return np.asarray(np.frexp((bits & -bits).astype(np.float64))[1], np.int64) - 1
