"""Zeek's history of a flow, letter by letter."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.kernels import part

SEEN_SYN, SEEN_FIN, SEEN_RST, SEEN_DATA, SEEN_ACK, SEEN_FIN_RST, SEEN_MULTI = (1 << bit for bit in range(7))
LETTER_S, LETTER_H, LETTER_A, LETTER_D, LETTER_F, LETTER_R = (np.int64(ord(letter)) for letter in "SHADFR")
LETTER_T, LETTER_W, LETTER_G, LETTER_I, LETTER_Q, LETTER_FLIPPED = (np.int64(ord(letter)) for letter in "TWGIQ^")
LOWER = 32  # from the originator's letter to the responder's


@part
def write_letter(flow: Any, letter: Any) -> Any:
    place = flow.letters
    if place < 24:
        flow.history[place] = letter
        flow.letters = place + 1


@part
def counted(flow: Any, count: Any, letter: Any) -> Any:
    """The next count of what history repeats logarithmically."""
    more = np.int64(count) + 1
    if more == 1 or more == 10 or more == 100 or more == 1000 or more == 10000:
        write_letter(flow, letter)
    return more if more < 65535 else np.int64(65535)
