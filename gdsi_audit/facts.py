"""What the messages of a flow say about it: its service, its names, its fingerprints. One row per closed flow, texts held once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.protocols import Message

FACTS = np.dtype(
    [
        ("serial", "i8"),  # of the flow
        ("service", "i4"),  # row in Texts, as all below; 0: none
        ("server_name", "i4"),  # SNI of TLS or QUIC
        ("alpn", "i4"),
        ("ja3", "i4"),
        ("ja3s", "i4"),
        ("ja4", "i4"),
        ("http_host", "i4"),
        ("handshake_bytes", "i4"),  # sent by the originator before anything of substance could follow; 0: not a protocol with a handshake
    ],
    align=True,
)

NAMES = np.dtype(
    [
        ("serial", "i8"),  # of the flow
        ("name", "i4"),  # row in Texts, lower case
        ("source", "i4"),  # row in NAME_SOURCES
        ("frame", "i8"),
        ("time", "i8"),
        ("capture", "i4"),
    ],
    align=True,
)
"""One row per distinct (name, source) of a flow, as its own messages give it."""

MOST_NAMES_PER_FLOW = 32
TLS_HANDSHAKE_REST_BYTES = 400
"""What a TLS originator sends after its ClientHello before application data: key exchange, cipher change and finished; no client certificate."""
QUIC_HANDSHAKE_BYTES = 3_900
"""What a QUIC originator sends before application data: up to three padded datagrams."""

REMEMBERED_BODIES = 8192

_NOTHING: frozenset[tuple[int, int]] = frozenset()
_SOURCE_RANK = {source: rank for rank, source in enumerate(NAME_SOURCES)}
_SERVER_NAMES = frozenset(_SOURCE_RANK[source] for source in ("tls-sni", "quic-sni"))
_HTTP_HOSTS = frozenset(_SOURCE_RANK[source] for source in ("http-host", "http-authority"))


class Texts:
    """Each distinct text once, in the order of first sight; row 0 is the empty text."""

    def __init__(self) -> None:
        self.of_row: list[str] = [""]
        self._rows: dict[str, int] = {"": 0}

    def row(self, text: str) -> int:
        found = self._rows.get(text)
        if found is None:
            found = self._rows[text] = len(self.of_row)
            self.of_row.append(text)
        return found


class FlowFacts:
    """Facts of one live flow. Every field is a row in Texts."""

    __slots__ = ("alpn", "handshake_bytes", "http_host", "ja3", "ja3s", "ja4", "names", "server_name", "service")

    def __init__(self) -> None:
        self.service = self.server_name = self.alpn = self.ja3 = self.ja3s = self.ja4 = self.http_host = self.handshake_bytes = 0
        self.names: list[tuple[int, int, int, int, int]] = []

    def row(self, serial: int) -> tuple[int, ...]:
        """As a row of FACTS."""
        fingerprints = (self.alpn, self.ja3, self.ja3s, self.ja4)
        return (serial, self.service, self.server_name, *fingerprints, self.http_host, self.handshake_bytes)


class Said(NamedTuple):
    """What one body says of any flow that it is seen in. Texts as rows of Texts; 0: nothing."""

    body: Any
    protocol: str
    from_responder: bool
    service: int
    """0: its protocol is none that a flow could be called after."""
    is_hello: bool
    """It may say more than names."""
    ja3: int
    ja3s: int
    ja4: int
    alpn: int
    handshake_bytes: int
    names: tuple[tuple[int, int], ...]
    """(text, row in NAME_SOURCES), each once."""
    server_name: int
    http_host: int
    """The first of `names` from such a source."""


class FactKeeper:
    """Collects facts while flows live, and gives them as rows when they close."""

    def __init__(self) -> None:
        self.texts = Texts()
        self.dropped_names = 0
        self._live: dict[int, FlowFacts] = {}
        self._said: dict[int, Said] = {}

    def service(self, flow: int, name: str) -> FlowFacts:
        """Notes that the flow speaks `name`; the innermost protocol seen last wins, except over an encrypted one."""
        facts = self._live.get(flow)
        if facts is None:
            facts = self._live[flow] = FlowFacts()
        facts.service = self.texts.row(name)
        return facts

    def note(self, message: Message) -> None:
        """Takes over what `message` says."""
        said = self._said.get(id(message.body))
        if said is None or said.from_responder != message.from_responder or said.protocol != message.protocol:
            said = self._remember(message)
        facts = self._live.get(message.flow)
        if facts is None:
            facts = self._live[message.flow] = FlowFacts()
        facts.service = said.service or facts.service
        if said.is_hello:
            facts.ja3, facts.ja3s, facts.ja4 = said.ja3 or facts.ja3, said.ja3s or facts.ja3s, said.ja4 or facts.ja4
            facts.alpn, facts.handshake_bytes = said.alpn or facts.alpn, said.handshake_bytes or facts.handshake_bytes
        if said.names:
            facts.server_name, facts.http_host = facts.server_name or said.server_name, facts.http_host or said.http_host
            self._name(facts, said.names, message)

    def _remember(self, message: Message) -> Said:
        """Bodies are shared by flows that say the same, so what one says is worked out once. Each is kept alive, so that its id stays its own."""
        if len(self._said) >= REMEMBERED_BODIES:
            self._said.clear()
        said = self._said[id(message.body)] = self._said_by(message)
        return said

    def _said_by(self, message: Message) -> Said:
        body, row = message.body, self.texts.row
        hello = getattr(body, "client_hello", None) or body
        alpn = getattr(hello, "alpn", ())
        given = body.names() if hasattr(body, "names") else ()
        names = tuple(dict.fromkeys((row(name.lower()), _SOURCE_RANK[source]) for name, source in given if name))
        return Said(
            body,
            message.protocol,
            message.from_responder,
            row(message.protocol) if getattr(body, "names_service", True) else 0,
            hello is not body or hasattr(hello, "ja3") or hasattr(hello, "ja3s") or hasattr(hello, "alpn"),
            row(getattr(hello, "ja3", "")),
            row(getattr(hello, "ja3s", "")),
            row(getattr(hello, "ja4", "")),
            row(alpn if isinstance(alpn, str) else alpn[0] if alpn else ""),
            _handshake_bytes(message, hello),
            names,
            next((text for text, rank in names if rank in _SERVER_NAMES), 0),
            next((text for text, rank in names if rank in _HTTP_HOSTS), 0),
        )

    def _name(self, facts: FlowFacts, names: tuple[tuple[int, int], ...], message: Message) -> None:
        seen = {name[:2] for name in facts.names} if facts.names else _NOTHING
        fresh = [name for name in names if name not in seen]
        room = MOST_NAMES_PER_FLOW - len(facts.names)
        self.dropped_names += max(len(fresh) - room, 0)
        facts.names.extend((*name, message.frame, message.time, message.capture) for name in fresh[:room])

    def close(self, flows: NDArray[np.int64], serials: NDArray[np.int64]) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """FACTS and NAMES rows of the flows that closed; FACTS has a row for every one of them, in their order."""
        facts = np.zeros(flows.size, FACTS)
        facts["serial"] = serials
        names: list[tuple[int, int, int, int, int, int]] = []
        if self._live:
            for row, (flow, serial) in enumerate(zip(flows.tolist(), serials.tolist(), strict=True)):
                known = self._live.pop(flow, None)
                if known is not None:
                    facts[row] = known.row(serial)
                    names.extend((serial, *name) for name in known.names)
        return facts, np.array(names, NAMES)


def _handshake_bytes(message: Message, hello: Any) -> int:
    if message.from_responder or not hasattr(hello, "cipher_suites"):
        return 0
    return QUIC_HANDSHAKE_BYTES if message.protocol == "quic" else int(getattr(hello, "length", 600)) + TLS_HANDSHAKE_REST_BYTES
