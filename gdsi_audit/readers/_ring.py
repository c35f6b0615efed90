"""The blocks that captures are read into.

A file is read into one block again and again: what was just read and hashed is still in the processor's cache when it is walked. What comes from
a pipe or has to be unpacked is read ahead into a fixed ring of blocks by one thread, so that a sniffer need not wait for the walk.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import interrupt
from gdsi_audit.readers import BLOCK_BYTES, SPARE_BYTES
from gdsi_audit.readers._stream import Readable
from gdsi_audit.readers._tally import LARGEST_HELD_BYTES

HEADROOM_BYTES = LARGEST_HELD_BYTES
"""Room at the front of a block for the record that began in the one before."""

SPARE_OFFSET = BLOCK_BYTES
"""Where the room of later stages begins."""

_BLOCKS = 3
PIECE_BYTES = 256 << 10
"""Bytes of a file read at once: what fits into a processor's second cache."""

_PATIENCE_S = 1.0


@dataclass(slots=True)
class Block:
    """A piece of a capture in memory."""

    data: NDArray[np.uint8]
    """BLOCK_BYTES of which the first HEADROOM_BYTES are left free, then SPARE_BYTES."""
    stop: int = 0
    """Behind the last byte read."""


def _aligned(size_bytes: int) -> NDArray[np.uint8]:
    """An array that begins on a page: from the page cache, aligned bytes are copied several times as fast."""
    room = np.empty(size_bytes + mmap.PAGESIZE, dtype=np.uint8)
    return room[-room.ctypes.data % mmap.PAGESIZE :][:size_bytes]


def read_in_turn(stream: Readable) -> Iterator[Block]:
    """Blocks in order, each read when it is asked for: the same block every time."""
    block = Block(_aligned(BLOCK_BYTES + SPARE_BYTES))
    room = block.data.data[:BLOCK_BYTES]
    while True:
        block.stop = HEADROOM_BYTES
        while block.stop < BLOCK_BYTES and (got := stream.readinto(room[block.stop : block.stop + PIECE_BYTES])):
            block.stop += got
        if block.stop == HEADROOM_BYTES:
            return
        yield block


class ReadAhead:
    """Fills blocks from a stream in a thread. A context manager: leaving it ends the thread."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._free: SimpleQueue[Block | None] = SimpleQueue()
        self._full: SimpleQueue[Block | BaseException | None] = SimpleQueue()
        self._leaving = False
        # A daemon, for a pipe whose writer says nothing more must not keep the process.
        self._thread = threading.Thread(target=self._run, name="gdsi-audit read ahead", daemon=True)

    def __enter__(self) -> ReadAhead:
        for _ in range(_BLOCKS):
            self._free.put(Block(_aligned(BLOCK_BYTES + SPARE_BYTES)))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving = True
        self._free.put(None)
        self._thread.join(_PATIENCE_S)

    def blocks(self) -> Iterator[Block]:
        """Blocks in order; each may be used until the next is asked for. An exception of the thread is raised here."""
        while (block := self._next()) is not None:
            if isinstance(block, BaseException):
                raise block
            yield block
            self._free.put(block)

    def _next(self) -> Block | BaseException | None:
        """Waits, and looks up once in a while: a pipe may stay silent for ever, and the user may have given up waiting."""
        while True:
            interrupt.check()
            try:
                return self._full.get(timeout=_PATIENCE_S)
            except Empty:
                continue

    def _run(self) -> None:
        try:
            while not self._leaving and (block := self._free.get()) is not None:
                if not self._fill(block):
                    break
                self._full.put(block)
            self._full.put(None)
        except BaseException as error:  # whatever it is, it belongs to the consumer
            self._full.put(error)

    def _fill(self, block: Block) -> bool:
        """Reads until the block is full, the stream ends, or a pipe pauses; False when nothing came."""
        room = block.data.data[:BLOCK_BYTES]
        block.stop = HEADROOM_BYTES
        while block.stop < BLOCK_BYTES and not self._leaving and (got := self._stream.readinto(room[block.stop :])):
            block.stop += got
            if not self._stream.at_hand():
                break
        return block.stop > HEADROOM_BYTES
