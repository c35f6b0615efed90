"""What many TLS streams say before encryption begins, read at once: `tls.parse` by the column, compiled."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import _flight_scan as flight
from gdsi_audit.protocols import _hello_scan as scan
from gdsi_audit.protocols._client_hello import ClientHello, from_row, scan_slices
from gdsi_audit.protocols._handshake import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    CLIENT_HELLO,
    HANDSHAKE,
    Alert,
    Body,
    Encrypted,
    message_body,
)

REMEMBERED_MESSAGES = 1024
"""ServerHello and Certificate messages, by their bytes."""


class Flights(NamedTuple):
    """What many streams said, as far as it can be told without reading them chunk by chunk."""

    done: list[bool]
    """Per stream: all is said that will be. Where not, nothing of it is in `bodies`, and `tls.parse` has to read it."""
    bodies: list[Body]
    rows: list[int]
    """Chunk that completed each of `bodies`."""


def flights(
    data: NDArray[np.uint8], offset: NDArray[np.int64], length: NDArray[np.int32], gap_bytes: NDArray[np.int32], first: NDArray[np.int64]
) -> Flights:
    """`tls.parse` for many streams at once, up to what `satisfied` means; a ClientHello counts as the end of its direction.

    `first` has shape (streams + 1,): the chunks of stream n are rows first[n] to first[n + 1] of the other columns, from its first byte on.
    """
    room = np.empty(int(length.sum(dtype=np.int64)), np.uint8)
    states = np.zeros(first.size - 1, np.int64)
    events = np.zeros((states.size * flight.MOST_EVENTS, flight.COLUMNS), np.int64)
    columns = (np.ascontiguousarray(offset, np.int64), np.ascontiguousarray(length, np.int32), np.ascontiguousarray(gap_bytes, np.int32))
    events = events[: flight.scan(data, *columns, np.ascontiguousarray(first, np.int64), room, states, events)]
    bodies = _flight_bodies(events, room)
    done = states == flight.DONE
    done[[stream for stream, body in zip(events[:, flight.STREAM].tolist(), bodies, strict=True) if body is None]] = False
    kept = done[events[:, flight.STREAM]].tolist()
    rows = [row for row, keep in zip(events[:, flight.ROW].tolist(), kept, strict=True) if keep]
    return Flights(done.tolist(), [body for body, keep in zip(bodies, kept, strict=True) if body is not None and keep], rows)


def _flight_bodies(events: NDArray[np.int64], room: NDArray[np.uint8]) -> list[Body | None]:
    """The body of each event; None: its message is malformed."""
    hellos = iter(_hello_bodies(events[events[:, flight.WHAT] == CLIENT_HELLO], room))
    view = room.data
    return [next(hellos) if what == CLIENT_HELLO else _flight_body(what, at, size, view) for _, what, at, size, _ in events.tolist()]


def _hello_bodies(events: NDArray[np.int64], room: NDArray[np.uint8]) -> list[ClientHello | None]:
    rows, shapes = scan_slices(room, events[:, flight.AT], events[:, flight.SIZE].astype(np.int32), scan.STREAM)
    view = room.data
    return [from_row(row, view, shapes, "t") if row[scan.STATE] == scan.COMPLETE else None for row in rows[:, : scan.LISTS].tolist()]


def _flight_body(what: int, at: int, size: int, room: memoryview) -> Body | None:
    if what == flight.ALERT_IN_CLEAR:
        return _clear_alert(at, size)
    if what == flight.CIPHERTEXT:
        return _CIPHERTEXT[at]
    return _known_body(what, bytes(room[at : at + size]))


@lru_cache(maxsize=REMEMBERED_MESSAGES)
def _known_body(kind: int, body: bytes) -> Body | None:
    """Servers say the same to every client, so what they said is remembered by its bytes."""
    try:
        return message_body(kind, body, "t")
    except ValueError:
        return None


@lru_cache(maxsize=512)
def _clear_alert(level: int, description: int) -> Alert:
    return Alert(level, description)


_CIPHERTEXT = {content_type: Encrypted(content_type) for content_type in (CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA)}
