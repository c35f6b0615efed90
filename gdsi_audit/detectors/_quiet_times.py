"""When nobody touched the device, or nobody had agreed: phases as spans of time, and which flows lie wholly within them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Phase

WITHOUT_CONSENT = ("none", "withdrawn")
SECOND_NS = 10**9
ALL_TIME_NS = 1 << 62


class Span(NamedTuple):
    """UTC nanoseconds, both ends included."""

    start: int
    end: int


def stated(phases: Sequence[Phase], names: Collection[str]) -> Iterator[Phase | Span]:
    """The `phases` of these names; a name that none of them has may be that of any time which none of them covers."""
    yield from (phase for phase in phases if phase.name in names)
    if not set(names) <= {phase.name for phase in phases}:
        yield from between(merged(phases, 0.0))


def merged(phases: Iterable[Phase | Span], widen_s: float) -> tuple[Span, ...]:
    """The time that `phases` cover together, each stretch wider by `widen_s` at both ends (narrower where that is negative)."""
    spans: list[Span] = []
    for phase in sorted(phases, key=lambda one: (one.start, one.end)):
        if spans and phase.start <= spans[-1].end:
            spans[-1] = Span(spans[-1].start, max(spans[-1].end, phase.end))
        else:
            spans.append(Span(phase.start, phase.end))
    by = int(widen_s * SECOND_NS)
    return tuple(Span(one.start - by, one.end + by) for one in spans if one.start - by < one.end + by)


def between(spans: Sequence[Span]) -> tuple[Span, ...]:
    """All the time that is in none of `spans`, which ascend and do not overlap."""
    edges = [-ALL_TIME_NS, *(edge for span in spans for edge in (span.start - 1, span.end + 1)), ALL_TIME_NS]
    return tuple(Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start <= end)


def within(spans: Sequence[Span], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the flows lie wholly in one of `spans`."""
    held = np.zeros(starts.size, np.bool_)
    for span in spans:
        held |= (starts >= span.start) & (ends <= span.end)
    return held


def apart(spans: Sequence[Span], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the flows have no moment in common with any of `spans`."""
    met = np.zeros(starts.size, np.bool_)
    for span in spans:
        met |= (starts <= span.end) & (ends >= span.start)
    return ~met


def seconds(spans: Iterable[Span]) -> float:
    """How long `spans`, which do not overlap, are together."""
    return sum(span.end - span.start for span in spans) / SECOND_NS


def words(phases: Sequence[Phase]) -> str:
    """`idle (nobody using the device) and setup (consent withdrawn)`."""
    said: dict[str, None] = {}
    for phase in phases:
        reasons = [*(() if phase.user_active else ("nobody using the device",))]
        reasons += [f"consent {phase.consent}"] if phase.consent in WITHOUT_CONSENT else []
        said[f'"{phase.name}" ({", ".join(reasons)})'] = None
    return " and ".join(said)
