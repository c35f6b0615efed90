"""STUN and TURN over TCP (RFC 8489 §6.2.2): the same messages, one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols.stun import COOKIE, HEADER_BYTES, StunMessage, parse_message

TRANSPORT = "tcp"


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """By the magic cookie: without it a stream is not taken for STUN."""
    cookie = (heads.bytes[:, 4:8] == np.frombuffer(COOKIE, np.uint8)).all(axis=1)
    found: NDArray[np.bool_] = cookie & (heads.bytes[:, 0] < 0x40) & (heads.bytes[:, 3] % 4 == 0) & (heads.length >= HEADER_BYTES)
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[StunMessage, int] | NeedMore:
    """The first message and its bytes. Raises ValueError."""
    del from_responder
    behind = HEADER_BYTES + int.from_bytes(data[2:4])
    if len(data) >= 8 and (data[0] >= 0x40 or data[4:8] != COOKIE):
        raise ValueError("no STUN message at offset 0")
    return (parse_message(data[:behind]), behind) if len(data) >= max(HEADER_BYTES, behind) else NEED_MORE
