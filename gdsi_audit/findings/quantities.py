"""How findings, verdicts and reports say how many and how long."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 frame`, `2,000 frames`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """`0.42 s`, `45 s`, `12 minutes`, `1 hour`, `3.5 hours`, `12 days`."""
    for unit, length_s, fewest in (("day", 86400.0, 2), ("hour", 3600.0, 1), ("minute", 60.0, 2)):
        if seconds >= fewest * length_s:
            number = f"{seconds / length_s:.3g}"
            return f"{number} {unit}{'' if number == '1' else 's'}"
    return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.2g} s"
