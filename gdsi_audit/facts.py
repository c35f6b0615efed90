"""What the messages of a flow say about it: its service, its names, its fingerprints. One row per closed flow, texts held once."""

from __future__ import annotations

from typing import Any

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

_SOURCE_RANK = {source: rank for rank, source in enumerate(NAME_SOURCES)}


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


class FactKeeper:
    """Collects facts while flows live, and gives them as rows when they close."""

    def __init__(self) -> None:
        self.texts = Texts()
        self.dropped_names = 0
        self._live: dict[int, FlowFacts] = {}

    def service(self, flow: int, name: str) -> FlowFacts:
        """Notes that the flow speaks `name`; the innermost protocol seen last wins, except over an encrypted one."""
        facts = self._live.get(flow)
        if facts is None:
            facts = self._live[flow] = FlowFacts()
        facts.service = self.texts.row(name)
        return facts

    def note(self, message: Message) -> None:
        """Takes over what `message` says."""
        facts = self.service(message.flow, message.protocol)
        body = message.body
        hello = getattr(body, "client_hello", None) or body
        for field in ("ja3", "ja3s", "ja4"):
            text = getattr(hello, field, "")
            if text:
                setattr(facts, field, self.texts.row(text))
        self._note_handshake(facts, message, hello)
        names = getattr(body, "names", None)
        if names is not None:
            for name, source in names():
                self._name(facts, name, source, message)

    def _note_handshake(self, facts: FlowFacts, message: Message, hello: Any) -> None:
        alpn = getattr(hello, "alpn", ())
        if alpn:
            facts.alpn = self.texts.row(alpn if isinstance(alpn, str) else alpn[0])
        if message.from_responder or not hasattr(hello, "cipher_suites"):
            return
        facts.handshake_bytes = QUIC_HANDSHAKE_BYTES if message.protocol == "quic" else int(getattr(hello, "length", 600)) + TLS_HANDSHAKE_REST_BYTES

    def _name(self, facts: FlowFacts, name: str, source: str, message: Message) -> None:
        if not name:
            return
        row = self.texts.row(name.lower())
        rank = _SOURCE_RANK[source]
        if source in ("tls-sni", "quic-sni") and not facts.server_name:
            facts.server_name = row
        elif source in ("http-host", "http-authority") and not facts.http_host:
            facts.http_host = row
        if any(seen[0] == row and seen[1] == rank for seen in facts.names):
            return
        if len(facts.names) >= MOST_NAMES_PER_FLOW:
            self.dropped_names += 1
            return
        facts.names.append((row, rank, message.frame, message.time, message.capture))

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
