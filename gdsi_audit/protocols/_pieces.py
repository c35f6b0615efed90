"""Pieces of a byte sequence that came in any order."""

from __future__ import annotations


def joined(pieces: dict[int, bytes]) -> bytes:
    """The bytes from offset 0 up to the first gap. Where pieces overlap, the one with the lower offset counts."""
    whole = bytearray()
    for offset in sorted(pieces):
        if offset > len(whole):
            break
        whole += pieces[offset][len(whole) - offset :]
    return bytes(whole)


def keep(pieces: dict[int, bytes], offset: int, piece: bytes) -> None:
    """Adds a piece; of two at the same offset the longer stays."""
    if len(piece) > len(pieces.get(offset, b"")):
        pieces[offset] = piece
