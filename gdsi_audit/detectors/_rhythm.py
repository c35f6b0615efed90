"""How contacts repeat, by two measures that stand jitter: spread of the intervals, and phase at the best period."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PERIODS_TRIED = 400
Floats = NDArray[np.float64]


class Rhythm(NamedTuple):
    """How contacts with one party repeat."""

    contacts: int
    period_s: float
    low_s: float
    """A quarter of the intervals is shorter."""
    high_s: float
    spread: float
    phase_strength: float
    span_s: float


def rhythm_of(times: NDArray[np.int64]) -> Rhythm:
    """Of at least two contacts at these ascending times, in nanoseconds."""
    seconds = (times - times[0]) / 1e9
    intervals = np.diff(seconds)
    low, middle, high = (float(value) for value in np.quantile(intervals, [0.25, 0.5, 0.75]))
    strength, _ = phase(seconds)
    return Rhythm(times.size, middle, low, high, spread(intervals), strength, float(seconds[-1]))


def spread(intervals_s: Floats) -> float:
    """Distance of the quartiles over the median: 0 for a metronome, 0.4 for 40 % of uniform jitter, 1 and more for chance."""
    low, middle, high = np.quantile(intervals_s, [0.25, 0.5, 0.75])
    return float((high - low) / middle) if middle > 0 else float("inf")


def phase(times_s: Floats) -> tuple[float, float]:
    """(strength, period in seconds) where the contacts' phases agree best: Rayleigh's statistic, 1 for a clock; jitter must not add up."""
    median = float(np.median(np.diff(times_s)))
    periods = median * np.linspace(0.5, 1.5, PERIODS_TRIED)
    since = times_s - times_s[0]
    turns = since[None, :] / periods[:, None]
    # Single precision is plenty to find the best of the periods, and takes a tenth of the time; its strength is then exact.
    angles = (2 * np.pi * (turns - np.floor(turns))).astype(np.float32)
    best = int(np.argmax(np.hypot(np.cos(angles).sum(axis=1), np.sin(angles).sum(axis=1))))
    return float(np.abs(np.exp(2j * np.pi * since / periods[best]).mean())), float(periods[best])
