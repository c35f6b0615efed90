"""Which events are followed by something soon, and how likely chance alone is to bring that about."""

from __future__ import annotations

from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray


def apart(times: NDArray[np.int64], within_ns: int) -> NDArray[np.intp]:
    """Places of the events that begin a group: a knock of several packets is one event. `times` ascend."""
    kept, last = [], -within_ns - 1
    for place, time in enumerate(times.tolist()):
        if time - last > within_ns:
            kept.append(place)
            last = time
    return np.array(kept, np.intp)


def followed(times: NDArray[np.int64], starts: NDArray[np.int64], within_ns: int) -> NDArray[np.intp]:
    """For each event the place of the first of `starts` that comes within `within_ns` behind it; -1: none does. Both ascend."""
    place = np.searchsorted(starts, times, side="right")
    there = place < starts.size
    close = there & (starts[np.minimum(place, max(starts.size - 1, 0))] - times <= within_ns) if starts.size else there
    return np.where(close, place, -1).astype(np.intp)


def share_of_time(starts: NDArray[np.int64], within_ns: int, span_ns: int) -> float:
    """Share of the time observed that lies within `within_ns` before one of `starts`: the chance that any instant is followed by one."""
    covered = int(np.minimum(np.diff(starts, append=starts[-1:] + within_ns), within_ns).sum())
    return min(1.0, covered / max(span_ns, 1))


def chance(hits: int, tries: int, share: float) -> float:
    """Probability of `hits` or more among `tries` where each has the probability `share`: the upper tail of a binomial distribution."""
    if hits <= 0 or share >= 1.0:
        return 1.0
    if share <= 0.0:
        return 0.0
    terms = (_log_choose(tries, k) + k * log(share) + (tries - k) * log(1 - share) for k in range(hits, tries + 1))
    return min(1.0, sum(map(exp, terms)))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
