"""Payload finds its parser: chunks of streams and datagrams become messages, and the flow table learns what is still wanted.

Recognition and what TLS says first work by the column over all chunks of a batch; Python runs only for chunks of flows that have to be read one
after the other, and stops at the first message that leaves nothing more to learn.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.flows import CHUNKS
from gdsi_audit.protocols import NeedMore
from gdsi_audit.protocols._attention import NEVER, Attention, Want
from gdsi_audit.protocols._conversation import Conversation
from gdsi_audit.protocols._heads import TRANSPORTS, Beginnings, Chunk, Shelf, heads_of, with_icmp_headers
from gdsi_audit.protocols._heard import Heard, Said
from gdsi_audit.protocols._stream_reader import SHORTEST_HEAD_BYTES, StreamReader
from gdsi_audit.protocols._whole_batch import WholeBatch

MOST_DATAGRAMS = 16


class Conversations:
    """All conversations under way. `hear` is called once per batch, in order."""

    def __init__(self, want: Want, most_slots: int) -> None:
        self.shelf = Shelf()
        self.gaps: Counter[str] = Counter()
        self._attention = Attention(want, most_slots)
        self._said = Said(self.shelf)
        self._whole_batch = WholeBatch(self.shelf, self._attention, self._said, self.gaps, most_slots)
        self._streams = StreamReader(self.shelf, self._attention, self._said, self.gaps)
        self._live: dict[int, Conversation] = {}
        self._live_in_slot = np.full(most_slots, -1, np.int64)
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
                    self._streams.read_cut(side, 0)
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
                self._hear_one(data, row, Chunk._make(chunks[row].item()), int(claimed[row]), beginnings)
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

    def _hear_one(self, data: NDArray[np.uint8], row: int, chunk: Chunk, claimed: int, beginnings: Beginnings) -> None:
        payload = data[chunk.offset : chunk.offset + chunk.length].tobytes()
        if claimed >= 0 and self._alone[claimed]:
            self._hear_datagram(row, chunk, claimed, [payload])
            return
        conversation = self._live.get(chunk.serial)
        if conversation is None:
            return
        if chunk.transport == TRANSPORTS["tcp"]:
            self._streams.hear(conversation, row, chunk, claimed, payload, beginnings)
        else:
            self._hear_datagrams(conversation, row, chunk, claimed, payload)

    def _hear_datagram(self, row: int, chunk: Chunk, index: int, datagrams: list[bytes]) -> bool:
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
            self._said.one(row, index, body)
        return bool(getattr(bodies[-1], "satisfied", True))

    def _hear_datagrams(self, conversation: Conversation, row: int, chunk: Chunk, claimed: int, payload: bytes) -> None:
        side = conversation.sides[chunk.from_responder]
        if side.protocol < 0 and claimed < 0:
            return
        side.protocol = claimed if side.protocol < 0 else side.protocol
        side.datagrams.append(payload)
        if self._hear_datagram(row, chunk, side.protocol, side.datagrams) or len(side.datagrams) >= MOST_DATAGRAMS:
            side.datagrams.clear()
            self._attention.skip_to(chunk, NEVER)
