"""An echo request or reply of ICMP or ICMPv6: sizes and digests of its data, never the data (RFC 792, RFC 4443 section 4)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads

HEADER_BYTES = 8
STAMP_BYTES = 16
"""Where senders put the time of sending."""
FILL_BYTES = 48
"""So much of what follows is looked at: a smaller probe of the same sender has the same fill."""


@dataclass(frozen=True, slots=True)
class EchoMessage:
    """Digests are eight bytes in hexadecimal digits; empty for no bytes."""

    reply: bool
    identifier: int
    sequence: int
    data_bytes: int
    """Captured bytes behind the header."""
    stamp_digest: str
    """Of the first 16 bytes of data, where senders put the time."""
    fill_digest: str
    """Of the 48 bytes behind them: a diagnostic fills every request of a series alike."""


def recognise_echo(heads: Heads, request: int, reply: int) -> NDArray[np.bool_]:
    """By type, code 0 and length."""
    kind, code = heads.bytes[:, 0], heads.bytes[:, 1]
    found: NDArray[np.bool_] = ((kind == request) | (kind == reply)) & (code == 0) & (heads.length >= HEADER_BYTES)
    return found


def parse_echo(data: bytes, request: int, reply: int) -> EchoMessage:
    """Raises ValueError for another type, or fewer bytes than the header has."""
    if len(data) < HEADER_BYTES or data[0] not in (request, reply):
        raise ValueError(f"no echo message: {len(data)} bytes, type {data[0] if data else 'none'} at offset 0")
    stamp, fill = data[HEADER_BYTES : HEADER_BYTES + STAMP_BYTES], data[HEADER_BYTES + STAMP_BYTES :][:FILL_BYTES]
    return EchoMessage(
        reply=data[0] == reply,
        identifier=int.from_bytes(data[4:6]),
        sequence=int.from_bytes(data[6:8]),
        data_bytes=len(data) - HEADER_BYTES,
        stamp_digest=_digest(stamp),
        fill_digest=_digest(fill),
    )


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest() if data else ""
