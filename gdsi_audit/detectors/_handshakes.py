"""What TLS, DTLS and QUIC said in the clear in one device's flows: worked out once, for all detectors that ask about handshakes.

Peers say the same many times over, so messages are held by what they say: each distinct hello or chain once, with the messages that carry it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.messages import unread
from gdsi_audit.protocols._certificate import Certificate
from gdsi_audit.protocols._client_hello import ClientHello
from gdsi_audit.protocols._handshake import Alert, ServerHello
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

PROTOCOLS = ("tls", "dtls", "quic")


class Spoken(NamedTuple):
    """One body, and every message that says it: one entry each."""

    body: Any
    protocol: str
    """One of those that say it."""
    flows: list[int]
    """Of each message."""
    times: list[int]
    """UTC nanoseconds."""
    from_responder: list[bool]


class Handshakes(NamedTuple):
    """By kind of body; hellos are those of clients, whatever carries them."""

    hellos: tuple[Spoken, ...]
    servers: tuple[Spoken, ...]
    chains: tuple[Spoken, ...]
    alerts: tuple[Spoken, ...]


NOTHING_SPOKEN = Handshakes((), (), (), ())
_LAST: WeakKeyDictionary[DeviceTraffic, Handshakes] = WeakKeyDictionary()
"""Of one device at most: all detectors ask of one before they ask of the next."""


def handshakes(traffic: DeviceTraffic) -> Handshakes:
    """All of `traffic`'s."""
    if not any(protocol in traffic.messages for protocol in PROTOCOLS):
        return NOTHING_SPOKEN
    known = _LAST.get(traffic)
    if known is None:
        _LAST.clear()
        known = _LAST[traffic] = _collected(traffic)
    return known


def _collected(traffic: DeviceTraffic) -> Handshakes:
    groups: dict[type, dict[int, Spoken]] = {ClientHello: {}, ServerHello: {}, Certificate: {}, Alert: {}}
    for protocol in PROTOCOLS:
        said = unread(traffic.messages, protocol)
        for body, rows in _distinct(said.bodies):
            heard = getattr(body, "client_hello", body) if protocol == "quic" else body
            group = groups.get(type(heard))
            if group is not None:
                known = group.setdefault(id(heard), Spoken(heard, protocol, [], [], []))
                known.flows.extend(said.flow[rows].tolist())
                known.times.extend(said.time[rows].tolist())
                known.from_responder.extend(said.from_responder[rows].tolist())
    hellos, servers, chains, alerts = (tuple(group.values()) for group in groups.values())
    return Handshakes(hellos, servers, chains, alerts)


def _distinct(bodies: list[Any]) -> Iterator[tuple[Any, NDArray[np.intp]]]:
    """(each body, ascending positions of it), in the order of first sight."""
    numbers = np.fromiter(map(id, bodies), np.int64, len(bodies))
    for rows in sorted((rows for _, rows in grouped(numbers)), key=lambda rows: int(rows[0])):
        yield bodies[rows[0]], rows
