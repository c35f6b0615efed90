"""What the messages of a flow say about it: its service, its names, its fingerprints. One row per closed flow, texts held once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.protocols._heard import Heard

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

    def finish(self) -> None:
        """No more texts come: which row each has is forgotten."""
        self._rows.clear()


SAID = np.dtype([(name, "i4") for name in (*(FACTS.names or ()), "has_names") if name != "serial"])
"""What one body says of any flow that it is seen in, with the fields of FACTS; names apart. 0: nothing."""


class Saying(NamedTuple):
    """What one body says, and the body, so that its id stays its own."""

    body: Any
    said: tuple[int, ...]
    """As a row of SAID."""
    names: tuple[tuple[int, int], ...]
    """(text, row in NAME_SOURCES), each once."""


class FactKeeper:
    """Collects facts while flows live, by their slots in the flow table, and gives them as rows when they close."""

    def __init__(self, most_slots: int) -> None:
        self.texts = Texts()
        self.dropped_names = 0
        self._owner = np.full(most_slots, -1, np.int64)
        """Serial of the flow that each row of `_live` is about."""
        self._live = np.zeros(most_slots, FACTS)
        self._names: dict[int, list[tuple[int, ...]]] = {}
        """By serial, rows of NAMES."""
        self._sayings: dict[int, Saying] = {}

    def service(self, chunks: NDArray[np.void], name: str) -> None:
        """Notes that the flows of these CHUNKS speak `name`; the innermost protocol seen last wins, except over an encrypted one."""
        slots = self._met(chunks)
        self._live["service"][slots] = self.texts.row(name)

    def note(self, heard: Heard) -> None:
        """Takes over what messages say, in their order."""
        if not heard.bodies:
            return
        slots = self._met(heard.chunks)
        sayings, code = self._sayings_of(heard)
        said = np.array([saying.said for saying in sayings], SAID)[code]
        for field in ("service", "ja3", "ja3s", "ja4", "alpn", "handshake_bytes"):
            self._say_last(field, slots, said[field])
        for field in ("server_name", "http_host"):
            self._say_first(field, slots, said[field])
        named = np.flatnonzero(said["has_names"])
        places = (heard.chunks[field][named].tolist() for field in ("serial", "frame", "time", "capture"))
        for row, serial, *place in zip(code[named].tolist(), *places, strict=True):
            self._name(serial, sayings[row].names, place)

    def _met(self, chunks: NDArray[np.void]) -> NDArray[np.int64]:
        """Slots of the flows of `chunks`, nothing of earlier flows left in them."""
        slots, serials = chunks["slot"].astype(np.int64), chunks["serial"]
        fresh = slots[self._owner[slots] != serials]
        self._live[fresh] = np.zeros(1, FACTS)
        self._owner[slots] = serials
        return slots

    def _say_last(self, field: str, slots: NDArray[np.int64], values: NDArray[np.int32]) -> None:
        says = np.flatnonzero(values)
        self._live[field][slots[says]] = values[says]

    def _say_first(self, field: str, slots: NDArray[np.int64], values: NDArray[np.int32]) -> None:
        """Of several values for a slot the last one assigned stays, so they are assigned backwards."""
        says = np.flatnonzero((values != 0) & (self._live[field][slots] == 0))[::-1]
        self._live[field][slots[says]] = values[says]

    def _sayings_of(self, heard: Heard) -> tuple[list[Saying], NDArray[np.int64]]:
        """(what each distinct body says, which of them each message has). Bodies are shared by flows that say the same."""
        bodies, protocols, from_responder = heard.bodies, heard.protocols, heard.chunks["from_responder"]
        whose = (protocols.astype(np.int64) << 1 | from_responder).tolist()
        # A datagram that nobody has parsed names nothing: it stands for its protocol alone.
        keys = [(0 if type(body) is bytes else id(body)) << 16 | who for body, who in zip(bodies, whose, strict=True)]
        first: dict[int, int] = {}
        for row, key in enumerate(keys):
            first.setdefault(key, row)
        place = {key: number for number, key in enumerate(first)}
        sayings = [self._sayings.get(key) or self._remember(key, heard, row) for key, row in first.items()]
        return sayings, np.array([place[key] for key in keys], np.int64)

    def _remember(self, key: int, heard: Heard, row: int) -> Saying:
        if len(self._sayings) >= REMEMBERED_BODIES:
            self._sayings.clear()
        protocol, from_responder = heard.shelf.names[heard.protocols[row]], bool(heard.chunks["from_responder"][row])
        saying = self._sayings[key] = self._saying(heard.bodies[row], protocol, from_responder=from_responder)
        return saying

    def _saying(self, body: Any, protocol: str, *, from_responder: bool) -> Saying:
        row = self.texts.row
        hello = getattr(body, "client_hello", None) or body
        alpn = getattr(hello, "alpn", ())
        given = body.names() if hasattr(body, "names") else ()
        names = tuple(dict.fromkeys((row(name.lower()), _SOURCE_RANK[source]) for name, source in given if name))
        fields = {
            "service": row(protocol) if getattr(body, "names_service", True) else 0,
            "server_name": next((text for text, rank in names if rank in _SERVER_NAMES), 0),
            "alpn": row(alpn if isinstance(alpn, str) else alpn[0] if alpn else ""),
            "ja3": row(getattr(hello, "ja3", "")),
            "ja3s": row(getattr(hello, "ja3s", "")),
            "ja4": row(getattr(hello, "ja4", "")),
            "http_host": next((text for text, rank in names if rank in _HTTP_HOSTS), 0),
            "handshake_bytes": 0 if from_responder else _handshake_bytes(protocol, hello),
            "has_names": int(bool(names)),
        }
        return Saying(body, tuple(fields[name] for name in SAID.names or ()), names)

    def _name(self, serial: int, names: tuple[tuple[int, int], ...], place: list[int]) -> None:
        known = self._names.setdefault(serial, [])
        fresh = [name for name in names if not any(name == other[1:3] for other in known)] if known else names
        room = MOST_NAMES_PER_FLOW - len(known)
        self.dropped_names += max(len(fresh) - room, 0)
        known += [(serial, *name, *place) for name in fresh[:room]]

    def close(self, slots: NDArray[np.int32], serials: NDArray[np.int64]) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """FACTS and NAMES rows of the flows that closed; FACTS has a row for every one of them, in their order."""
        facts = np.where(self._owner[slots] == serials, self._live[slots], np.zeros(1, FACTS))
        facts["serial"] = serials
        known = (self._names.pop(serial, ()) for serial in (serials.tolist() if self._names else ()))
        return facts, np.array([name for names in known for name in names], NAMES)


def _handshake_bytes(protocol: str, hello: Any) -> int:
    if not hasattr(hello, "cipher_suites"):
        return 0
    return QUIC_HANDSHAKE_BYTES if protocol == "quic" else int(getattr(hello, "length", 600)) + TLS_HANDSHAKE_REST_BYTES
