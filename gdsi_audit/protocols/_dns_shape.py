"""What a payload must look like to be read as a DNS message, by the column, from its first bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]

LONGEST_LABEL_BYTES = 63
SMALLEST_QUESTION_BYTES = 5
SMALLEST_RECORD_BYTES = 11
OPCODES = (0, 1, 2, 4, 5, 6)
IS_OPCODE = np.zeros(16, np.bool_)
IS_OPCODE[list(OPCODES)] = True
IS_CLASS = np.zeros(256, np.bool_)
IS_CLASS[[1, 3, 4, 254, 255]] = True


def begins_message(heads: NDArray[np.uint8], length: NDArray[np.int32], *, cut_allowed: Bools | None = None, multicast: bool = False) -> Bools:
    """Header plausible, and the first name walks within the payload.

    Unicast: one question, or a bare error response; opcode known, reserved bit clear, queries without answers. Multicast (RFC 6762 §18): opcode and
    response code 0, any counts but none at all. The records announced must fit into the payload, save where it may be `cut_allowed`: on the
    protocol's own port the snapshot length may have taken them.
    """
    flags, questions, answers, authorities, additionals = (heads[:, place].astype(np.int64) << 8 | heads[:, place + 1] for place in range(2, 12, 2))
    records = answers + authorities + additionals
    response, opcode, rcode = flags >> 15 == 1, flags >> 11 & 15, flags & 15
    if multicast:
        counts = (opcode == 0) & (rcode == 0) & (questions + records > 0)
    else:
        query = (answers == 0) & (authorities == 0) & (rcode == 0) & (additionals <= 2) | (opcode > 3)
        counts = IS_OPCODE[opcode] & (flags & 0x40 == 0) & (questions == 1) & (response | query)
    fits = 12 + SMALLEST_QUESTION_BYTES * questions + SMALLEST_RECORD_BYTES * records <= length
    if cut_allowed is not None:
        fits |= cut_allowed
    begins: Bools = counts & fits
    rows = np.flatnonzero(begins)
    begins[rows] = _first_name_walks(heads[rows], length[rows], questions[rows] > 0)
    return begins


def _first_name_walks(heads: NDArray[np.uint8], length: NDArray[np.int32], is_question: Bools) -> Bools:
    """Labels from offset 12 to the root or to the end of the head; a question's first name cannot be compressed, its type and class must follow."""
    rows, last = np.arange(length.size), heads.shape[1] - 1
    position = np.full(length.size, 12, np.int64)
    walking = np.ones(length.size, np.bool_)
    sound = np.ones(length.size, np.bool_)
    while walking.any():
        size = heads[rows, np.minimum(position, last)].astype(np.int64)
        ended = walking & (size == 0)
        sound &= ~walking | (size <= LONGEST_LABEL_BYTES)
        position += np.where(walking & ~ended, size + 1, 0)
        sound &= position < length
        sound &= ~(ended & is_question) | _question_ends(heads, position, length)
        walking &= sound & ~ended & (position <= last)
    return sound


def _question_ends(heads: NDArray[np.uint8], position: NDArray[np.int64], length: NDArray[np.int32]) -> Bools:
    """The class behind the root label, where it is in the head, is one that exists: IN, CH, HS, NONE or ANY, mDNS's top bit aside."""
    rows, last = np.arange(length.size), heads.shape[1] - 1
    visible = position + 4 <= last
    high = heads[rows, np.minimum(position + 3, last)] & 0x7F
    low = heads[rows, np.minimum(position + 4, last)]
    ends: Bools = (position + 5 <= length) & (~visible | (high == 0) & IS_CLASS[low])
    return ends
