"""Payload finds its parser: chunks of streams and datagrams become messages, and the flow table learns what is still wanted.

Recognition works by the column over all chunks of a batch; Python runs only for chunks of flows whose protocol is known, and stops at the first
message that leaves nothing more to learn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import discover
from gdsi_audit.protocols import HEAD_BYTES, Heads, Message, NeedMore

TRANSPORTS = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58, "sctp": 132}
SHORTEST_HEAD_BYTES = 8
"""A stream's first chunk shorter than this waits for the next one before it is recognised."""
ICMP_HEADER_BYTES = 8
STREAM_BYTES = 65_536
"""Most bytes that one direction of one stream keeps while a message is incomplete."""
MOST_DATAGRAMS = 16

Want = Callable[[list[int], list[int], list[int], list[int]], None]
"""(slots, serials, directions, bytes wanted), as FlowTable.want takes them."""


def heads_of(data: NDArray[np.uint8], chunks: NDArray[np.void]) -> Heads:
    """The first bytes of every chunk, zero-filled."""
    columns = np.arange(HEAD_BYTES)
    inside = columns < chunks["length"][:, None]
    places = np.where(inside, chunks["offset"][:, None] + columns, 0)
    return Heads(
        bytes=np.where(inside, data[places], 0).astype(np.uint8),
        length=chunks["length"],
        transport=chunks["transport"],
        orig_port=chunks["orig_port"],
        resp_port=chunks["resp_port"],
        from_responder=chunks["from_responder"],
    )


def with_icmp_headers(chunks: NDArray[np.void]) -> NDArray[np.void]:
    """ICMP's type and code are part of what its parsers read, but of no flow's payload: the eight bytes before it are put back."""
    icmp = (chunks["transport"] == TRANSPORTS["icmp"]) | (chunks["transport"] == TRANSPORTS["icmp6"])
    if not icmp.any():
        return chunks
    chunks = chunks.copy()
    chunks["offset"][icmp] -= ICMP_HEADER_BYTES
    chunks["length"][icmp] += ICMP_HEADER_BYTES
    return chunks


class Chunk(NamedTuple):
    """A row of CHUNKS as plain numbers: Python reads them ten times faster than fields of an array."""

    time: int
    frame: int
    serial: int
    flow: int
    offset: int
    stream_offset: int
    orig_hi: int
    orig_lo: int
    resp_hi: int
    resp_lo: int
    length: int
    gap_bytes: int
    capture: int
    slot: int
    wire_length: int
    orig_port: int
    resp_port: int
    transport: int
    from_responder: int
    depth: int


