"""Handshake messages of TLS and DTLS, once they are whole: what of them is kept, and when nothing more can be read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gdsi_audit.protocols import _ja
from gdsi_audit.protocols._certificate import Certificate, certificate
from gdsi_audit.protocols._client_hello import DTLS_1_3, TLS_1_3, ClientHello, readable_client_hello
from gdsi_audit.wire_text import WireText, display

CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 1, 2, 11
KINDS = frozenset({0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25})
"""IANA registry "TLS HandshakeType"; anything else where a message should begin is ciphertext or no handshake."""

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = 20, 21, 22, 23, 24
"""IANA registry "TLS ContentType"."""

LARGEST_MESSAGE_BYTES = 256 * 1024

HELLO_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""Random of a ServerHello that is a HelloRetryRequest (RFC 8446 section 4.1.3)."""

VERSION_NAMES = {
    0x0002: "SSL 2.0",
    0x0300: "SSL 3.0",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
    0x0100: "DTLS 1.0",  # OpenSSL before 0.9.8f
    0xFEFF: "DTLS 1.0",
    0xFEFD: "DTLS 1.2",
    0xFEFC: "DTLS 1.3",
}


def version_name(version: int) -> str:
    """`TLS 1.3` for 0x0304; the number in hexadecimal where it has no name."""
    return VERSION_NAMES.get(version, f"0x{version:04x}")


@dataclass(frozen=True, slots=True)
class ServerHello:
    """A ServerHello (RFC 8446 section 4.1.3)."""

    version: int
    """The version chosen, as on the wire; from supported_versions where that is there."""
    cipher_suite: int
    alpn: WireText
    """Empty: none, or encrypted (TLS 1.3)."""
    ja3s: str
    hello_retry: bool
    compression: int = 0
    """IANA registry "TLS Compression Method Identifiers"; 0: none."""

    @property
    def satisfied(self) -> bool:
        """In version 1.3 all that follows is encrypted, unless the client has to try again."""
        return self.version in (TLS_1_3, DTLS_1_3) and not self.hello_retry


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert in clear (RFC 8446 section 6)."""

    level: int
    """1 warning, 2 fatal."""
    description: int
    """IANA registry "TLS Alerts": 48 is unknown_ca."""

    @property
    def satisfied(self) -> bool:
        """A fatal alert, or close_notify: nothing more follows in clear."""
        return self.level == 2 or self.description == 0


@dataclass(frozen=True, slots=True)
class Encrypted:
    """From here on this direction is ciphertext."""

    content_type: int
    """Of the record that shows it: 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data."""

    satisfied = True


Body = ClientHello | ServerHello | Certificate | Alert | Encrypted


def message_body(kind: int, body: bytes, transport: str) -> ClientHello | ServerHello | Certificate | None:
    """What is kept of a whole handshake message, None for kinds of which nothing is. `transport` as for JA4. Raises ValueError."""
    if kind == CLIENT_HELLO:
        return readable_client_hello(body, transport)
    if kind == SERVER_HELLO:
        return server_hello(body)
    if kind == CERTIFICATE:
        return certificate(body)
    return None


def stream_messages(handshake: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The whole messages (kind, body) at the beginning of handshake bytes, and how many bytes they take.

    Bytes behind a message that cannot begin another are taken with it. Raises ValueError where there is no message before them.
    """
    messages: list[tuple[int, bytes]] = []
    at = 0
    while at + 4 <= len(handshake):
        size = int.from_bytes(handshake[at + 1 : at + 4])
        try:
            check_message(handshake[at], size, at)
        except ValueError:
            if messages:
                return messages, len(handshake)
            raise
        end = at + 4 + size
        if end > len(handshake):
            break
        messages.append((handshake[at], handshake[at + 4 : end]))
        at = end
    return messages, at


def check_message(kind: int, size_bytes: int, at: int) -> None:
    """Raises ValueError unless a handshake message may have this kind and size."""
    if kind not in KINDS:
        raise ValueError(f"no handshake message has type {kind} (offset {at})")
    if size_bytes > LARGEST_MESSAGE_BYTES:
        raise ValueError(f"handshake message of {size_bytes} bytes, more than {LARGEST_MESSAGE_BYTES} (offset {at})")


def alert(fragment: bytes) -> Alert | Encrypted:
    """The alert in a record: anything but two bytes with a known level is ciphertext."""
    if len(fragment) == 2 and fragment[0] in (1, 2):
        return Alert(fragment[0], fragment[1])
    return Encrypted(ALERT)


def server_hello(body: bytes) -> ServerHello:
    """The ServerHello in the body of one handshake message. Raises ValueError."""
    if len(body) < 38 or 35 + body[34] + 3 > len(body):
        raise ValueError(f"ServerHello of {len(body)} bytes ends before its cipher suite")
    legacy_version, at = int.from_bytes(body[:2]), 35 + body[34]
    cipher_suite = int.from_bytes(body[at : at + 2])
    found = dict(_extensions(body, at + 3))
    version = int.from_bytes(found[0x002B]) if len(found.get(0x002B, b"")) == 2 else legacy_version
    return ServerHello(
        version=version,
        cipher_suite=cipher_suite,
        alpn=display(found.get(0x0010, b"")[3:]),
        ja3s=_ja3s(legacy_version, cipher_suite, tuple(kind for kind, _ in _extensions(body, at + 3))),
        hello_retry=body[2:34] == HELLO_RETRY_RANDOM,
        compression=body[at + 2],
    )


def _extensions(body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    if at + 2 > len(body):
        return
    end = at + 2 + int.from_bytes(body[at : at + 2])
    if end > len(body):
        raise ValueError(f"ServerHello of {len(body)} bytes: its extensions at offset {at} do not fit")
    at += 2
    while at < end:
        if at + 4 > end or at + 4 + int.from_bytes(body[at + 2 : at + 4]) > end:
            raise ValueError(f"ServerHello of {len(body)} bytes: the extension at offset {at} does not fit")
        kind, size = struct.unpack_from(">HH", body, at)
        yield kind, body[at + 4 : at + 4 + size]
        at += 4 + size


@lru_cache(maxsize=4096)
def _ja3s(version: int, cipher_suite: int, extensions: tuple[int, ...]) -> str:
    return _ja.md5(_ja.ja3s_text(version, cipher_suite, extensions))
