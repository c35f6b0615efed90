"""Whether payload is text that anybody can read, whatever protocol it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import HEAD_BYTES, Heads

FRAMING_BYTES = 8
"""A length or a type may stand before the text."""
SHORTEST_BYTES = 24
LOOKED_AT_BYTES = 1024
LEAST_PRINTABLE = 0.9

_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_ENCODED = re.compile(rb"[A-Za-z0-9+/=_\r\n-]*")


@dataclass(frozen=True, slots=True)
class UnnamedText:
    """Text of a protocol that nothing on this shelf recognises."""

    readable: bool
    """False: too little of it can be printed."""
    encoded: bool
    """Nothing but the letters of Base64 or hexadecimal: it may hide anything."""
    length: int
    prefix: bytes
    """At most 1 KiB: evidence, not for print."""

    satisfied = True
    names_service = False
    """It is no protocol, so the flow is not called after it."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Payloads whose first bytes, a few for framing aside, are all printable."""
    found = np.zeros(heads.length.size, np.bool_)
    begin = heads.bytes[:, FRAMING_BYTES : FRAMING_BYTES + 4]
    rows = np.flatnonzero(((begin >= 32) & (begin < 127)).all(axis=1) & (heads.length >= SHORTEST_BYTES))
    if rows.size:
        part = heads.bytes[rows, FRAMING_BYTES:HEAD_BYTES]
        printable = ((part >= 32) & (part < 127)) | ((part >= 9) & (part <= 13) & (part != 11) & (part != 12))
        behind = np.arange(FRAMING_BYTES, HEAD_BYTES) >= heads.length[rows][:, None]
        found[rows] = (printable | behind).all(axis=1)
    return found


def text(data: bytes) -> UnnamedText:
    """What the first LOOKED_AT_BYTES of `data` are."""
    looked_at = data[:LOOKED_AT_BYTES]
    body = looked_at[FRAMING_BYTES:]
    printable = len(body) - len(body.translate(None, _PRINTABLE))
    return UnnamedText(
        readable=bool(body) and printable >= LEAST_PRINTABLE * len(body),
        encoded=bool(_ENCODED.fullmatch(body)),
        length=len(data),
        prefix=looked_at,
    )
