"""What the record walks count while they run: one row, shared by kernel and Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import part

NEED_MORE, FULL, METADATA, BAD = 0, 1, 2, 3
"""Why a walk returned: a record is incomplete, `out` is full, a block is for Python, a record cannot be."""

LARGEST_HELD_BYTES = 1 << 20
"""The largest record or block of metadata that is ever looked at whole: what one block of the ring leaves for the next fits in its headroom."""

LONGEST_WIRE_BYTES = 0x7FFFFFFF
"""A length on the wire beyond this is clamped to it, as Wireshark does."""

LATEST_S = 9_223_372_035
"""Seconds that fit int64 nanoseconds, either side of 1970 (the year 2262)."""

NO_TIME = np.iinfo(np.int64)

TALLY = np.dtype(
    [
        ("frames", "i8"),  # numbered so far
        ("wire_bytes", "i8"),  # of these
        ("first", "i8"),  # earliest time, UTC nanoseconds
        ("last", "i8"),
        ("not_a_packet", "i8"),  # frames
        ("unknown_interface", "i8"),  # frames
        ("unknown_interface_bytes", "i8"),  # wire bytes of these
        ("absurd_timestamp", "i8"),  # clamped to what int64 nanoseconds hold
        ("absurd_timestamp_frame", "i8"),  # the first of them
        ("absurd_wire_length", "i8"),  # clamped to LONGEST_WIRE_BYTES
        ("absurd_wire_length_frame", "i8"),
        ("no_timestamp", "i8"),
        ("no_timestamp_frame", "i8"),
        ("oversized_metadata", "i8"),  # blocks skipped unread
    ],
    align=True,
)

COUNTED = ("absurd_timestamp", "absurd_wire_length", "no_timestamp")
"""Oddities that do not stop a record from being read: a count and a first frame each."""


def new_tally() -> NDArray[np.void]:
    """One row of TALLY, nothing counted."""
    tally = np.zeros(1, dtype=TALLY)
    tally["first"] = NO_TIME.max
    tally["last"] = NO_TIME.min
    return tally


@part
def note_absurd_length(count: Any, frame: int) -> None:
    """Counts a length that is to be clamped; `count`: the row of TALLY."""
    if count.absurd_wire_length == 0:
        count.absurd_wire_length_frame = frame
    count.absurd_wire_length += 1
