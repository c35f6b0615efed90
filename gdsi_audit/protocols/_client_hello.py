"""The ClientHello of TLS, DTLS and QUIC: what a client says of itself, and to whom it wants to speak."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import _hello_scan as scan
from gdsi_audit.protocols import _ja
from gdsi_audit.wire_text import WireText, display

TLS_1_3 = 0x0304
DTLS_1_3 = 0xFEFC
REMEMBERED_SHAPES = 4096
REMEMBERED_HELLOS = 8192


@dataclass(frozen=True, slots=True)
class ClientHello:
    """A ClientHello (RFC 8446 section 4.1.2). Numbers are those of the IANA registries, in the order sent, GREASE (RFC 8701) left out."""

    server_name: WireText
    """As sent; empty: none."""
    version: int
    """The highest version it offers, as on the wire: 0x0304 is TLS 1.3."""
    legacy_version: int
    """Version field of the message itself."""
    versions: tuple[int, ...]
    """The supported_versions extension."""
    cipher_suites: tuple[int, ...]
    extensions: tuple[int, ...]
    groups: tuple[int, ...]
    point_formats: tuple[int, ...]
    signature_algorithms: tuple[int, ...]
    alpn: tuple[WireText, ...]
    ech: str
    """`offered`: an encrypted_client_hello extension is there, real or GREASE undecided; empty: none."""
    esni: bool
    """The draft encrypted_server_name extension is there."""
    resumes: bool
    """A session ticket or a pre-shared key is offered."""
    early_data: bool
    grease: bool
    """GREASE values were there."""
    ja3: str
    """MD5 in hexadecimal; empty for an SSL 2.0 compatible hello, which has no fingerprint, and for one that is cut."""
    ja4: str
    name_source: str = "tls-sni"
    cut: bool = False
    """Only its beginning was captured, or only its beginning fits: the extensions are those that are all there."""

    @property
    def satisfied(self) -> bool:
        """Nothing more to learn from this client: where it offers version 1.3, what follows is encrypted (or a second hello that says the same)."""
        return self.version in (TLS_1_3, DTLS_1_3)

    def names(self) -> Iterator[tuple[str, str]]:
        """(server name, `name_source`), where one is shown."""
        if self.server_name:
            yield self.server_name, self.name_source


@lru_cache(maxsize=REMEMBERED_SHAPES)
def _nameless(raw: bytes, transport: str) -> ClientHello:
    """What identical clients say, whoever they say it to: a shape's bytes, as laid out in `_hello_scan`. `transport` is t, q or d, as JA4 has it."""
    legacy_version, flags = struct.unpack_from(">HB", raw)
    lists, at = [], 3
    for _ in range(7):
        (size,) = struct.unpack_from(">H", raw, at)
        lists.append(raw[at + 2 : at + 2 + size])
        at += 2 + size
    ciphers, extensions, groups, _, signatures, versions = map(_numbers, lists[:6])
    point_formats = tuple(lists[3])
    protocols = tuple(_application_protocols(lists[6]))
    version = highest_version(versions, legacy_version)
    text = _ja.ja3_text(legacy_version, ciphers, extensions, groups, point_formats)
    first_protocol = next((protocol for protocol in protocols if not _is_grease(protocol)), b"")
    return ClientHello(
        server_name=WireText(""),
        version=version,
        legacy_version=legacy_version,
        versions=versions,
        cipher_suites=ciphers,
        extensions=extensions,
        groups=groups,
        point_formats=point_formats,
        signature_algorithms=signatures,
        alpn=tuple(display(protocol) for protocol in protocols),
        ech="offered" if flags & scan.HAS_ECH else "",
        esni=bool(flags & scan.HAS_ESNI),
        resumes=bool(flags & scan.RESUMES),
        early_data=bool(flags & scan.EARLY_DATA),
        grease=bool(flags & scan.HAS_GREASE),
        ja3=_ja.md5(text),
        ja4=_ja.ja4(transport, version, bool(flags & scan.HAS_NAME), first_protocol, ciphers, extensions, signatures),
        name_source="quic-sni" if transport == "q" else "tls-sni",
    )


