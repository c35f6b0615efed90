"""What is under way in one flow while it is read chunk by chunk."""

from __future__ import annotations

from gdsi_audit.protocols._heads import Chunk


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
