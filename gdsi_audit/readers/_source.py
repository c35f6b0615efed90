"""Reading one capture: opened, unpacked, walked and hashed in one pass, with the books of what was read and what was not."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import numpy as np

from gdsi_audit.gap import Gap, Ledger
from gdsi_audit.readers import RECORDS, Frames, Interface, UnreadableInputError
from gdsi_audit.readers._inputs import Input
from gdsi_audit.readers._opening import unpacked, walk_of
from gdsi_audit.readers._ring import HEADROOM_BYTES, SPARE_OFFSET, Block, ReadAhead, read_in_turn
from gdsi_audit.readers._stream import RawStream
from gdsi_audit.readers._tally import COUNTED, NO_TIME

MOST_ROWS = 65_536
"""Frames handed over at once."""


class Reading:
    """One capture being read. A context manager: entering opens it and raises UnreadableInputError, naming it, when it holds no capture.

    Its attributes may be asked for at any time and are final when `frames` has ended. Every byte of a file is hashed, also behind the place where
    reading it as a capture had to stop.
    """

    def __init__(self, source: Input, ordinal: int, *, hashing: bool = True) -> None:
        self.path = source.name
        self.ordinal = ordinal
        self.ledger = Ledger()
        self.incomplete = ""
        """Why the capture was not read to its end, with the offset; empty: it was."""
        self.bytes_parsed = 0
        """Of the capture, unpacked."""
        self.stream_bytes = 0
        """Length of the capture, unpacked, as far as it was read."""
        self.total_bytes = source.size_bytes()
        """On disk; None: not known before the end."""
        self._source = source
        self._hashing = hashing
        self._to_pass_over = 0
        self._records = np.empty(MOST_ROWS, dtype=RECORDS)

    def __enter__(self) -> Reading:
        try:
            self._raw = RawStream(self._source.open(), hashing=self._hashing)
        except OSError as error:
            raise UnreadableInputError(f"{self.path}: {error.strerror or error}; check its name and permissions") from error
        try:
            self._stream = unpacked(self._raw)
            self._walk = walk_of(self._stream)
        except ValueError as error:
            self._raw.close()
            raise UnreadableInputError(f"{self.path}: {error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def frames(self) -> Iterator[Frames]:
        """All frames, block by block. A block's bytes and records are reused once the next one is asked for."""
        rest = b""
        with self._blocks() as blocks:
            for block in blocks:
                rest = yield from self._walk_block(block, rest)
                if self._walk.stopped:
                    break
        self._close_books(rest)
        self._raw.read_rest(memoryview(bytearray(1 << 20)))

    @contextmanager
    def _blocks(self) -> Iterator[Iterator[Block]]:
        if self._raw.is_file and not self._stream.compressed:
            yield read_in_turn(self._stream)
            return
        with ReadAhead(self._stream) as ahead:
            yield ahead.blocks()

    def _walk_block(self, block: Block, rest: bytes) -> Generator[Frames, None, bytes]:
        """Yields the frames of one block, behind the `rest` of the one before; returns its own rest."""
        before = self.stream_bytes - HEADROOM_BYTES
        self.stream_bytes += block.stop - HEADROOM_BYTES
        position = self._place(block, rest)
        rows = MOST_ROWS
        while rows == MOST_ROWS:
            rows, position = self._walk.take(block.data, position, block.stop, self._records)
            self._book(before + min(position, block.stop))
            if rows:
                yield Frames(self.ordinal, block.data, SPARE_OFFSET, self._records[:rows])
        self._to_pass_over += max(0, position - block.stop)
        return block.data[position : block.stop].tobytes()

    def _place(self, block: Block, rest: bytes) -> int:
        """Puts `rest` before the block's bytes, or passes over those that nobody reads; returns where to begin."""
        block.data[HEADROOM_BYTES - len(rest) : HEADROOM_BYTES] = np.frombuffer(rest, dtype=np.uint8)
        passed = min(self._to_pass_over, block.stop - HEADROOM_BYTES)
        self._to_pass_over -= passed
        return HEADROOM_BYTES - len(rest) + passed

    def _book(self, bytes_parsed: int) -> None:
        """Carries the walk's tally over into the ledger."""
        self.bytes_parsed = bytes_parsed
        tally, ledger = self._walk.tally, self.ledger
        ledger.read, ledger.read_bytes = self.frame_count, self.wire_bytes
        for reason in ("not_a_packet", "unknown_interface"):
            if count := int(tally[reason][0]):
                ledger.skipped[reason] = count
                ledger.skipped_bytes[reason] = int(tally["unknown_interface_bytes"][0]) if reason == "unknown_interface" else 0

    def _close_books(self, rest: bytes) -> None:
        """Books why reading ended, where it did not end well."""
        reason = self._walk.stopped or self._stream.trouble
        if not self._walk.stopped and (rest or self._to_pass_over):
            reason = reason or "truncated_record"
        if reason:
            self.incomplete = f"{reason} at byte {self.bytes_parsed}"
        cut = "truncated_record" if self._walk.cut_packet(rest) else ""
        if skipped := self._walk.stopped or cut:
            self.ledger.read += 1
            self.ledger.skip(skipped, 1, 0)

    @property
    def format(self) -> str:
        return self._walk.format

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        return tuple(self._walk.interfaces)

    @property
    def linktypes(self) -> tuple[int, ...]:
        return tuple(sorted({interface.linktype for interface in self._walk.interfaces}))

    @property
    def snaplen(self) -> int:
        """The smallest of any interface; 0: unlimited or unknown."""
        return min((interface.snaplen for interface in self._walk.interfaces if interface.snaplen), default=0)

    @property
    def frame_count(self) -> int:
        """Frames that Wireshark numbers."""
        return int(self._walk.tally["frames"][0])

    @property
    def wire_bytes(self) -> int:
        return int(self._walk.tally["wire_bytes"][0])

    @property
    def first(self) -> int | None:
        """UTC nanoseconds of the earliest frame; None: no frame has a time."""
        first = int(self._walk.tally["first"][0])
        return first if first != NO_TIME.max else None

    @property
    def last(self) -> int | None:
        """UTC nanoseconds of the latest frame."""
        return int(self._walk.tally["last"][0]) if self.first is not None else None

    @property
    def dropped_pkts(self) -> int | None:
        """By interfaces and operating system while capturing; None: the capture does not say."""
        known = [interface.dropped_pkts for interface in self._walk.interfaces if interface.dropped_pkts is not None]
        return sum(known) if known else None

    @property
    def decryption_secrets(self) -> list[tuple[int, bytes]]:
        """(secrets type, secrets) that the capture carries; 0x544c534b: a TLS key log."""
        return self._walk.decryption_secrets

    @property
    def resolved_names(self) -> list[tuple[bytes, bytes]]:
        """(address of 4 or 16 bytes, name) that whoever captured had resolved."""
        return self._walk.resolved_names

    @property
    def bytes_read(self) -> int:
        """Read from disk or pipe so far."""
        return self._raw.bytes_read

    @property
    def bytes_on_disk(self) -> int:
        """Of a file: its size when it was opened. Of a pipe: what was read."""
        return self.total_bytes if self.total_bytes is not None else self.bytes_read

    @property
    def trailing_bytes(self) -> int:
        """Behind `bytes_parsed`; for a compressed capture, of what was unpacked."""
        return (self.stream_bytes if self._stream.compressed else self.bytes_on_disk) - self.bytes_parsed

    @property
    def sha256(self) -> str:
        """Of the bytes on disk or from the pipe, as far as they were read; empty: hashing is off."""
        return self._raw.sha256()

    @property
    def gaps(self) -> list[Gap]:
        """What could not be seen, frames aside that the ledger has."""
        tally, sha256 = self._walk.tally, self.sha256
        oddities = [(kind, int(tally[kind][0]), int(tally[f"{kind}_frame"][0]), "") for kind in COUNTED]
        limits = [
            ("limit:interfaces", self._walk.interfaces_dropped, 0, ""),
            ("limit:metadata_block", int(tally["oversized_metadata"][0]), 0, ""),
        ]
        ending = [(self.incomplete.split(" ")[0].removesuffix(":"), int(bool(self.incomplete)), 0, self.incomplete)]
        return [Gap("readers", kind, count, sha256, frame, note) for kind, count, frame, note in oddities + limits + ending if count]
