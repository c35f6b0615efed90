"""TLS over streams, SSL 3.0 to TLS 1.3 (RFC 8446, RFC 5246, RFC 6101): what is said before encryption begins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore, _ssl2
from gdsi_audit.protocols import _flight_scan as flight
from gdsi_audit.protocols import _hello_scan as scan
from gdsi_audit.protocols._certificate import Certificate
from gdsi_audit.protocols._certificate_facts import CertificateFacts
from gdsi_audit.protocols._client_hello import ClientHello, cut_client_hello, from_row, scan_slices
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._handshake import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    CLIENT_HELLO,
    HANDSHAKE,
    HEARTBEAT,
    LARGEST_MESSAGE_BYTES,
    SERVER_HELLO,
    Alert,
    Body,
    Encrypted,
    ServerHello,
    alert,
    message_body,
    stream_messages,
    version_name,
)

__all__ = ["Alert", "Body", "Certificate", "CertificateFacts", "ClientHello", "Encrypted", "ServerHello", "version_name"]

TRANSPORT = "tcp"
READS_WHAT_IS_CUT = True
"""`parse` takes `final`."""
RECORD_HEADER_BYTES = 5
REMEMBERED_MESSAGES = 1024
"""ServerHello and Certificate messages, by their bytes."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Payloads that begin with a record: a hello, an alert in clear, a change of cipher, application data of a session already under way; or
    with an SSL 2.0 compatible ClientHello."""
    begin = heads.bytes.astype(np.int32)
    record_bytes = begin[:, 3] << 8 | begin[:, 4]
    is_record = (heads.length >= 7) & (begin[:, 1] == 3) & (begin[:, 2] <= 4) & (record_bytes > 0) & (record_bytes <= scan.LARGEST_RECORD_BYTES)
    hello = (begin[:, 0] == HANDSHAKE) & is_one_of(begin[:, 5], (CLIENT_HELLO, SERVER_HELLO)) & (begin[:, 6] <= LARGEST_MESSAGE_BYTES >> 16)
    hello &= (heads.length < 10) | (begin[:, 9] == 3)
    clear_alert = (begin[:, 0] == ALERT) & (record_bytes == 2) & is_one_of(begin[:, 5], (1, 2))
    cipher_change = (begin[:, 0] == CHANGE_CIPHER_SPEC) & (record_bytes == 1) & (begin[:, 5] == 1)
    # Records of a session whose beginning is not in the capture; their version is never 1.3's.
    under_way = (begin[:, 0] == APPLICATION_DATA) & (begin[:, 2] >= 1) & (begin[:, 2] <= 3) & (record_bytes >= 16)
    records: NDArray[np.bool_] = is_record & (hello | clear_alert | cipher_change | under_way)
    return records | _ssl2.recognise(heads)


def parse(data: bytes, *, from_responder: bool, final: bool = False) -> tuple[Body | tuple[Body, ...], int] | NeedMore:
    """What the first records of one direction say, and the bytes they take.

    One body, or a tuple of several in the order sent where messages share records. `final`: no more bytes will follow; whole messages are given
    though the record behind them is cut, and so is a ClientHello of which only the beginning is there. Which side sent the bytes does not
    matter: messages say themselves what they are. Raises ValueError with the offset for bytes that are no records, and for messages whose
    lengths do not fit.
    """
    if _ssl2.is_client_hello(data):
        return _ssl2.client_hello(data), len(data)
    handshake, changed = b"", False
    bodies: tuple[Body, ...] = ()
    for content_type, begin, end, whole in _records(data):
        if content_type == HANDSHAKE and not (changed and not _is_hello(data[begin:end])):
            if not whole and not final:
                return NEED_MORE
            found, handshake = _bodies(handshake + data[begin:end])
            bodies += found
            if bodies and (final or not handshake):
                return (bodies[0] if len(bodies) == 1 else bodies), end
        elif not whole and content_type != APPLICATION_DATA:
            return NEED_MORE
        elif handshake:
            raise ValueError(f"record of type {content_type} at offset {begin - RECORD_HEADER_BYTES} inside a handshake message")
        elif content_type == ALERT:
            return alert(data[begin:end]), end
        elif content_type == CHANGE_CIPHER_SPEC:
            # In version 1.3 it means nothing, and a second hello may follow (RFC 8446 appendix D.4): the next record tells.
            changed = True
        elif content_type in (HANDSHAKE, APPLICATION_DATA):
            return Encrypted(content_type), end
    if final and handshake[:1] == bytes([CLIENT_HELLO]):
        return cut_client_hello(handshake[4:], "t"), len(data)
    return (Encrypted(CHANGE_CIPHER_SPEC), len(data)) if changed and final else NEED_MORE


class Flights(NamedTuple):
    """What many streams said, as far as it can be told without reading them chunk by chunk."""

    done: list[bool]
    """Per stream: all is said that will be. Where not, nothing of it is in `bodies`, and `parse` has to read it."""
    bodies: list[Body]
    rows: list[int]
    """Chunk that completed each of `bodies`."""


def flights(
    data: NDArray[np.uint8], offset: NDArray[np.int64], length: NDArray[np.int32], gap_bytes: NDArray[np.int32], first: NDArray[np.int64]
) -> Flights:
    """`parse` for many streams at once, up to what `satisfied` means; a ClientHello counts as the end of its direction.

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


def _records(data: bytes) -> Iterator[tuple[int, int, int, bool]]:
    """(content type, begin, end, whether it is all there) of the records in `data`; the last may be cut. Raises ValueError."""
    at = 0
    while at < len(data):
        header = data[at : at + RECORD_HEADER_BYTES]
        size = int.from_bytes(header[3:5])
        whole_header = len(header) == RECORD_HEADER_BYTES
        if not CHANGE_CIPHER_SPEC <= header[0] <= HEARTBEAT or header[1:2] not in (b"", b"\x03") or header[2:3] > b"\x04":
            raise ValueError(f"no TLS record at offset {at}: {header.hex(' ')}")
        if whole_header and not 0 < size <= scan.LARGEST_RECORD_BYTES:
            raise ValueError(f"TLS record of {size} bytes at offset {at}")
        if not whole_header:
            return
        end = at + RECORD_HEADER_BYTES + size
        yield header[0], at + RECORD_HEADER_BYTES, min(end, len(data)), end <= len(data)
        at = end


def _bodies(handshake: bytes) -> tuple[tuple[Body, ...], bytes]:
    """What the whole messages say, and the bytes of one that is not whole. Raises ValueError where the first that matters is wrong."""
    messages, used = stream_messages(handshake)
    found: list[Body] = []
    for kind, body in messages:
        try:
            kept = message_body(kind, body, "t")
        except ValueError:
            if found:
                break
            raise
        found.extend((kept,) if kept else ())
    return tuple(found), handshake[used:]


def _is_hello(fragment: bytes) -> bool:
    """Whether handshake bytes behind a change of cipher are a hello in clear, not ciphertext."""
    return fragment[:2] in (b"\x01\x00", b"\x02\x00") and fragment[4:6] in (b"", b"\x03", b"\x03\x03")
