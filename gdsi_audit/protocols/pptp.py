"""PPTP: the control connection beside which a tunnel runs over GRE (RFC 2637)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore

TRANSPORT = "tcp"

COOKIE = bytes.fromhex("1a2b3c4d")
HEADER_BYTES = 12
LAST_MESSAGE = 15
LONGEST_BYTES = 512


@dataclass(frozen=True, slots=True)
class PptpControl:
    """A control message."""

    message: int
    """1 asks for the control connection, 2 grants it, 7 asks for a call, 8 grants it."""

    satisfied = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A control header with its magic number and a message that exists."""
    begin = heads.bytes
    marked = (begin[:, 4:8] == np.frombuffer(COOKIE, np.uint8)).all(axis=1) & (begin[:, 2] == 0) & (begin[:, 3] == 1)
    found: NDArray[np.bool_] = (heads.length >= HEADER_BYTES) & marked & (begin[:, 8] == 0) & (begin[:, 9] >= 1) & (begin[:, 9] <= LAST_MESSAGE)
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[PptpControl, int] | NeedMore:
    """The first control message and its bytes. Raises ValueError where there is none."""
    del from_responder
    length = int.from_bytes(data[:2])
    header = data[2:HEADER_BYTES]
    wanted = b"\x00\x01" + COOKIE
    if header[: len(wanted)] != wanted[: len(header)] or (len(data) >= 2 and not HEADER_BYTES <= length <= LONGEST_BYTES):
        raise ValueError("no PPTP control message at offset 0")
    if len(data) < max(length, HEADER_BYTES):
        return NEED_MORE
    message = int.from_bytes(data[8:10])
    if not 1 <= message <= LAST_MESSAGE:
        raise ValueError(f"PPTP has no control message {message}: offset 8")
    return PptpControl(message), length
