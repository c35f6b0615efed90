"""Which flows are judged one by one where there are more than may be held.

Of each contact the first flows come before their repetitions, and what moved payload has half of the room or more, so that no flood of empty flows
hides the one that says something.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.tables.distinct import ordinals

CONTACT_FIELDS = ("orig_hi", "orig_lo", "resp_hi", "resp_lo", "orig_bytes", "resp_bytes", "resp_port", "transport")
"""Fields of flows.CLOSED that are looked at."""

LEAST_SHARE_OF_SILENT, MOST_SHARE_OF_SILENT = 4, 2
"""One in so many places, at least and at most, is for flows without payload: scans alone never fill it."""

SLOTS = 1 << 20
"""Contacts are told apart by so many numbers: two that share one count as repetitions of each other."""

_MOST_REPETITIONS = np.iinfo(np.uint16).max
_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD)


def kept_flows(pieces: Iterable[NDArray[np.void]], rows: int, most: int) -> NDArray[np.bool_]:
    """Which of `rows` flows are kept, at most `most`. `pieces`: all of them in order, as CLOSED rows or their CONTACT_FIELDS.

    Three bytes a flow are held meanwhile.
    """
    repetition, moved, first, met = np.empty(rows, np.uint16), np.empty(rows, np.bool_), 0, np.zeros(2 * SLOTS, np.int64)
    for piece in pieces:
        behind = first + piece.size
        moved[first:behind] = (piece["orig_bytes"] > 0) | (piece["resp_bytes"] > 0)
        repetition[first:behind] = _repetitions(2 * _contact(piece) + moved[first:behind], met)
        first = behind
    speaking = int(moved.sum())
    for_silent = min(max(most // LEAST_SHARE_OF_SILENT, most - speaking), most // MOST_SHARE_OF_SILENT, rows - speaking)
    return least_repeated(repetition, moved, most - for_silent) | least_repeated(repetition, ~moved, for_silent)


def _contact(piece: NDArray[np.void]) -> NDArray[np.int64]:
    """A number below SLOTS for who spoke with whom over which service."""
    service = piece["transport"].astype(np.uint64) << np.uint64(16) | piece["resp_port"]
    mixed = np.zeros(piece.size, np.uint64)
    for part, odd in zip((*(piece[field] for field in CONTACT_FIELDS[:4]), service), _ODD, strict=True):
        mixed = (mixed ^ part) * np.uint64(odd)
        mixed ^= mixed >> np.uint64(29)
    return (mixed % np.uint64(SLOTS)).astype(np.int64)


def _repetitions(contact: NDArray[np.int64], met: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of its contact came before each; `met` counts them and goes on counting."""
    before = met[contact] + ordinals(contact)
    np.add.at(met, contact, 1)
    return np.asarray(np.minimum(before, _MOST_REPETITIONS), np.int64)


def least_repeated(repetition: NDArray[np.uint16], of: NDArray[np.bool_], room: int) -> NDArray[np.bool_]:
    """Of the rows of the mask `of` at most `room`, those that repeat the fewest others, the earlier first. `repetition`: how many each repeats."""
    up_to = np.cumsum(np.bincount(repetition[of], minlength=_MOST_REPETITIONS + 1))
    whole = int(np.searchsorted(up_to, room, "right"))
    chosen = of & (repetition < whole)
    left = room - (int(up_to[whole - 1]) if whole else 0)
    chosen[np.flatnonzero(of & (repetition == whole))[:left]] = True
    return np.asarray(chosen)
