"""Kalay: how cameras and other devices register with a vendor's servers, and are reached directly or over a relay (ThroughTek IOTC).

The protocol is not documented by its makers. Its datagrams are scrambled with a fixed text, block by block of 16 bytes: words rotated, the text
added, bytes exchanged, words rotated again. The header below, two marks and the length of what follows, is what free implementations agree on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads

TRANSPORT = "udp"
EVERY_DATAGRAM = False

HEADER_BYTES = 16
MARKS = b"\x04\x02"
KEY = b"Charlie is the d"
EXCHANGES = (11, 9, 8, 15, 13, 10, 12, 14, 2, 1, 5, 0, 6, 4, 7, 3)
"""Which byte of a block goes to each place; its own inverse."""


@dataclass(frozen=True, slots=True)
class KalayMessage:
    """The header of one message."""

    version: int
    kind: int
    """Number of the message; 0x0601: a search of the local network."""
    payload_bytes: int

    @property
    def satisfied(self) -> bool:
        """One message each way tells it."""
        return True


def _rotated(block: bytes, first: int, more: int) -> bytes:
    """The four little-endian words of `block`, rotated to the left by `first` bits, and each by `more` bits more than the one before it."""
    words = [int.from_bytes(block[place : place + 4], "little") for place in range(0, 16, 4)]
    turns = [(first + more * place) % 32 for place in range(4)]
    return b"".join(((word << turn | word >> (32 - turn)) & 0xFFFFFFFF).to_bytes(4, "little") for word, turn in zip(words, turns, strict=True))


def unscrambled(block: bytes) -> bytes:
    """The 16 plain bytes of a block."""
    turned = _rotated(block, 3, 4)
    return _rotated(bytes(turned[place] ^ key for place, key in zip(EXCHANGES, KEY, strict=True)), 1, 4)


def scrambled(block: bytes) -> bytes:
    """The inverse of `unscrambled`."""
    keyed = bytes(byte ^ key for byte, key in zip(_rotated(block, -1, -4), KEY, strict=True))
    return _rotated(bytes(keyed[place] for place in EXCHANGES), -3, -4)


_ZERO = scrambled(bytes(HEADER_BYTES))
_MASK = np.frombuffer(bytes(a ^ b for a, b in zip(scrambled(b"\xff\xff" + bytes(14)), _ZERO, strict=True)), np.uint8)
"""Bits of a scrambled header that hold the two marks."""
_MARKED = np.frombuffer(scrambled(MARKS + bytes(14)), np.uint8) & _MASK


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """The two marks, read through the scrambling, and the exact length."""
    found: NDArray[np.bool_] = (heads.length >= HEADER_BYTES) & ((heads.bytes[:, :HEADER_BYTES] & _MASK) == _MARKED).all(axis=1)
    for row in np.flatnonzero(found):
        found[row] = _payload_bytes(unscrambled(heads.bytes[row, :HEADER_BYTES].tobytes())) == heads.length[row] - HEADER_BYTES
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> KalayMessage:
    """The message in the last datagram. Raises ValueError where marks or length cannot be."""
    del from_responder
    data = datagrams[-1]
    header = unscrambled(data[:HEADER_BYTES]) if len(data) >= HEADER_BYTES else b""
    if header[:2] != MARKS or _payload_bytes(header) != len(data) - HEADER_BYTES:
        raise ValueError("no Kalay header at offset 0")
    return KalayMessage(header[2], int.from_bytes(header[8:10], "little"), len(data) - HEADER_BYTES)


def _payload_bytes(header: bytes) -> int:
    return int.from_bytes(header[4:6], "little")
