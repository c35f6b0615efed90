"""The SSL 2.0 compatible ClientHello (RFC 5246 appendix E.2): how old clients offered newer versions."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._client_hello import ClientHello
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.wire_text import WireText

HEADER_BYTES = 11
VERSIONS = (0x0002, 0x0300, 0x0301, 0x0302, 0x0303)


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Payloads that are exactly one such hello, all its lengths fitting."""
    begin = heads.bytes.astype(np.int32)
    record_bytes = (begin[:, 0] & 0x7F) << 8 | begin[:, 1]
    ciphers, session, challenge = (begin[:, at] << 8 | begin[:, at + 1] for at in (5, 7, 9))
    fits = (record_bytes + 2 == heads.length) & (ciphers + session + challenge + HEADER_BYTES == heads.length)
    plausible = (ciphers > 0) & (ciphers % 3 == 0) & is_one_of(session, (0, 16)) & (challenge >= 16) & (challenge <= 32)
    kind = (begin[:, 0] >= 0x80) & (begin[:, 2] == 1) & is_one_of(begin[:, 3] << 8 | begin[:, 4], VERSIONS)
    hello: NDArray[np.bool_] = kind & fits & plausible
    return hello


def is_client_hello(data: bytes) -> bool:
    """Whether `data` is exactly one such hello."""
    if len(data) < HEADER_BYTES or data[0] < 0x80 or data[2] != 1:
        return False
    version, ciphers, session, challenge = struct.unpack_from(">HHHH", data, 3)
    fits = len(data) == HEADER_BYTES + ciphers + session + challenge == ((data[0] & 0x7F) << 8 | data[1]) + 2
    return fits and version in VERSIONS and ciphers > 0 and ciphers % 3 == 0 and session in (0, 16) and 16 <= challenge <= 32


def client_hello(data: bytes) -> ClientHello:
    """The hello that `is_client_hello` found. Cipher kinds of SSL 2.0 itself have three bytes; it has no extensions and no fingerprint."""
    version, ciphers = struct.unpack_from(">HH", data, 3)
    listed = data[HEADER_BYTES : HEADER_BYTES + ciphers]
    return ClientHello(
        server_name=WireText(""),
        version=version,
        legacy_version=version,
        versions=(),
        cipher_suites=tuple(int.from_bytes(listed[at : at + 3]) for at in range(0, ciphers, 3)),
        extensions=(),
        groups=(),
        point_formats=(),
        signature_algorithms=(),
        alpn=(),
        ech="",
        esni=False,
        resumes=False,
        early_data=False,
        grease=False,
        ja3="",
        ja4="",
    )
