"""Stage 4: payload becomes messages. Every file is one protocol, recognised by its bytes, not its port.

A parser is a pure function over bytes with three outcomes that never blur: a message and what it used, `NEED_MORE`, or ValueError saying what is
wrong and at which offset. It knows flows and captures not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

HEAD_BYTES = 32


class Heads(NamedTuple):
    """The beginnings of many payloads, for recognition by the column."""

    bytes: NDArray[np.uint8]
    """Shape (n, HEAD_BYTES), zero-filled behind the end of the payload."""
    length: NDArray[np.int32]
    """Payload length of each."""
    transport: NDArray[np.uint8]
    """IP protocol number: 6 TCP, 17 UDP, 1 ICMP …"""
    orig_port: NDArray[np.uint16]
    resp_port: NDArray[np.uint16]
    from_responder: NDArray[np.uint8]


class NeedMore:
    """The bytes so far are a valid beginning."""

    def __repr__(self) -> str:
        return "NEED_MORE"


NEED_MORE: Final = NeedMore()


@dataclass(frozen=True, slots=True)
class Message:
    """One parsed protocol unit, in its envelope."""

    flow: int
    frame: int
    time: int
    """UTC nanoseconds."""
    protocol: str
    """Name of the parser's file."""
    from_responder: bool
    body: Any
    """The parser's own frozen dataclass. Where it names an endpoint it has `names()`."""
    capture: int = 0
    """Ordinal of the capture that `frame` belongs to."""


class StreamProtocol(Protocol):
    """A protocol over TCP: `TRANSPORT = "tcp"`."""

    TRANSPORT: str

    def recognise(self, heads: Heads) -> NDArray[np.bool_]:
        """Which payloads begin a message of this protocol."""
        ...

    def parse(self, data: bytes, *, from_responder: bool) -> tuple[Any, int] | NeedMore:
        """The first message in `data` and the bytes it used. Raises ValueError for bytes that cannot begin a message."""
        ...


class DatagramProtocol(Protocol):
    """A protocol over datagrams: `TRANSPORT = "udp"`."""

    TRANSPORT: str

    EVERY_DATAGRAM: bool
    """True: each datagram is a message of its own (DNS). False: `parse` is given the datagrams of the flow so far, at most 16 (QUIC)."""

    def recognise(self, heads: Heads) -> NDArray[np.bool_]:
        """Which payloads begin a message of this protocol."""
        ...

    def parse(self, datagrams: list[bytes], *, from_responder: bool) -> Any | NeedMore:
        """The message that the datagrams of one direction make (one datagram where EVERY_DATAGRAM). Raises ValueError."""
        ...

    # Where datagrams are many and seldom looked into, a file may also have
    # `sound(data, offset, length) -> NDArray[np.bool_]`: which of the datagrams `data[offset : offset + length]` `parse` accepts.
    # They are then parsed when somebody asks. Its messages give no names.


class Named(Protocol):
    """A body that names the responder of its flow."""

    def names(self) -> Iterator[tuple[str, str]]:
        """(name in display form, source): source is one of tls-sni, quic-sni, http-host, http-authority, certificate, connect, socks."""
        ...
