"""Compressed captures, unpacked as they stream: gzip, bzip2, xz and Zstandard, one member after the other.

Bounded: pieces of at most what is asked for, windows of at most 128 MiB, and an end to what unpacks to an unlikely multiple of itself.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

from gdsi_audit.readers._stream import Readable

LARGEST_RATIO = 500
"""Unpacked to packed bytes. A capture of one packet repeated reaches 100 to 150; zeros through gzip 1029."""

RATIO_FREE_BYTES = 64 << 20
"""Unpacked bytes before the ratio counts."""

_LARGEST_WINDOW_BYTES = 128 << 20
_PACKED_PIECE_BYTES = 64 << 10
_ZSTD_PIECE_BYTES = 512  # 32,768 times as much comes out at worst


class _Member(Protocol):
    """One compressed member, as the decompressors of the standard library."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, packed: bytes, max_length: int) -> bytes: ...


class _GzipMember:
    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    def decompress(self, packed: bytes, max_length: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + packed, max_length)


class _ZstdMember:
    """Zstandard cannot be asked for so many bytes at most; it is fed little at a time instead."""

    def __init__(self) -> None:
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW_BYTES).decompressobj()
        self._packed = b""
        self._unpacked = b""

    @property
    def eof(self) -> bool:
        return bool(self._unpacker.eof) and not self._unpacked

    @property
    def unused_data(self) -> bytes:
        rest: bytes = self._unpacker.unused_data + self._packed
        return rest

    @property
    def needs_input(self) -> bool:
        return not self._packed and not self._unpacked

    def decompress(self, packed: bytes, max_length: int) -> bytes:
        self._packed += packed
        if not self._unpacked and self._packed:
            piece, self._packed = self._packed[:_ZSTD_PIECE_BYTES], self._packed[_ZSTD_PIECE_BYTES:]
            self._unpacked = self._unpacker.decompress(piece)
        part, self._unpacked = self._unpacked[:max_length], self._unpacked[max_length:]
        return part


_FORMATS: tuple[tuple[bytes, str, Callable[[], _Member]], ...] = (
    (b"\x1f\x8b", "gzip", _GzipMember),
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", "xz", lambda: lzma.LZMADecompressor(memlimit=_LARGEST_WINDOW_BYTES)),
    (b"\x28\xb5\x2f\xfd", "zstd", _ZstdMember),
)

_DAMAGE = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)


def compression(head: bytes) -> str:
    """The name of the compression that `head` begins with; empty: none that is known."""
    return next((name for magic, name, _ in _FORMATS if head.startswith(magic)), "")


class Unpacked:
    """The unpacked bytes of a compressed stream."""

    def __init__(self, packed: Readable, name: str) -> None:
        self.trouble = ""
        self._packed = packed
        self._magic, _, self._new_member = next(entry for entry in _FORMATS if entry[1] == name)
        self._member = self._new_member()
        self._room = bytearray(_PACKED_PIECE_BYTES)
        self._packed_bytes = 0
        self._unpacked_bytes = 0

    def readinto(self, view: memoryview) -> int:
        if self.trouble:
            return 0
        try:
            piece = self._next_piece(len(view))
        except _DAMAGE as error:
            self.trouble = f"corrupt_compression: {error}"
            return 0
        self._unpacked_bytes += len(piece)
        if self._unpacked_bytes > max(RATIO_FREE_BYTES, LARGEST_RATIO * self._packed_bytes):
            self.trouble = "limit:compression_ratio"
            return 0
        view[: len(piece)] = piece
        return len(piece)

    def at_hand(self) -> bool:
        return not self._member.needs_input or self._packed.at_hand()

    def _next_piece(self, wanted: int) -> bytes:
        """Up to `wanted` unpacked bytes; none at the end."""
        piece = b""
        while not piece:
            packed = b""
            if self._member.eof:
                rest = self._member.unused_data or self._read_packed()
                # Zeros pad a tape block; anything else behind the last member is no part of the capture either, as gzip says.
                if not rest.startswith(self._magic[: len(rest)]) or not rest:
                    return b""
                self._member = self._new_member()
                packed = rest
            elif self._member.needs_input:
                packed = self._read_packed()
                if not packed:
                    self.trouble = self._packed.trouble or "truncated_compression"
                    return b""
            piece = self._member.decompress(packed, min(wanted, 1 << 20))
        return piece

    def _read_packed(self) -> bytes:
        got = self._packed.readinto(memoryview(self._room))
        self._packed_bytes += got
        return bytes(self._room[:got])
