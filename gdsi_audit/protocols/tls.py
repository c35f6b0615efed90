"""TLS over streams, SSL 3.0 to TLS 1.3 (RFC 8446, RFC 5246, RFC 6101): what is said before encryption begins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore, _ssl2
from gdsi_audit.protocols import _hello_scan as scan
from gdsi_audit.protocols._certificate import Certificate
from gdsi_audit.protocols._certificate_facts import CertificateFacts
from gdsi_audit.protocols._client_hello import ClientHello, cut_client_hello
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
from gdsi_audit.protocols._tls_flights import flights

__all__ = ["Alert", "Body", "Certificate", "CertificateFacts", "ClientHello", "Encrypted", "ServerHello", "flights", "version_name"]

TRANSPORT = "tcp"
READS_WHAT_IS_CUT = True
"""`parse` takes `final`."""
RECORD_HEADER_BYTES = 5


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
