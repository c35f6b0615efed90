"""What may be said of bytes in bulk: whose, how many in the fullest day, and against which limits of a declared item."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _windows
from gdsi_audit.detectors._from_flows import ends
from gdsi_audit.tables.columns import Columns

DAY_NS = 86_400 * 10**9


class Volume(NamedTuple):
    """Times and sizes of some flows, in their order."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    up: NDArray[np.int64]
    """Payload bytes from the device that were captured, retransmissions once."""
    down: NDArray[np.int64]

    @property
    def turned(self) -> Volume:
        """The same with the directions swapped."""
        return Volume(self.starts, self.ends, self.down, self.up)


class Against(NamedTuple):
    """A window in which more went one way than the other way allows."""

    moved_bytes: int
    allowed_bytes: int
    flows: NDArray[np.intp]


def volume(flows: Columns) -> Volume:
    """Bytes that are only known from sequence numbers (`missed_bytes`) are left out: they were not seen."""
    missed = flows["missed_bytes"]
    up, down = (np.maximum(flows[name] - missed, 0) for name in ("up_bytes", "down_bytes"))
    return Volume(flows["start"], ends(flows), up, down)


def above(moved: Volume, ceiling_bytes: int) -> _windows.Most | None:
    """The fullest day, where more than `ceiling_bytes` went up in it."""
    fullest = _windows.most(moved.starts, moved.ends, moved.up, DAY_NS)
    return fullest if fullest.moved_bytes > ceiling_bytes else None


def against(moved: Volume, *, least_bytes: int, share: float) -> Against | None:
    """The day in which most went up beyond max(`least_bytes`, `share` of all bytes that can have moved in it); None: there is none."""
    lower = _windows.contained(moved.starts, moved.ends, moved.up, DAY_NS)
    upper = _windows.touching(moved.starts, moved.ends, moved.up + moved.down, DAY_NS)
    allowed = np.maximum(least_bytes, np.floor(share * upper)).astype(np.int64)
    best = int((lower - allowed).argmax())
    if lower[best] > allowed[best]:
        start = moved.starts[best]
        inside = np.flatnonzero((moved.starts >= start) & (moved.ends <= start + DAY_NS))
        return Against(int(lower[best]), int(allowed[best]), inside)
    return _overall(moved, least_bytes, share)


def _overall(moved: Volume, least_bytes: int, share: float) -> Against | None:
    """Over the whole time: if what went up exceeds what all its days together allow, one of the days exceeds what it allows."""
    days = max(-(-int(moved.ends.max() - moved.starts.min()) // DAY_NS), 1)
    up, both = int(moved.up.sum()), int((moved.up + moved.down).sum())
    allowed = days * least_bytes + int(share * both)
    return Against(up, allowed, np.arange(moved.up.size)) if up > allowed else None
