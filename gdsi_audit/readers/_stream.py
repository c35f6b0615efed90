"""Bytes from a file or pipe: counted, hashed as they pass, with the first ones to look at."""

from __future__ import annotations

import hashlib
import os
import select
import stat
from typing import Protocol

PASSED_BYTES = 8 << 20
"""Of a capture that memory cannot keep, so much is read before the system is told to forget it."""


class Readable(Protocol):
    """What the ring is filled from."""

    @property
    def trouble(self) -> str:
        """Why the stream ended before its time; empty: it did not."""
        ...

    def readinto(self, view: memoryview) -> int:
        """Fills the front of `view`; returns how many bytes, 0 at the end. Never raises: what goes wrong ends the stream and is `trouble`."""
        ...

    def at_hand(self) -> bool:
        """False when the next `readinto` would wait for a pipe's writer."""
        ...


class File(Protocol):
    """An unbuffered binary file."""

    def readinto(self, view: memoryview, /) -> int | None: ...
    def close(self) -> None: ...
    def fileno(self) -> int:
        """Raises OSError for a file in memory."""
        ...


class RawStream:
    """The bytes on disk or in the pipe, as they are."""

    def __init__(self, file: File, *, hashing: bool) -> None:
        self.trouble = ""
        self.bytes_read = 0
        self._file = file
        self._hash = hashlib.sha256() if hashing else None
        self._descriptor = _descriptor(file)
        self.is_file = self._descriptor >= 0 and stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        """On disk: reading it never waits for anybody."""
        self._is_pipe = self._descriptor >= 0 and not self.is_file
        self._passes_by = self.is_file and hasattr(os, "posix_fadvise") and os.fstat(self._descriptor).st_size > _memory_bytes() // 2
        self._forgotten_bytes = 0

    def readinto(self, view: memoryview) -> int:
        try:
            got = self._file.readinto(view) or 0
        except OSError as error:
            self.trouble = f"read_error: {error.strerror or error}"
            return 0
        self.bytes_read += got
        if self._passes_by and self.bytes_read - self._forgotten_bytes >= PASSED_BYTES:
            self._forget()
        if self._hash is not None:
            self._hash.update(view[:got])
        return got

    def _forget(self) -> None:
        """Lets go of what was read, from the beginning, for pages in large units go only as a whole.

        When memory is full of a capture that is larger, the system has to make room for every new page: that takes longer than reading it.
        """
        self._forgotten_bytes = self.bytes_read
        os.posix_fadvise(self._descriptor, 0, self._forgotten_bytes, os.POSIX_FADV_DONTNEED)

    def at_hand(self) -> bool:
        return not self._is_pipe or bool(select.select([self._descriptor], [], [], 0.2)[0])

    def sha256(self) -> str:
        """Of the bytes read so far; empty when hashing is off."""
        return self._hash.hexdigest() if self._hash is not None else ""

    def read_rest(self, room: memoryview) -> None:
        """Reads to the end, to hash and count it; a pipe may have no end and is left alone."""
        if self._hash is not None and not self._is_pipe:
            while self.readinto(room):
                pass

    def close(self) -> None:
        self._file.close()


def _memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _descriptor(file: File) -> int:
    """-1: a file in memory, which has none."""
    try:
        return file.fileno()
    except OSError:
        return -1


class Peeked:
    """A stream whose first bytes have been read to see what it is; they come first when it is read."""

    def __init__(self, stream: Readable, wanted: int, *, compressed: bool = False) -> None:
        self.compressed = compressed
        self._stream = stream
        room = bytearray(wanted)
        filled = 0
        while filled < wanted and (got := stream.readinto(memoryview(room)[filled:])):
            filled += got
        self.head = bytes(room[:filled])
        self._waiting = self.head

    @property
    def trouble(self) -> str:
        return self._stream.trouble

    def readinto(self, view: memoryview) -> int:
        if not self._waiting:
            return self._stream.readinto(view)
        part = self._waiting[: len(view)]
        view[: len(part)] = part
        self._waiting = self._waiting[len(part) :]
        return len(part)

    def at_hand(self) -> bool:
        return bool(self._waiting) or self._stream.at_hand()
