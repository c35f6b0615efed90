"""DTLS 1.0 to 1.3 (RFC 4347, RFC 6347, RFC 9147): TLS over datagrams, its handshake messages in numbered fragments."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._certificate import Certificate
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._handshake import (
    ALERT,
    APPLICATION_DATA,
    CERTIFICATE,
    CHANGE_CIPHER_SPEC,
    CLIENT_HELLO,
    HANDSHAKE,
    SERVER_HELLO,
    Body,
    Encrypted,
    ServerHello,
    alert,
    check_message,
    message_body,
)
from gdsi_audit.protocols._pieces import joined, keep

TRANSPORT = "udp"
EVERY_DATAGRAM = False
MOST_DATAGRAMS = 16
MOST_MESSAGES = 32
RECORD_HEADER_BYTES = 13
FRAGMENT_HEADER_BYTES = 12
HELLO_VERIFY_REQUEST = 3
VERSIONS = (b"\xfe\xff", b"\xfe\xfd", b"\x01\x00")
"""Of records; 0x0100 is that of OpenSSL before 0.9.8f, which some virtual private networks still speak."""

Messages = dict[tuple[int, int], tuple[int, dict[int, bytes]]]
"""By (sequence number, kind): size, and pieces by offset."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Datagrams that begin with a record in clear which holds a hello, or with one of a session already under way."""
    begin = heads.bytes.astype(np.int32)
    version = begin[:, 1] << 8 | begin[:, 2]
    epoch = begin[:, 3] << 8 | begin[:, 4]
    record_bytes = begin[:, 11] << 8 | begin[:, 12]
    is_record = is_one_of(version, (0xFEFF, 0xFEFD, 0x0100)) & (record_bytes > 0) & (record_bytes + RECORD_HEADER_BYTES <= heads.length)
    hello = (begin[:, 0] == HANDSHAKE) & (epoch == 0) & is_one_of(begin[:, 13], (CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY_REQUEST))
    under_way = (begin[:, 0] >= CHANGE_CIPHER_SPEC) & (begin[:, 0] <= APPLICATION_DATA) & (epoch > 0) & (record_bytes >= 16)
    records: NDArray[np.bool_] = is_record & (hello | under_way)
    return records


def parse(datagrams: list[bytes], *, from_responder: bool, final: bool = False) -> Body | tuple[ServerHello, Certificate] | NeedMore:
    """The first hello in the datagrams of one direction; a server's with its certificate, once that is whole or cannot come any more.

    `final`: no more datagrams will follow. Raises ValueError where the first datagram is no DTLS, or a message's lengths do not fit.
    """
    messages: Messages = {}
    ended: Body | None = None
    for index, datagram in enumerate(datagrams[:MOST_DATAGRAMS]):
        try:
            found = _collect(datagram, messages)
        except ValueError:
            if index == 0:
                raise
            continue
        ended = ended or found
    bodies = [body for body in _bodies(messages) if body]
    final |= len(datagrams) >= MOST_DATAGRAMS or ended is not None
    hello = next((body for body in bodies if not isinstance(body, Certificate)), None)
    chain = next((body for body in bodies if isinstance(body, Certificate)), None)
    if isinstance(hello, ServerHello):
        if chain:
            return hello, chain
        return hello if final or hello.satisfied or _is_past_certificate(messages) else NEED_MORE
    return hello or (chain if final else None) or ended or NEED_MORE


def _collect(datagram: bytes, messages: Messages) -> Body | None:
    """Adds the fragments in a datagram to `messages`; an alert or the first ciphertext is returned. Raises ValueError."""
    for content_type, epoch, fragment in _records(datagram):
        if epoch or content_type == CHANGE_CIPHER_SPEC:
            return Encrypted(content_type)
        if content_type == ALERT:
            return alert(fragment)
        if content_type == HANDSHAKE:
            _collect_fragments(fragment, messages)
    return None


def _records(datagram: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(content type, epoch, fragment) of the records in clear layout. Raises ValueError."""
    at = 0
    while at < len(datagram):
        header = datagram[at : at + RECORD_HEADER_BYTES]
        end = at + RECORD_HEADER_BYTES + int.from_bytes(header[11:13])
        if at and header[0] >> 5 == 1:
            # The header of encrypted records in version 1.3 (RFC 9147 section 4).
            return
        if header[1:3] not in VERSIONS or len(header) < RECORD_HEADER_BYTES or end > len(datagram):
            raise ValueError(f"no DTLS record at offset {at} of {len(datagram)} bytes: {header.hex(' ')}")
        yield header[0], int.from_bytes(header[3:5]), datagram[at + RECORD_HEADER_BYTES : end]
        at = end


def _collect_fragments(fragment: bytes, messages: Messages) -> None:
    at = 0
    while at < len(fragment):
        header = fragment[at : at + FRAGMENT_HEADER_BYTES]
        size, offset, piece_bytes = (int.from_bytes(header[begin : begin + 3]) for begin in (1, 6, 9))
        check_message(header[0], size, at)
        end = at + FRAGMENT_HEADER_BYTES + piece_bytes
        if len(header) < FRAGMENT_HEADER_BYTES or end > len(fragment) or offset + piece_bytes > size:
            raise ValueError(f"the DTLS handshake fragment at offset {at} does not fit")
        key = (int.from_bytes(header[4:6]), header[0])
        if key in messages or len(messages) < MOST_MESSAGES:
            keep(messages.setdefault(key, (size, {}))[1], offset, fragment[end - piece_bytes : end])
        at = end


def _bodies(messages: Messages) -> Iterator[Body | None]:
    """What the whole messages say, in the order of their numbers. Raises ValueError."""
    for (_, kind), (size, pieces) in sorted(messages.items(), key=lambda item: item[0]):
        whole = joined(pieces) if kind in (CLIENT_HELLO, SERVER_HELLO, CERTIFICATE) else b""
        if kind in (CLIENT_HELLO, SERVER_HELLO, CERTIFICATE) and len(whole) == size:
            yield message_body(kind, whole, "d")


def _is_past_certificate(messages: Messages) -> bool:
    """Whether a whole message is there that only comes where there is no certificate before it, or behind it (RFC 5246 section 7.3)."""
    return any(kind > CERTIFICATE for _, kind in messages) and not any(kind == CERTIFICATE for _, kind in messages)
