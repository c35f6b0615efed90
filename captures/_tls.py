"""TLS as it looks from outside: real hello messages, a certificate signed with a fixed key, and records of bytes that look encrypted.

RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2), RFC 6066 (server name), RFC 7301 (application protocol).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from captures._writer import Capture, Host, Turn

CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8)
GROUPS = (0x001D, 0x0017, 0x0018)
SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0807)
LARGEST_RECORD_BYTES = 16_384
TAG_BYTES = 17


def vector(data: bytes, size: int = 2) -> bytes:
    """`data` with its length before it."""
    return len(data).to_bytes(size, "big") + data


def shorts(values: Sequence[int]) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def extension(number: int, data: bytes) -> bytes:
    return struct.pack(">H", number) + vector(data)


def handshake(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + vector(body, 3)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    return struct.pack(">BH", kind, version) + vector(body)


def server_name(name: str) -> bytes:
    return extension(0, vector(b"\x00" + vector(name.encode()))) if name else b""


def client_hello(capture: Capture, name: str, protocols: Sequence[str], *, highest: int = 0x0304, quic: bytes = b"") -> bytes:
    """The handshake message. `quic`: transport parameters, which stand in an extension of their own (RFC 9001 section 8.2)."""
    listed = b"".join(vector(protocol.encode(), 1) for protocol in protocols)
    extensions = server_name(name) + extension(23, b"") + extension(10, vector(shorts(GROUPS))) + extension(11, b"\x01\x00")
    extensions += (extension(16, vector(listed)) if listed else b"") + extension(13, vector(shorts(SIGNATURES)))
    if highest == 0x0304:
        versions = (0x0304,) if quic else (0x0304, 0x0303)
        extensions += extension(51, vector(shorts((0x001D,)) + vector(capture.noise(32)))) + extension(45, b"\x01\x01")
        extensions += extension(43, vector(shorts(versions), 1))
    extensions += extension(57, quic) if quic else b""
    ciphers = CIPHERS if highest == 0x0304 else CIPHERS[3:]
    session = b"" if quic else capture.noise(32)
    return handshake(1, b"\x03\x03" + capture.noise(32) + vector(session, 1) + vector(shorts(ciphers)) + b"\x01\x00" + vector(extensions))


def server_hello(capture: Capture, *, version: int = 0x0304, protocol: str = "", session: bytes | None = None) -> bytes:
    """The handshake message. `session`: what it echoes; None: 32 bytes, as the client sent."""
    extensions = b""
    if version == 0x0304:
        extensions = extension(51, shorts((0x001D,)) + vector(capture.noise(32))) + extension(43, shorts((0x0304,)))
    elif protocol:
        extensions = extension(16, vector(vector(protocol.encode(), 1)))
    cipher = 0x1301 if version == 0x0304 else 0xC02B
    random = capture.noise(32)
    echoed = capture.noise(32) if session is None else session
    fixed = b"\x03\x03" + random + vector(echoed, 1) + struct.pack(">HB", cipher, 0)
    return handshake(2, fixed + vector(extensions))


def certificate(*names: str, organisation: str = "Example Cloud") -> bytes:
    """DER, signed by itself with a key made of its first name; the same bytes every time."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(names[0].encode()).digest())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation), x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return made.sign(key, None).public_bytes(Encoding.DER)


def application_data(capture: Capture, size: int) -> bytes:
    """Records that carry `size` bytes and their tags."""
    records = []
    while size > 0:
        piece = min(size, LARGEST_RECORD_BYTES)
        records.append(record(23, capture.noise(piece + TAG_BYTES)))
        size -= piece
    return b"".join(records)


def tls13_turns(capture: Capture, name: str, sizes: Sequence[tuple[bool, int, float]], protocols: Sequence[str] = ("h2", "http/1.1")) -> list[Turn]:
    """A handshake, then one turn for each of `sizes`: whether the client speaks, bytes, seconds it waits before."""
    change = record(20, b"\x01")
    turns = [
        Turn(True, record(22, client_hello(capture, name, protocols), 0x0301)),
        Turn(False, record(22, server_hello(capture)) + change + application_data(capture, 2_900)),
        Turn(True, change + record(23, capture.noise(53))),
    ]
    turns += [Turn(client, application_data(capture, size), after_s) for client, size, after_s in sizes]
    return [*turns, Turn(True, record(23, capture.noise(19)))]


def tls12_turns(
    capture: Capture, name: str, chain: Sequence[bytes], sizes: Sequence[tuple[bool, int, float]], protocols: Sequence[str] = ("http/1.1",)
) -> list[Turn]:
    """The same with TLS 1.2, whose certificates stand in clear text."""
    finished = record(20, b"\x01") + record(22, capture.noise(40))
    listed = b"".join(vector(one, 3) for one in chain)
    exchange = b"\x03" + shorts((0x001D,)) + vector(capture.noise(32), 1) + shorts((0x0807,)) + vector(capture.noise(64))
    hello = server_hello(capture, version=0x0303, protocol=protocols[0] if protocols else "")
    answer = [hello, handshake(11, vector(listed, 3)), handshake(12, exchange), handshake(14, b"")]
    turns = [
        Turn(True, record(22, client_hello(capture, name, protocols, highest=0x0303), 0x0301)),
        Turn(False, b"".join(record(22, message) for message in answer)),
        Turn(True, record(22, handshake(16, vector(capture.noise(32), 1))) + finished),
        Turn(False, finished),
    ]
    turns += [Turn(client, application_data(capture, size), after_s) for client, size, after_s in sizes]
    return [*turns, Turn(True, record(21, capture.noise(26)))]


def tls13(capture: Capture, at_s: float, client: Host, server: Host, name: str, sizes: Sequence[tuple[bool, int, float]], *, port: int = 443,
          rtt_s: float = 0.02, protocols: Sequence[str] = ("h2", "http/1.1")) -> float:  # fmt: skip
    """A whole TLS 1.3 connection; returns when it ended."""
    return capture.tcp(at_s, client, server, port, tls13_turns(capture, name, sizes, protocols), rtt_s=rtt_s)
