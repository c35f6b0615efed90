"""Writes TLS messages byte by byte, independently of the parsers, for their tests."""

from __future__ import annotations

import struct

GREASE = 0x2A2A


def sized(content: bytes, size_bytes: int) -> bytes:
    return len(content).to_bytes(size_bytes, "big") + content


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def extension(kind: int, content: bytes) -> bytes:
    return numbers(kind) + sized(content, 2)


def server_name(name: bytes) -> bytes:
    return extension(0x0000, sized(b"\0" + sized(name, 2), 2))


def alpn(*protocols: bytes) -> bytes:
    return extension(0x0010, sized(b"".join(sized(protocol, 1) for protocol in protocols), 2))


def groups(*values: int) -> bytes:
    return extension(0x000A, sized(numbers(*values), 2))


def signatures(*values: int) -> bytes:
    return extension(0x000D, sized(numbers(*values), 2))


def versions(*values: int) -> bytes:
    return extension(0x002B, sized(numbers(*values), 1))


BROWSER = (
    extension(GREASE, b""),
    server_name(b"www.example.com"),
    extension(0x0017, b""),  # extended_master_secret
    groups(GREASE, 0x001D, 0x0017),
    extension(0x000B, b"\x01\x00"),  # ec_point_formats: uncompressed
    extension(0x0023, b""),  # session_ticket, empty
    alpn(b"h2", b"http/1.1"),
    signatures(0x0403, 0x0804),
    versions(GREASE, 0x0304, 0x0303),
)
BROWSER_CIPHERS = (GREASE, 0x1301, 0xC02B)


def client_hello_body(
    extensions: tuple[bytes, ...] = BROWSER, ciphers: tuple[int, ...] = BROWSER_CIPHERS, version: int = 0x0303, cookie: bytes | None = None
) -> bytes:
    return (
        numbers(version)
        + bytes(range(32))  # random
        + sized(b"\x55" * 32, 1)  # session id
        + (b"" if cookie is None else sized(cookie, 1))
        + sized(numbers(*ciphers), 2)
        + sized(b"\0", 1)  # compression: none
        + sized(b"".join(extensions), 2)
    )


def server_hello_body(cipher: int, extensions: tuple[bytes, ...] = (), version: int = 0x0303, random: bytes = bytes(32)) -> bytes:
    return numbers(version) + random + sized(b"", 1) + numbers(cipher) + b"\0" + (sized(b"".join(extensions), 2) if extensions else b"")


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + sized(body, 3)


def record(content: bytes, content_type: int = 22, version: int = 0x0301) -> bytes:
    return bytes([content_type]) + numbers(version) + sized(content, 2)


def client_hello(*args: object, **kwargs: object) -> bytes:
    return record(message(1, client_hello_body(*args, **kwargs)))
