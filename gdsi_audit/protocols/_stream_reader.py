"""One direction of a stream after the other becomes messages, chunk by chunk, as far as they say something that is still to be learnt."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gdsi_audit.protocols import NeedMore
from gdsi_audit.protocols._attention import Attention
from gdsi_audit.protocols._conversation import Conversation, Side
from gdsi_audit.protocols._heads import Beginnings, Chunk, Shelf, heads_of_bytes
from gdsi_audit.protocols._heard import Said

SHORTEST_HEAD_BYTES = 8
"""A stream's first chunk shorter than this waits for the next one before it is recognised."""
STREAM_BYTES = 65_536
"""Most bytes that one direction of one stream keeps while a message is incomplete."""


class StreamReader:
    """Reads streams for Conversations; what it finds goes to `said`, what cannot be read is counted in `gaps`."""

    def __init__(self, shelf: Shelf, attention: Attention, said: Said, gaps: Counter[str]) -> None:
        self._shelf, self._attention, self._said, self._gaps = shelf, attention, said, gaps

    def hear(self, conversation: Conversation, row: int, chunk: Chunk, claimed: int, payload: bytes, beginnings: Beginnings) -> None:
        """The next chunk of a stream, with its bytes; `row`: its place in the batch, `claimed`: row on the shelf of what it begins, -1: nothing."""
        side = conversation.sides[chunk.from_responder]
        if side.protocol < 0 and not side.buffer:
            side.protocol = claimed
        if side.resting:
            if not beginnings.has(row, side.protocol):
                return
            side.resting = False
        elif chunk.gap_bytes and (side.buffer or self._attention.begins[2 * chunk.slot + chunk.from_responder] < chunk.stream_offset):
            # Missing bytes are harmless inside a body that is skipped anyway, and the end of what can be parsed elsewhere.
            self._gaps["stream_gap"] += 1
            self.read_cut(side, row)
            self._finish(side, chunk)
            return
        side.buffer += payload[max(self._attention.begins[2 * chunk.slot + chunk.from_responder] - chunk.stream_offset, 0) :]
        side.chunk = chunk
        while side.buffer and self._take_message(conversation, side, row, chunk):
            pass
        self._settle(side, chunk)

    def read_cut(self, side: Side, row: int) -> None:
        """The stream ends for us inside a message: its protocol may still make something of what is there."""
        module = self._shelf.protocols[side.protocol] if side.protocol >= 0 else None
        if not side.buffer or side.chunk is None or not getattr(module, "READS_WHAT_IS_CUT", False) or module is None:
            return
        try:
            outcome = module.parse(side.buffer, from_responder=bool(side.chunk.from_responder), final=True)
        except ValueError:
            return
        if not isinstance(outcome, NeedMore):
            for body in outcome[0] if isinstance(outcome[0], tuple) else outcome[:1]:
                self._said.one(row, side.protocol, body, elsewhere=side.chunk)

    def _take_message(self, conversation: Conversation, side: Side, row: int, chunk: Chunk) -> bool:
        """Takes one message off the front of the buffer; False: not yet, or never."""
        if side.protocol < 0 and not self._recognise_again(side, chunk):
            return False
        try:
            outcome = self._shelf.protocols[side.protocol].parse(side.buffer, from_responder=bool(chunk.from_responder))
        except ValueError:
            self._gaps[f"bad_{self._shelf.names[side.protocol]}"] += 1
            self._finish(side, chunk)
            return False
        if isinstance(outcome, NeedMore):
            return False
        found, used = outcome
        bodies = found if isinstance(found, tuple) else (found,)
        for body in bodies:
            self._said.one(row, side.protocol, body)
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
        side.protocol = int(self._shelf.recognise(heads_of_bytes(side.buffer, chunk))[0])
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
            self._gaps["limit:stream_bytes"] += 1
            self._finish(side, chunk)
