"""How much moved within any rolling window, when all that is known of a flow is when it began, when it ended and how much it carried.

Nothing is spread evenly or extrapolated: sums are what certainly moved within one window, ceilings what can at most have moved in it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class Most(NamedTuple):
    """The window in which most moved."""

    start: int
    """UTC nanoseconds."""
    moved_bytes: int
    """What certainly moved within it."""
    flows: NDArray[np.intp]
    """Positions of the flows that it rests on."""


def contained(starts: Numbers, ends: Numbers, sizes: Numbers, window_ns: int) -> Numbers:
    """For the window that begins with each flow: the sum over flows that lie wholly within it. Longer flows lie in none."""
    short = ends - starts <= window_ns
    counted = np.where(short, sizes, 0)
    # A short flow that began earlier has ended before the window has: what ended by then, less what began before.
    ended = _sum_up_to(np.where(short, ends, np.iinfo(np.int64).max), counted, starts + window_ns, side="right")
    return ended - _sum_up_to(starts, counted, starts, side="left")


def touching(starts: Numbers, ends: Numbers, sizes: Numbers, window_ns: int) -> Numbers:
    """For the window that begins with each flow: the sum over flows of which any part may lie in it."""
    begun = _sum_up_to(starts, sizes, starts + window_ns, side="right")
    return begun - _sum_up_to(ends, sizes, starts, side="left")


def most(starts: Numbers, ends: Numbers, sizes: Numbers, window_ns: int) -> Most:
    """The fullest window. A flow longer than it counts with the part that some window of its life must hold at least."""
    sums = contained(starts, ends, sizes, window_ns)
    parts = np.maximum(-(-(ends - starts) // window_ns), 1)
    alone = np.where(parts > 1, -(-sizes // parts), 0)
    best, longest = int(sums.argmax()), int(alone.argmax())
    if alone[longest] > sums[best]:
        return Most(int(starts[longest]), int(alone[longest]), np.array([longest], np.intp))
    inside = (starts >= starts[best]) & (ends <= starts[best] + window_ns)
    return Most(int(starts[best]), int(sums[best]), np.flatnonzero(inside))


def _sum_up_to(instants: Numbers, sizes: Numbers, limits: Numbers, *, side: str) -> Numbers:
    """For each limit: the sum of sizes at instants up to it (`right`: included)."""
    order = np.argsort(instants, kind="stable")
    running = np.concatenate(([0], np.cumsum(sizes[order])))
    places = np.searchsorted(instants[order], limits, side="right" if side == "right" else "left")
    return np.asarray(running[places], np.int64)
