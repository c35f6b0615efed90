"""What was heard, by the column: where each message ended, whose it is, and its body. Message objects are made when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.flows import CHUNKS
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._heads import Chunk, Shelf


@dataclass(slots=True)
class Heard:
    """Messages in the order of the chunks that completed them, one entry each in `chunks`, `protocols` and `bodies`."""

    shelf: Shelf
    chunks: NDArray[np.void] = field(default_factory=lambda: np.empty(0, CHUNKS))
    """CHUNKS: where each message ended."""
    protocols: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    """Row on the shelf."""
    bodies: list[Any] = field(default_factory=list)
    """The parser's own; of a protocol with `sound` the datagram, which is parsed when somebody asks."""
    columns: list[tuple[NDArray[np.void], str, Any]] = field(default_factory=list)
    """(chunks, protocol, columns) of protocols that are parsed by the column (DNS), one row per chunk."""

    def take(self, rows: NDArray[np.intp]) -> Heard:
        """Some of the messages."""
        return Heard(self.shelf, self.chunks[rows], self.protocols[rows], [self.bodies[row] for row in rows.tolist()])

    @property
    def messages(self) -> list[Message]:
        """All of them in their envelopes."""
        fields = [self.chunks[name].tolist() for name in ("flow", "frame", "time", "from_responder", "capture")]
        return [
            message_of(self.shelf, index, body, *place) for index, body, *place in zip(self.protocols.tolist(), self.bodies, *fields, strict=True)
        ]


def message_of(shelf: Shelf, index: int, body: Any, flow: int, frame: int, time: int, from_responder: int, capture: int) -> Message:
    """The message in its envelope, parsed if it was not yet."""
    if type(body) is bytes:
        body = shelf.protocols[index].parse([body], from_responder=from_responder == 1)
    return Message(flow, frame, time, shelf.names[index], from_responder == 1, body, capture)


class Said:
    """Gathers what is said of one batch of chunks, by the column and one by one."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._rows: list[NDArray[np.intp]] = []
        self._protocols: list[NDArray[np.int16]] = []
        self._bodies: list[Any] = []
        self._single: list[tuple[int, int, Any, Chunk | None]] = []

    def all(self, rows: NDArray[np.intp], index: int, bodies: list[Any]) -> None:
        """Messages of one protocol that ended in these rows of the batch."""
        self._rows.append(rows)
        self._protocols.append(np.full(rows.size, index, np.int16))
        self._bodies += bodies

    def one(self, row: int, index: int, body: Any, *, elsewhere: Chunk | None = None) -> None:
        """`elsewhere`: the message did not end in that row but in this chunk."""
        self._single.append((row, index, body, elsewhere))

    def take(self, chunks: NDArray[np.void]) -> Heard:
        """Everything since the last call, in the order of the rows of `chunks`; of one row what came by the column is first."""
        rows = np.concatenate((*self._rows, np.array([row for row, _, _, _ in self._single], np.intp)))
        protocols = np.concatenate((*self._protocols, np.array([index for _, index, _, _ in self._single], np.int16)))
        bodies = self._bodies + [body for _, _, body, _ in self._single]
        order = np.argsort(rows, kind="stable")
        ended = chunks[rows[order]] if chunks.size else np.empty(rows.size, CHUNKS)
        for place in np.flatnonzero(order >= len(self._bodies)).tolist():
            elsewhere = self._single[order[place] - len(self._bodies)][3]
            if elsewhere is not None:
                ended[place] = tuple(elsewhere)
        self._rows, self._protocols, self._bodies, self._single = [], [], [], []
        return Heard(self._shelf, ended, protocols[order], [bodies[place] for place in order.tolist()])
