"""Payload finds its parser: chunks of streams and datagrams become messages, and the flow table learns what is still wanted.

Recognition and what TLS says first work by the column over all chunks of a batch; Python runs only for chunks of flows that have to be read one
after the other, and stops at the first message that leaves nothing more to learn.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.flows import CHUNKS
from gdsi_audit.protocols import NeedMore
from gdsi_audit.protocols._attention import NEVER, Attention, Want
from gdsi_audit.protocols._heads import TRANSPORTS, Beginnings, Chunk, Shelf, heads_of, heads_of_bytes, with_icmp_headers
from gdsi_audit.protocols._heard import Heard, Said
from gdsi_audit.protocols._whole_batch import WholeBatch

SHORTEST_HEAD_BYTES = 8
"""A stream's first chunk shorter than this waits for the next one before it is recognised."""
STREAM_BYTES = 65_536
"""Most bytes that one direction of one stream keeps while a message is incomplete."""
MOST_DATAGRAMS = 16


class Side:
    """One direction of one stream, or of one exchange of datagrams, that is read chunk by chunk."""

    __slots__ = ("buffer", "chunk", "datagrams", "protocol", "resting")

    def __init__(self) -> None:
        self.protocol = -1
        self.buffer = b""
        self.chunk: Chunk | None = None
        """The last one that went into `buffer`."""
        self.datagrams: list[bytes] = []
        self.resting = False
        """A body of unknown length is under way: only a chunk that begins a message of the same protocol is of interest."""


class Conversation:
    """What is under way in one flow."""

    __slots__ = ("sides", "tunnel")

    def __init__(self) -> None:
        self.tunnel = False
        """HTTP CONNECT was asked for: a response that grants it ends HTTP."""
        self.sides = (Side(), Side())


