"""Stages 1 to 4 over all captures: frames, packets, flows, messages. What is left stands on disk or in bounded tables.

Python runs per block, per message and per flow, never per packet. Nothing here knows a declaration; what the analyst leaves out comes as a plain
function over packet rows.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.first_run import Compiling
from gdsi_audit.flows.table import Batch, FlowTable
from gdsi_audit.gap import Gap, Ledger
from gdsi_audit.messages.facts import FactKeeper
from gdsi_audit.observation import MOST_LIVE_FLOWS, Observation
from gdsi_audit.packets.decode import Decoder
from gdsi_audit.protocols._conversations import Conversations
from gdsi_audit.protocols._heard import Heard
from gdsi_audit.readers import Frames, UnreadableInputError
from gdsi_audit.readers._inputs import Input
from gdsi_audit.readers._source import Reading
from gdsi_audit.tables.collecting import rare_collection
from gdsi_audit.traffic import Capture

RESOLVING = frozenset({"dns", "dns_tcp"})

Keep = Callable[[NDArray[np.void]], NDArray[np.bool_]]
Progress = Callable[[int, int | None], None]
"""Called with (bytes read so far, bytes in all if known)."""


class Observer:
    """One run over the captures, in order."""

    def __init__(self, *, naming: bool = True, evidence: bool = True, hashing: bool = True, keep: Keep | None = None) -> None:
        self._facts = FactKeeper(MOST_LIVE_FLOWS)
        self.seen = Observation(texts=self._facts.texts)
        self._naming, self._evidence, self._hashing, self._keep = naming, evidence, hashing, keep
        self._compiling = Compiling(naming=naming)
        self._decoder = Decoder()
        self._table = FlowTable(most_live_flows=MOST_LIVE_FLOWS, streams=naming)
        self._conversations = Conversations(self._table.want, MOST_LIVE_FLOWS)
        self._resolving = [index for index, name in enumerate(self._conversations.shelf.names) if name in RESOLVING]
        self._filtered: list[Ledger] = []
        self._readings: list[Reading] = []

    def read(self, source: Input, progress: Progress | None = None) -> None:
        """Reads one capture to its end. Raises UnreadableInputError when it holds no packet at all."""
        try:
            self._read(source, progress)
        except (OSError, EOFError) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise  # reading needs no room: it is wanted for temporary files
            raise UnreadableInputError(
                f"{source.name}: {error.strerror if isinstance(error, OSError) else error}; check the file and its medium"
            ) from error

    def _read(self, source: Input, progress: Progress | None) -> None:
        ordinal = len(self._readings)
        with Reading(source, ordinal, hashing=self._hashing) as reading:
            self._readings.append(reading)
            self._filtered.append(Ledger())
            frames_before = sum(earlier.frame_count for earlier in self._readings[:-1])
            self.seen.index.begin_capture(frames_before)
            self._table.begin_capture(ordinal, frames_before)
            for frames in reading.frames():
                self._take(frames)
                if progress is not None:
                    progress(reading.bytes_read, reading.total_bytes)

    def finish(self) -> Observation:
        """Closes every flow that is still live, and the books."""
        self._decoder.finish()
        for batch in self._table.finish():
            self._take_batch(batch)
        self.seen.resolutions.finish()
        self.seen.apps = dict(self._decoder.apps)
        self.seen.observed_ns, self.seen.cut_pkts = self._decoder.observed_ns, self._decoder.cut_pkts
        for ordinal, reading in enumerate(self._readings):
            self.seen.captures.append(self._capture(ordinal, reading))
            self.seen.gaps.extend(reading.gaps)
        first_captures = self._decoder.first_captures()
        hashes = [reading.sha256 for reading in self._readings]
        self.seen.gaps.extend(replace(gap, first_capture=hashes[first_captures.get(gap.kind, 0)]) for gap in self._decoder.gaps())
        self.seen.gaps.extend(self._table.gaps())
        kinds = {**self._conversations.gaps, "limit:messages": self.seen.messages.dropped, "limit:names_per_flow": self._facts.dropped_names}
        self.seen.gaps.extend(Gap("protocols", kind, count) for kind, count in sorted(kinds.items()) if count)
        return self.seen

    def _take(self, frames: Frames) -> None:
        for packets in self._decoder.decode(frames):
            chosen = packets if self._keep is None else self._selected(packets, self._filtered[frames.capture])
            self.seen.pkts += chosen.size
            self._compiling.wait()
            for batch in self._table.assemble(frames, chosen):
                self._take_batch(batch)
            if self._evidence:
                self.seen.index.add(self._table.entries)

    def _selected(self, packets: NDArray[np.void], filtered: Ledger) -> NDArray[np.void]:
        """Leaves out what the analyst leaves out: whole frames, counted once."""
        assert self._keep is not None
        kept_frames = np.unique(packets["frame"][self._keep(packets)])
        keep = np.isin(packets["frame"], kept_frames)
        dropped, first = np.unique(packets["frame"][~keep], return_index=True)
        filtered.skip("filtered", dropped.size, int(packets["wire_bytes"][~keep][first].sum()))
        return packets[keep]

    def _take_batch(self, batch: Batch) -> None:
        if self._naming and batch.chunks.size:
            heard = self._conversations.hear(batch.data, batch.chunks)
            for chunks, protocol, columns in heard.columns:
                self.seen.resolutions.add(chunks, columns)
                self._facts.service(chunks, protocol)
            self._note(heard)
        if batch.closed.size:
            self._close(batch.closed, batch.slots)

    def _note(self, heard: Heard) -> None:
        self._facts.note(heard)
        resolves = np.isin(heard.protocols, self._resolving)
        kept = ~resolves
        for row in np.flatnonzero(resolves).tolist():
            message = heard.take(np.array([row])).messages[0]
            self.seen.resolutions.add_message(message, heard.chunks[row : row + 1])
            kept[row] = message.body.hides_names
        self.seen.messages.add(heard.take(np.flatnonzero(kept)) if resolves.any() else heard)

    def _close(self, closed: NDArray[np.void], slots: NDArray[np.int32]) -> None:
        if self._naming:
            self._note(self._conversations.end(closed["serial"]))
        facts, names = self._facts.close(slots, closed["serial"])
        self.seen.rows.append(closed)
        self.seen.facts.append(facts)
        self.seen.names.append(names)

    def _capture(self, ordinal: int, reading: Reading) -> Capture:
        decoded = self._decoder.ledgers.get(ordinal, Ledger())
        filtered = self._filtered[ordinal]
        ledger = Ledger(
            read=reading.ledger.read,
            decoded=decoded.decoded - filtered.skipped.total(),
            skipped=reading.ledger.skipped + decoded.skipped + filtered.skipped,
            read_bytes=reading.ledger.read_bytes,
            decoded_bytes=decoded.decoded_bytes - filtered.skipped_bytes.total(),
            skipped_bytes=reading.ledger.skipped_bytes + decoded.skipped_bytes + filtered.skipped_bytes,
        )
        return Capture(
            path=reading.path,
            sha256=reading.sha256,
            format=reading.format,
            linktypes=reading.linktypes,
            frame_count=reading.frame_count,
            first=reading.first,
            last=reading.last,
            snaplen=reading.snaplen,
            dropped_pkts=reading.dropped_pkts,
            ledger=ledger,
            wire_bytes=reading.wire_bytes,
            bytes_on_disk=reading.bytes_on_disk,
            incomplete=reading.incomplete,
        )


def observe(
    sources: Sequence[Input],
    *,
    naming: bool = True,
    evidence: bool = True,
    hashing: bool = True,
    keep: Keep | None = None,
    progress: Progress | None = None,
) -> Observation:
    """Everything observed in `sources`, one flow table across them all."""
    observer = Observer(naming=naming, evidence=evidence, hashing=hashing, keep=keep)
    with rare_collection():
        for source in sources:
            observer.read(source, progress)
        return observer.finish()
