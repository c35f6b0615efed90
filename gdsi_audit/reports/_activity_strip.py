"""The picture of when devices spoke: one row per device, one column per stretch of time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gdsi_audit.reports._instant import minute

STEPS_H = (1, 3, 6, 12, 24, 7 * 24, 30 * 24, 365 * 24)
WORDS = {1: "hour", 24: "day", 7 * 24: "week", 30 * 24: "30 days", 365 * 24: "365 days"}
MOST_COLUMNS = 120
MOST_DEVICES = 20
WIDTH, ROW_HEIGHT, TALLEST = 1040, 58, 28
HEADING_HEIGHT, FOOTING_HEIGHT = 16, 22
LETTER_WIDTH = 6.2


def strip(devices: Sequence[Mapping[str, Any]], phases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """columns (0: there is nothing to draw), step in words, width, height, first, last, rows of (x, width, height) and phases, in pixels."""
    hours = [datetime.fromisoformat(row["hour"]) for device in devices for row in device["activity"]]
    if not hours or min(hours) == max(hours):
        return {"columns": 0}
    begin, span_h = min(hours), (max(hours) - min(hours)) // timedelta(hours=1) + 1
    step_h = next((step for step in STEPS_H if span_h <= step * MOST_COLUMNS), STEPS_H[-1])
    columns = -(-span_h // step_h)
    shown = [device for device in devices if device["activity"]][:MOST_DEVICES]
    end = begin + timedelta(hours=columns * step_h)
    drawn = [one for phase in phases if (one := _phase(phase, begin, end))]
    heading = HEADING_HEIGHT if drawn else 0
    return {
        "columns": columns,
        "step": WORDS.get(step_h, f"{step_h} hours"),
        "width": WIDTH,
        "height": heading + ROW_HEIGHT * len(shown) + FOOTING_HEIGHT,
        "first": minute(begin.isoformat()),
        "last": minute(end.isoformat()),
        "rows": [_row(device, begin, step_h, columns, heading + (place + 1) * ROW_HEIGHT - 6) for place, device in enumerate(shown)],
        "phases": drawn,
    }


def _row(device: Mapping[str, Any], begin: datetime, step_h: int, columns: int, baseline: int) -> dict[str, Any]:
    moved: dict[int, int] = {}
    for row in device["activity"]:
        column = (datetime.fromisoformat(row["hour"]) - begin) // timedelta(hours=step_h)
        moved[column] = moved.get(column, 0) + row["up_bytes"] + row["down_bytes"]
    width = WIDTH / columns
    most = math.log1p(max(moved.values(), default=0)) or 1.0
    bars = [
        (round(column * width, 2), round(max(1.5, width - 1), 2), round(2 + (TALLEST - 2) * math.log1p(count) / most, 2))
        for column, count in moved.items()
    ]
    return {"device": device["id"], "y": baseline, "bars": bars}


def _phase(phase: Mapping[str, Any], begin: datetime, end: datetime) -> dict[str, Any] | None:
    """A declared phase as far as it lies in the picture."""
    if not phase["start"] or not phase["end"]:
        return None
    first, last = max(begin, datetime.fromisoformat(phase["start"])), min(end, datetime.fromisoformat(phase["end"]))
    if first >= last:
        return None
    x = round(WIDTH * ((first - begin) / (end - begin)), 2)
    width = round(WIDTH * ((last - first) / (end - begin)), 2)
    return {"name": phase["name"], "fits": len(phase["name"]) * LETTER_WIDTH + 3 < width, "x": x, "width": width}
