"""Zeek's history of a flow, letter by letter."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._states import ACK, FIN, RST, SYN
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


@part
def write_control_letter(flow: Any, endpoint: Any, side: Any, flags: Any, place: Any, length: Any) -> Any:
    """History of a packet with SYN, FIN or RST: again only where it stands at another place of the stream."""
    kind = flags & (SYN | FIN | RST)
    at = place & 0xFFFFFFFF
    before = at
    if kind == SYN:
        bit, letter = SEEN_SYN, LETTER_H if flags & ACK else LETTER_S
        before = np.int64(endpoint.syn_rel)
        endpoint.syn_rel = at
    elif kind == FIN:
        bit, letter = SEEN_FIN, LETTER_F
        at = (place + length) & 0xFFFFFFFF
        before = np.int64(endpoint.fin_rel)
        endpoint.fin_rel = at
    elif kind == RST:
        bit, letter = SEEN_RST, LETTER_R
        before = np.int64(endpoint.rst_rel)
        endpoint.rst_rel = at
    elif flags & FIN and flags & RST:
        bit, letter = SEEN_FIN_RST, LETTER_I
    else:
        bit, letter = SEEN_MULTI, LETTER_Q
    if before != at or not endpoint.seen & bit:
        endpoint.seen |= bit
        write_letter(flow, letter + LOWER * side)