def highest_version(offered: tuple[int, ...], legacy_version: int) -> int:
    """The highest of the versions offered. DTLS counts downwards: 0xFEFD is 1.2, 0xFEFF is 1.0."""
    if not offered:
        return legacy_version
    datagram = [version for version in offered if version >= 0xFE00]
    return min(datagram) if legacy_version >= 0xFE00 and datagram else max(offered)


def client_hello(body: bytes, transport: str) -> ClientHello:
    """The ClientHello in the body of one handshake message. `transport` is t (TLS), q (QUIC) or d (DTLS). Raises ValueError."""
    # A copy that may be written to: the kernel is compiled for one kind of array.
    data = np.frombuffer(bytearray(body), np.uint8)
    rows, shapes = scan_slices(data, np.zeros(1, np.int64), np.array([len(body)], np.int32), scan.DATAGRAM if transport == "d" else scan.STREAM)
    row = rows[0].tolist()
    if row[scan.STATE] != scan.COMPLETE:
        raise ValueError(f"ClientHello of {len(body)} bytes: the field at offset {row[scan.USED]} does not fit")
    return from_row(row, body, shapes, transport)


def readable_client_hello(body: bytes, transport: str) -> ClientHello:
    """The ClientHello in `body`, or the beginning of one whose later extensions do not fit. Raises ValueError where the earlier fields do not."""
    try:
        return client_hello(body, transport)
    except ValueError:
        return cut_client_hello(body, transport)


def cut_client_hello(part: bytes, transport: str) -> ClientHello:
    """The ClientHello of which `part` is the beginning of the body. Raises ValueError where the extensions have not begun."""
    at = 34
    for _ in range(2 if transport == "d" else 1):
        at += 1 + int.from_bytes(part[at : at + 1])
    at += 2 + int.from_bytes(part[at : at + 2])
    at += 1 + int.from_bytes(part[at : at + 1])
    begin = end = at + 2
    if begin > len(part):
        raise ValueError(f"the ClientHello is cut before its extensions, at {len(part)} bytes")
    while end + 4 <= len(part) and end + 4 + int.from_bytes(part[end + 2 : end + 4]) <= len(part):
        end += 4 + int.from_bytes(part[end + 2 : end + 4])
    return replace(client_hello(part[:at] + (end - begin).to_bytes(2) + part[begin:end], transport), ja3="", ja4="", cut=True)


def scan_slices(data: NDArray[np.uint8], offset: NDArray[np.int64], length: NDArray[np.int32], holds: int) -> tuple[NDArray[np.int64], bytes]:
    """Rows of `_hello_scan.scan` and the shapes that they point to."""
    rows = np.zeros((offset.size, scan.COLUMNS), np.int64)
    shapes = np.empty(int(length.sum(dtype=np.int64)) + scan.SHAPE_SPARE_BYTES * offset.size, np.uint8)
    # Columns of a structured array are strided: as they are, the kernel would be compiled once more for them.
    scan.scan(data, np.ascontiguousarray(offset, np.int64), np.ascontiguousarray(length, np.int32), holds, rows, shapes)
    return rows, shapes.tobytes()


def from_row(row: list[int], data: bytes | memoryview, shapes: bytes, transport: str) -> ClientHello:
    """The ClientHello of a COMPLETE row."""
    shape = shapes[row[scan.SHAPE_AT] : row[scan.SHAPE_AT] + row[scan.SHAPE_BYTES]]
    return _hello_of(bytes(data[row[scan.NAME_AT] : row[scan.NAME_AT] + row[scan.NAME_BYTES]]), shape, transport)


@lru_cache(maxsize=REMEMBERED_HELLOS)
def _hello_of(name: bytes, shape: bytes, transport: str) -> ClientHello:
    """A client says the same to the same server every time: one object for all of them."""
    return replace(_nameless(shape, transport), server_name=display(name))


def _numbers(raw: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(raw) // 2}H", raw[: len(raw) // 2 * 2])


def _application_protocols(raw: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(raw):
        yield raw[at + 1 : at + 1 + raw[at]]
        at += 1 + raw[at]


def _is_grease(protocol: bytes) -> bool:
    return len(protocol) == 2 and protocol[0] == protocol[1] and protocol[0] & 0x0F == 0x0A
