"""What a relation of a filter computes: one truth value per frame, over the columns of its packets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.filters._fields import Field, Mask, Range

_LOW_64 = (1 << 64) - 1


class Frames:
    """The packets of whole frames, and which belong together."""

    def __init__(self, packets: NDArray[np.void]) -> None:
        self.packets = packets
        number = packets["frame"]
        self.first = np.flatnonzero(np.concatenate(([True], number[1:] != number[:-1])))
        self.rows = np.diff(np.append(self.first, len(packets)))

    def any(self, of_packets: Mask) -> Mask:
        """One value per frame."""
        return np.logical_or.reduceat(of_packets, self.first)


Test = Callable[[Frames], Mask]


def exists(present: Callable[[NDArray[np.void]], Mask]) -> Test:
    return lambda frames: frames.any(present(frames.packets))


def any_of(column: Field, operator: str, ranges: list[Range]) -> Test:
    """Whether any value of the field stands in `operator` to any of `ranges`."""

    def test(frames: Frames) -> Mask:
        hits = [_holds(frames.packets, name, operator, values) for name in column.columns for values in ranges]
        return frames.any(np.logical_or.reduce(hits) & column.present(frames.packets))

    return test


def compared(column: Field, operator: str, values: Range) -> Test:
    same, other = any_of(column, "in", [values]), any_of(column, "out", [values])
    there = exists(column.present)
    tests: dict[str, Test] = {
        "==": same,
        "!=": lambda frames: there(frames) & ~same(frames),
        "===": lambda frames: there(frames) & ~other(frames),
        "!==": other,
    }
    return tests.get(operator) or any_of(column, operator, [values])


def _holds(packets: NDArray[np.void], name: str, operator: str, values: Range) -> Mask:
    low, high = values
    if operator in ("in", "out"):
        inside = _at_least(packets, name, low) & ~_at_least(packets, name, high + 1)
        return inside if operator == "in" else ~inside
    at_least = _at_least(packets, name, low if operator in (">=", "<") else high + 1)
    return at_least if operator in (">=", ">") else ~at_least


def _at_least(packets: NDArray[np.void], name: str, bound: int) -> Mask:
    """Whether column `name`, or the address in `name`_hi and `name`_lo, is `bound` or more."""
    if name in ("src", "dst"):
        high, low = bound >> 64, bound & _LOW_64
        if high > _LOW_64:
            return np.zeros(len(packets), np.bool_)
        upper = packets[name + "_hi"]
        return np.asarray((upper > np.uint64(high)) | ((upper == np.uint64(high)) & (packets[name + "_lo"] >= np.uint64(low))))
    return (
        np.asarray(packets[name] >= np.int64(bound))
        if packets[name].dtype.kind == "i"
        else np.asarray(packets[name].astype("u8") >= np.uint64(bound))
    )
