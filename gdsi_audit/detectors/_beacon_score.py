"""How regular contacts are by RITA's four sub-scores.

They follow the definition of RITA v5 (active countermeasures), in whole seconds: timing and size by Bowley skewness and median absolute
deviation, the histogram over 24 equal parts of the whole observation, the duration by coverage and longest run.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 24
FEWEST_BINS = 6
IDEAL_RUN = 12
FEWEST_BINS_BIMODAL = 11
MODE_SHARE = 0.05
SMALLEST_SPREAD = 10
Floats = NDArray[np.float64]


class BeaconScore(NamedTuple):
    """Each 0 to 1, to three decimals; `whole` is the mean of the four."""

    whole: float
    timing: float
    size: float
    histogram: float
    duration: float


def beacon_score(times_s: NDArray[np.int64], sizes_bytes: NDArray[np.int64], first_s: int, last_s: int) -> BeaconScore:
    """Scores of contacts at ascending `times_s` within an observation from `first_s` to `last_s`. Nothing regular can be said: zeros."""
    intervals = np.diff(times_s)
    intervals = np.sort(intervals[intervals > 0]).astype(np.float64)
    if intervals.size < 3 or sizes_bytes.size < 3 or last_s <= first_s:
        return BeaconScore(0.0, 0.0, 0.0, 0.0, 0.0)
    timing = _statistical(intervals, 1.0)
    size = _statistical(np.sort(sizes_bytes).astype(np.float64), 0.0)
    counts = np.histogram(times_s, np.linspace(first_s, last_s, BINS + 1))[0]
    histogram = max(_flatness(counts), _bimodal(counts)) if counts.any() else 0.0
    duration = _duration(counts, (int(times_s[-1]) - int(times_s[0])) / (last_s - first_s))
    return BeaconScore(round((timing + size + histogram + duration) / 4, 3), timing, size, histogram, duration)


def _quartiles(ordered: Floats) -> tuple[float, float, float]:
    """Medians of the lower half, of all, and of the upper half; the middle of an odd number belongs to neither half."""
    half = ordered.size // 2
    return _middle(ordered[:half]), _middle(ordered), _middle(ordered[-half:])


def _middle(ordered: Floats) -> float:
    """Median of what is in order."""
    return float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2


def _statistical(ordered: Floats, score_of_small: float) -> float:
    """Mean of symmetry and concentration. `score_of_small`: concentration where the median is below one."""
    low, middle, high = _quartiles(ordered)
    skewed = high - low >= SMALLEST_SPREAD and middle not in (low, high)
    symmetry = 1 - abs((low + high - 2 * middle) / (high - low)) if skewed else 1.0
    deviation = float(np.median(np.abs(ordered - middle)))
    concentration = max((middle - deviation) / middle, 0.0) if middle >= 1 else score_of_small
    return round((symmetry + concentration) / 2, 3)


def _flatness(counts: NDArray[np.int64]) -> float:
    return round(max(1 - float(np.std(counts) / np.mean(counts)), 0.0), 3)


def _bimodal(counts: NDArray[np.int64]) -> float:
    """Share of the bins in use that have one of the two commonest heights, one outlier forgiven."""
    used = counts[counts > 0]
    if used.size < FEWEST_BINS_BIMODAL:
        return 0.0
    step = int(np.ceil(used.max() * MODE_SHARE))
    heights = np.sort(np.unique(used // step, return_counts=True)[1])
    return round(min(int(heights[-2:].sum()) / max(used.size - 1, 1), 1.0), 3)


def _duration(counts: NDArray[np.int64], coverage: float) -> float:
    used = counts > 0
    if int(used.sum()) < FEWEST_BINS:
        return 0.0
    return min(max(float(np.ceil(coverage * 1000)), float(np.ceil(_longest_run(used) / IDEAL_RUN * 1000))) / 1000, 1.0)


def _longest_run(used: NDArray[np.bool_]) -> int:
    """Bins in a row, the end joined to the beginning."""
    breaks = np.flatnonzero(~np.concatenate((used, used)))
    return used.size if not breaks.size else int(np.diff(np.concatenate(([-1], breaks, [2 * used.size]))).max()) - 1