def heads_of_bytes(data: bytes, chunk: Chunk) -> Heads:
    """The same for one payload that has been put together."""
    row = np.frombuffer(data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0"), np.uint8).reshape(1, HEAD_BYTES)
    return Heads(
        bytes=row,
        length=np.array([len(data)], np.int32),
        transport=np.array([chunk.transport], np.uint8),
        orig_port=np.array([chunk.orig_port], np.uint16),
        resp_port=np.array([chunk.resp_port], np.uint16),
        from_responder=np.array([chunk.from_responder], np.uint8),
    )


def rows_of(heads: Heads, rows: NDArray[np.intp]) -> Heads:
    """Some rows of `heads`."""
    return Heads(
        bytes=heads.bytes[rows],
        length=heads.length[rows],
        transport=heads.transport[rows],
        orig_port=heads.orig_port[rows],
        resp_port=heads.resp_port[rows],
        from_responder=heads.from_responder[rows],
    )


class Shelf:
    """The protocols by transport, in the order in which they are asked."""

    def __init__(self) -> None:
        self.protocols = discover.modules("gdsi_audit.protocols")
        self.names = tuple(module.__name__.rpartition(".")[2] for module in self.protocols)
        self._of_transport = {
            number: [index for index, module in enumerate(self.protocols) if word == module.TRANSPORT] for word, number in TRANSPORTS.items()
        }

    def recognise(self, heads: Heads) -> NDArray[np.int16]:
        """Row in `protocols` for each payload, -1 where none claims it. The first claim wins."""
        claimed = np.full(heads.length.size, -1, np.int16)
        for transport, indices in self._of_transport.items():
            rows = np.flatnonzero(heads.transport == transport)
            if not rows.size:
                continue
            for index in indices:
                hits = self.protocols[index].recognise(rows_of(heads, rows))
                if hits.any():
                    claimed[rows[hits]] = index
                    rows = rows[~hits]
                if not rows.size:
                    break
        return claimed


class Side:
    """One direction of one stream."""

    __slots__ = ("buffer", "done", "frame", "protocol", "skip_bytes")

    def __init__(self) -> None:
        self.protocol = -1
        self.buffer = b""
        self.done = False
        self.skip_bytes = 0
        self.frame = 0


class Conversation:
    """What is under way in one flow."""

    __slots__ = ("datagrams", "sides", "tunnel")

    def __init__(self) -> None:
        self.tunnel = False
        """HTTP CONNECT was asked for: a response that grants it ends HTTP."""
        self.sides = (Side(), Side())
        self.datagrams: tuple[list[bytes], list[bytes]] = ([], [])


class Heard:
    """What one batch of chunks said."""

    __slots__ = ("chunks", "columns", "messages")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.chunks: list[Chunk] = []
        """The chunk that completed each of `messages`."""
        self.columns: list[tuple[NDArray[np.void], str, Any]] = []
        """(chunks, protocol, columns) of protocols that are parsed by the column (DNS), one row per chunk."""


class Conversations:
    """All conversations under way. `hear` is called once per batch, in order."""

    def __init__(self, want: Want, most_slots: int) -> None:
        self.shelf = Shelf()
        self.gaps: Counter[str] = Counter()
        self._want = want
        self._live: dict[int, Conversation] = {}
        self._serial_in_slot = np.full(most_slots, -1, np.int64)
        self._wants: list[tuple[int, int, int, int]] = []

    def hear(self, data: NDArray[np.uint8], chunks: NDArray[np.void]) -> Heard:
        """Messages of `chunks`, whose bytes lie in `data`."""
        heard = Heard()
        if not chunks.size:
            return heard
        chunks = with_icmp_headers(chunks)
        claimed = self._claims(data, chunks)
        taken = self._parse_columns(data, chunks, claimed, heard) | self._parse_hellos(data, chunks, claimed, heard)
        self._listen(chunks, claimed, taken)
        live = self._serial_in_slot[chunks["slot"]] == chunks["serial"]
        rows = np.flatnonzero((live | (claimed >= 0)) & ~taken)
        for chunk, claim in zip(map(Chunk._make, chunks[rows].tolist()), claimed[rows].tolist(), strict=True):
            self._hear_one(data, chunk, claim, heard)
        if self._wants:
            self._want(*map(list, zip(*self._wants, strict=True)))
            self._wants.clear()
        return heard

    def forget(self, serials: NDArray[np.int64]) -> None:
        """These flows are closed."""
        for serial in serials.tolist():
            self._live.pop(serial, None)

    def _claims(self, data: NDArray[np.uint8], chunks: NDArray[np.void]) -> NDArray[np.int16]:
        """Row on the shelf per chunk; only a stream's first chunk and datagrams are looked at."""
        looked_at = np.flatnonzero((chunks["transport"] != TRANSPORTS["tcp"]) | (chunks["stream_offset"] == 0))
        claimed = np.full(chunks.size, -1, np.int16)
        claimed[looked_at] = self.shelf.recognise(heads_of(data, chunks[looked_at]))
        return claimed

    def _parse_columns(self, data: NDArray[np.uint8], chunks: NDArray[np.void], claimed: NDArray[np.int16], heard: Heard) -> NDArray[np.bool_]:
        taken = np.zeros(chunks.size, np.bool_)
        for index in self._claimed_with("columns", claimed):
            rows = np.flatnonzero(claimed == index)
            part = chunks[rows]
            columns = self.shelf.protocols[index].columns(data, part["offset"], part["length"])
            heard.columns.append((part, self.shelf.names[index], columns))
            taken[rows] = ~columns.messages["needs_parse"].astype(np.bool_)
        return taken

    def _parse_hellos(self, data: NDArray[np.uint8], chunks: NDArray[np.void], claimed: NDArray[np.int16], heard: Heard) -> NDArray[np.bool_]:
        taken = np.zeros(chunks.size, np.bool_)
        for index in self._claimed_with("client_hellos", claimed):
            rows = np.flatnonzero((claimed == index) & (chunks["from_responder"] == 0))
            part = chunks[rows]
            bodies = self.shelf.protocols[index].client_hellos(data, part["offset"], part["length"])
            for row, chunk, outcome in zip(rows.tolist(), map(Chunk._make, part.tolist()), bodies, strict=True):
                if outcome is not None and not isinstance(outcome, NeedMore):
                    self._say(heard, chunk, index, outcome[0])
                    taken[row] = True
        return taken

    def _claimed_with(self, ability: str, claimed: NDArray[np.int16]) -> list[int]:
        return [index for index in np.unique(claimed).tolist() if index >= 0 and hasattr(self.shelf.protocols[index], ability)]

    def _listen(self, chunks: NDArray[np.void], claimed: NDArray[np.int16], taken: NDArray[np.bool_]) -> None:
        """Flows in which a protocol was recognised, or whose first chunk is too short to tell, are heard from now on."""
        tcp = chunks["transport"] == TRANSPORTS["tcp"]
        short = tcp & (chunks["stream_offset"] == 0) & (chunks["length"] < SHORTEST_HEAD_BYTES)
        whole = np.array([not getattr(module, "EVERY_DATAGRAM", False) for module in self.shelf.protocols], np.bool_)
        begins = ((claimed >= 0) & whole[claimed]) | short
        fresh = begins & (self._serial_in_slot[chunks["slot"]] != chunks["serial"])
        rows = np.flatnonzero(fresh)
        for chunk, done in zip(map(Chunk._make, chunks[rows].tolist()), (taken & tcp)[rows].tolist(), strict=True):
            conversation = self._live.setdefault(chunk.serial, Conversation())
            self._serial_in_slot[chunk.slot] = chunk.serial
            if done:
                conversation.sides[chunk.from_responder].done = True

    def _hear_one(self, data: NDArray[np.uint8], chunk: Chunk, claimed: int, heard: Heard) -> None:
        start = chunk.offset
        payload = data[start : start + chunk.length].tobytes()
        if claimed >= 0 and getattr(self.shelf.protocols[claimed], "EVERY_DATAGRAM", False):
            self._hear_datagram(chunk, claimed, [payload], heard)
            return
        conversation = self._live.get(chunk.serial)
        if conversation is None:
            return
        if chunk.transport == TRANSPORTS["tcp"]:
            self._hear_stream(conversation, chunk, claimed, payload, heard)
        else:
            self._hear_datagrams(conversation, chunk, claimed, payload, heard)

    def _hear_datagram(self, chunk: Chunk, index: int, datagrams: list[bytes], heard: Heard) -> bool:
        """One attempt at a message; True: nothing more to learn from this direction."""
        try:
            body = self.shelf.protocols[index].parse(datagrams, from_responder=bool(chunk.from_responder))
        except ValueError:
            self.gaps[f"bad_{self.shelf.names[index]}"] += 1
            return True
        if isinstance(body, NeedMore):
            return False
        self._say(heard, chunk, index, body)
        return bool(getattr(body, "satisfied", True))

    def _hear_datagrams(self, conversation: Conversation, chunk: Chunk, claimed: int, payload: bytes, heard: Heard) -> None:
        direction = chunk.from_responder
        side, so_far = conversation.sides[direction], conversation.datagrams[direction]
        if side.done or (side.protocol < 0 and claimed < 0):
            return
        side.protocol = claimed if side.protocol < 0 else side.protocol
        so_far.append(payload)
        side.done = self._hear_datagram(chunk, side.protocol, so_far, heard) or len(so_far) >= MOST_DATAGRAMS
        if side.done:
            so_far.clear()

    def _hear_stream(self, conversation: Conversation, chunk: Chunk, claimed: int, payload: bytes, heard: Heard) -> None:
        side = conversation.sides[chunk.from_responder]
        if side.done:
            return
        if side.protocol < 0 and not side.buffer:
            side.protocol = claimed
        if chunk.gap_bytes:
            payload = self._jump(side, chunk.gap_bytes, payload)
        skipped = min(side.skip_bytes, len(payload))
        side.skip_bytes -= skipped
        side.buffer += payload[skipped:]
        while side.buffer and not side.done and self._take_message(conversation, side, chunk, heard):
            pass
        self._settle(side, chunk)

    def _jump(self, side: Side, gap_bytes: int, payload: bytes) -> bytes:
        """Bytes are missing: harmless inside a body that is skipped anyway, the end of what can be parsed elsewhere."""
        if side.skip_bytes >= gap_bytes and not side.buffer:
            side.skip_bytes -= gap_bytes
            return payload
        self.gaps["stream_gap"] += 1
        side.done, side.buffer = True, b""
        return b""

    def _take_message(self, conversation: Conversation, side: Side, chunk: Chunk, heard: Heard) -> bool:
        """Takes one message off the front of the buffer; False: not yet, or never."""
        if side.protocol < 0 and not self._recognise_again(side, chunk):
            return False
        try:
            outcome = self.shelf.protocols[side.protocol].parse(side.buffer, from_responder=bool(chunk.from_responder))
        except ValueError:
            self.gaps[f"bad_{self.shelf.names[side.protocol]}"] += 1
            side.done = True
            return False
        if isinstance(outcome, NeedMore):
            return False
        found, used = outcome
        bodies = found if isinstance(found, tuple) else (found,)
        for body in bodies:
            self._say(heard, chunk, side.protocol, body)
        self._go_on(conversation, side, bodies[-1], used)
        return bool(used > 0)

    def _go_on(self, conversation: Conversation, side: Side, body: Any, used: int) -> None:
        """What follows this message in the stream."""
        answers_tunnel = conversation.tunnel and 200 <= getattr(body, "status", 0) < 300
        side.buffer = side.buffer[body.head_bytes if answers_tunnel else used :]
        side.skip_bytes = 0 if answers_tunnel else int(getattr(body, "body_bytes_missing", 0) or 0)
        side.done = bool(getattr(body, "satisfied", False))
        hands_over = bool(getattr(body, "hands_over", False))
        conversation.tunnel |= hands_over and hasattr(body, "method")
        if hands_over or answers_tunnel:
            side.protocol = -1

    def _recognise_again(self, side: Side, chunk: Chunk) -> bool:
        """For a stream whose first chunk was too short, and behind a message that hands the stream over to another protocol."""
        side.protocol = int(self.shelf.recognise(heads_of_bytes(side.buffer, chunk))[0])
        if side.protocol < 0 and len(side.buffer) >= SHORTEST_HEAD_BYTES:
            side.done = True
        return side.protocol >= 0

    def _settle(self, side: Side, chunk: Chunk) -> None:
        """Tells the flow table what this direction still needs."""
        slot, serial, direction = chunk.slot, chunk.serial, chunk.from_responder
        if len(side.buffer) > STREAM_BYTES:
            self.gaps["limit:stream_bytes"] += 1
            side.done = True
        if side.done:
            side.buffer = b""
            self._wants.append((slot, serial, direction, 0))
        elif side.protocol >= 0 and getattr(self.shelf.protocols[side.protocol], "WHOLE_STREAM", False):
            self._wants.append((slot, serial, direction, 1 << 40))

    def _say(self, heard: Heard, chunk: Chunk, index: int, body: Any) -> None:
        name = self.shelf.names[index]
        heard.messages.append(Message(chunk.flow, chunk.frame, chunk.time, name, chunk.from_responder == 1, body, chunk.capture))
        heard.chunks.append(chunk)