class Conversations:
    """All conversations under way. `hear` is called once per batch, in order."""

    def __init__(self, want: Want, most_slots: int) -> None:
        self.shelf = Shelf()
        self.gaps: Counter[str] = Counter()
        self._attention = Attention(want, most_slots)
        self._said = Said(self.shelf)
        self._whole_batch = WholeBatch(self.shelf, self._attention, self._said, self.gaps, most_slots)
        self._live: dict[int, Conversation] = {}
        self._live_in_slot = np.full(most_slots, -1, np.int64)
        self._row = 0
        self._alone = np.array([getattr(module, "EVERY_DATAGRAM", False) for module in self.shelf.protocols], np.bool_)

    def hear(self, data: NDArray[np.uint8], chunks: NDArray[np.void]) -> Heard:
        """Messages of `chunks`, whose bytes lie in `data`."""
        if not chunks.size:
            return Heard(self.shelf)
        heard = self._hear_all(data, with_icmp_headers(chunks))
        self._attention.tell()
        return heard

    def end(self, serials: NDArray[np.int64]) -> Heard:
        """These flows are closed; what the beginnings of messages that will never be whole still say."""
        if self._live:
            for serial in serials.tolist():
                conversation = self._live.pop(serial, None)
                for side in conversation.sides if conversation else ():
                    self._read_cut(side)
        return self._said.take(np.empty(0, CHUNKS))

    def _hear_all(self, data: NDArray[np.uint8], chunks: NDArray[np.void]) -> Heard:
        slots, directions = chunks["slot"].astype(np.int64), chunks["from_responder"]
        sides = 2 * slots + directions
        self._attention.meet(slots, chunks["serial"])
        claimed = self._claims(data, chunks)
        taken, columns = self._whole_batch.read(data, chunks, claimed, sides)
        self._listen(chunks, claimed, taken)
        alone = (claimed >= 0) & self._alone[claimed]
        ends = chunks["stream_offset"] + chunks["length"]
        live = self._live_in_slot[slots] == chunks["serial"]
        rows = np.flatnonzero((live | alone) & ~taken & self._attention.reaches(sides, ends))
        beginnings = Beginnings(self.shelf, data, chunks, rows)
        begins = self._attention.begins
        for row, side, end in zip(rows.tolist(), sides[rows].tolist(), ends[rows].tolist(), strict=True):
            # Chunks before it in this batch may have said it all.
            if begins[side] < end:
                self._row = row
                self._hear_one(data, Chunk._make(chunks[row].item()), int(claimed[row]), beginnings)
        heard = self._said.take(chunks)
        heard.columns = columns
        return heard

    def _claims(self, data: NDArray[np.uint8], chunks: NDArray[np.void]) -> NDArray[np.int16]:
        """Row on the shelf per chunk; only a stream's first chunk and datagrams are looked at."""
        looked_at = np.flatnonzero((chunks["transport"] != TRANSPORTS["tcp"]) | (chunks["stream_offset"] == 0))
        claimed = np.full(chunks.size, -1, np.int16)
        claimed[looked_at] = self.shelf.recognise(heads_of(data, chunks[looked_at]))
        return claimed

    def _listen(self, chunks: NDArray[np.void], claimed: NDArray[np.int16], taken: NDArray[np.bool_]) -> None:
        """Flows in which a protocol was recognised, or whose first chunk is too short to tell, are heard from now on."""
        tcp = chunks["transport"] == TRANSPORTS["tcp"]
        short = tcp & (chunks["stream_offset"] == 0) & (chunks["length"] < SHORTEST_HEAD_BYTES)
        begins = ((claimed >= 0) & ~self._alone[claimed] & ~taken) | short
        fresh = np.flatnonzero(begins & (self._live_in_slot[chunks["slot"]] != chunks["serial"]))
        self._live_in_slot[chunks["slot"][fresh]] = chunks["serial"][fresh]
        for serial in dict.fromkeys(chunks["serial"][fresh].tolist()):
            self._live[serial] = Conversation()

    def _hear_one(self, data: NDArray[np.uint8], chunk: Chunk, claimed: int, beginnings: Beginnings) -> None:
        payload = data[chunk.offset : chunk.offset + chunk.length].tobytes()
        if claimed >= 0 and self._alone[claimed]:
            self._hear_datagram(chunk, claimed, [payload])
            return
        conversation = self._live.get(chunk.serial)
        if conversation is None:
            return
        if chunk.transport == TRANSPORTS["tcp"]:
            self._hear_stream(conversation, chunk, claimed, payload, beginnings)
        else:
            self._hear_datagrams(conversation, chunk, claimed, payload)

    def _hear_datagram(self, chunk: Chunk, index: int, datagrams: list[bytes]) -> bool:
        """One attempt at a message; True: nothing more to learn from this direction."""
        try:
            found = self.shelf.protocols[index].parse(datagrams, from_responder=bool(chunk.from_responder))
        except ValueError:
            self.gaps[f"bad_{self.shelf.names[index]}"] += 1
            return True
        if isinstance(found, NeedMore):
            return False
        # What follows is another message: kept, these datagrams would be heard again with each that comes.
        datagrams.clear()
        bodies = found if isinstance(found, tuple) else (found,)
        for body in bodies:
            self._said.one(self._row, index, body)
        return bool(getattr(bodies[-1], "satisfied", True))

    def _hear_datagrams(self, conversation: Conversation, chunk: Chunk, claimed: int, payload: bytes) -> None:
        side = conversation.sides[chunk.from_responder]
        if side.protocol < 0 and claimed < 0:
            return
        side.protocol = claimed if side.protocol < 0 else side.protocol
        side.datagrams.append(payload)
        if self._hear_datagram(chunk, side.protocol, side.datagrams) or len(side.datagrams) >= MOST_DATAGRAMS:
            side.datagrams.clear()
            self._attention.skip_to(chunk, NEVER)

    def _hear_stream(self, conversation: Conversation, chunk: Chunk, claimed: int, payload: bytes, beginnings: Beginnings) -> None:
        side = conversation.sides[chunk.from_responder]
        if side.protocol < 0 and not side.buffer:
            side.protocol = claimed
        if side.resting:
            if not beginnings.has(self._row, side.protocol):
                return
            side.resting = False
        elif chunk.gap_bytes and (side.buffer or self._attention.begins[2 * chunk.slot + chunk.from_responder] < chunk.stream_offset):
            # Missing bytes are harmless inside a body that is skipped anyway, and the end of what can be parsed elsewhere.
            self.gaps["stream_gap"] += 1
            self._read_cut(side)
            self._finish(side, chunk)
            return
        side.buffer += payload[max(self._attention.begins[2 * chunk.slot + chunk.from_responder] - chunk.stream_offset, 0) :]
        side.chunk = chunk
        while side.buffer and self._take_message(conversation, side, chunk):
            pass
        self._settle(side, chunk)

    def _read_cut(self, side: Side) -> None:
        """The stream ends for us inside a message: its protocol may still make something of what is there."""
        module = self.shelf.protocols[side.protocol] if side.protocol >= 0 else None
        if not side.buffer or side.chunk is None or not getattr(module, "READS_WHAT_IS_CUT", False) or module is None:
            return
        try:
            outcome = module.parse(side.buffer, from_responder=bool(side.chunk.from_responder), final=True)
        except ValueError:
            return
        if not isinstance(outcome, NeedMore):
            for body in outcome[0] if isinstance(outcome[0], tuple) else outcome[:1]:
                self._said.one(self._row, side.protocol, body, elsewhere=side.chunk)

    def _take_message(self, conversation: Conversation, side: Side, chunk: Chunk) -> bool:
        """Takes one message off the front of the buffer; False: not yet, or never."""
        if side.protocol < 0 and not self._recognise_again(side, chunk):
            return False
        try:
            outcome = self.shelf.protocols[side.protocol].parse(side.buffer, from_responder=bool(chunk.from_responder))
        except ValueError:
            self.gaps[f"bad_{self.shelf.names[side.protocol]}"] += 1
            self._finish(side, chunk)
            return False
        if isinstance(outcome, NeedMore):
            return False
        found, used = outcome
        bodies = found if isinstance(found, tuple) else (found,)
        for body in bodies:
            self._said.one(self._row, side.protocol, body)
        self._go_on(conversation, side, chunk, bodies[-1], used)
        return bool(used > 0)

    def _go_on(self, conversation: Conversation, side: Side, chunk: Chunk, body: Any, used: int) -> None:
        """What follows this message in the stream."""
        if getattr(body, "satisfied", False):
            self._finish(side, chunk)
            return
        answers_tunnel = conversation.tunnel and 200 <= getattr(body, "status", 0) < 300
        hands_over = bool(getattr(body, "hands_over", False))
        side.buffer = side.buffer[body.head_bytes if answers_tunnel else used :]
        missing_bytes = 0 if answers_tunnel else int(getattr(body, "body_bytes_missing", 0))
        side.resting = missing_bytes < 0
        if missing_bytes > 0:
            self._attention.skip_to(chunk, chunk.stream_offset + chunk.length + missing_bytes)
        conversation.tunnel |= hands_over and hasattr(body, "method")
        if hands_over or answers_tunnel:
            side.protocol = -1

    def _recognise_again(self, side: Side, chunk: Chunk) -> bool:
        """For a stream whose first chunk was too short, and behind a message that hands the stream over to another protocol."""
        side.protocol = int(self.shelf.recognise(heads_of_bytes(side.buffer, chunk))[0])
        if side.protocol < 0 and len(side.buffer) >= SHORTEST_HEAD_BYTES:
            self._finish(side, chunk)
        return side.protocol >= 0

    def _finish(self, side: Side, chunk: Chunk) -> None:
        """Nothing more is to be learnt from this direction."""
        side.buffer, side.chunk = b"", None
        self._attention.finish(chunk)

    def _settle(self, side: Side, chunk: Chunk) -> None:
        """Bounds what is kept of a message that is not whole."""
        if len(side.buffer) > STREAM_BYTES:
            self.gaps["limit:stream_bytes"] += 1
            self._finish(side, chunk)
