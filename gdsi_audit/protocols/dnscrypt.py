"""DNSCrypt version 2: answers begin with a mark of eight bytes, questions with one that only the provider knows. Nothing inside can be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads

TRANSPORT = "udp"
EVERY_DATAGRAM = False

MARK = b"r6fnvWj8"
NONCE_BYTES = 24
TAG_BYTES = 16
SMALLEST_BYTES = len(MARK) + NONCE_BYTES + TAG_BYTES
_MARK = np.frombuffer(MARK, np.uint8)


@dataclass(frozen=True, slots=True)
class DnsCryptAnswer:
    """An encrypted answer."""

    answer_bytes: int
    """Of the encrypted message, its tag included."""

    satisfied = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Datagrams from the responder with the mark, long enough for nonce and tag."""
    found: NDArray[np.bool_] = (heads.length >= SMALLEST_BYTES) & (heads.from_responder == 1) & (heads.bytes[:, : len(MARK)] == _MARK).all(axis=1)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> DnsCryptAnswer:
    """The answer in the first datagram. Raises ValueError where it is none."""
    del from_responder
    data = datagrams[0]
    if not data.startswith(MARK) or len(data) < SMALLEST_BYTES:
        raise ValueError(f"no DNSCrypt answer at offset 0 of {len(data)} bytes")
    return DnsCryptAnswer(len(data) - len(MARK) - NONCE_BYTES)
