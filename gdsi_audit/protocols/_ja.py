"""Fingerprints of TLS clients and servers: JA3, JA3S and JA4.

JA3 and JA3S are as Salesforce published them, GREASE (RFC 8701) left out; JA4 is FoxIO's TLS client fingerprint, which is BSD-licensed, and no
other member of that family. MD5 is no security here, it is what the fingerprint is defined with.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

SERVER_NAME, APPLICATION_PROTOCOLS = 0x0000, 0x0010
NOTHING = "0" * 12

_VERSIONS = {
    0x0002: "s2",
    0x0300: "s3",
    0x0301: "10",
    0x0302: "11",
    0x0303: "12",
    0x0304: "13",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}


def ja3_text(version: int, ciphers: Sequence[int], extensions: Sequence[int], groups: Sequence[int], formats: Sequence[int]) -> str:
    """What JA3 is the MD5 of: five comma-separated lists of decimal numbers."""
    return ",".join((str(version), *("-".join(map(str, numbers)) for numbers in (ciphers, extensions, groups, formats))))


def ja3s_text(version: int, cipher: int, extensions: Sequence[int]) -> str:
    """What JA3S is the MD5 of."""
    return f"{version},{cipher},{'-'.join(map(str, extensions))}"


def md5(text: str) -> str:
    """In hexadecimal digits."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def ja4(
    transport: str, version: int, has_name: bool, first_protocol: bytes, ciphers: Sequence[int], extensions: Sequence[int], signatures: Sequence[int]
) -> str:
    """The JA4 of a ClientHello. `transport` is t, q or d; `version` the highest it offers; the lists have no GREASE."""
    head = (
        f"{transport}{_VERSIONS.get(version, '00')}{'d' if has_name else 'i'}"
        f"{min(len(ciphers), 99):02}{min(len(extensions), 99):02}{_ends(first_protocol)}"
    )
    kept = sorted(number for number in extensions if number not in (SERVER_NAME, APPLICATION_PROTOCOLS))
    behind = _listed(kept) + ("_" + _listed(signatures) if signatures else "")
    return f"{head}_{_digest(_listed(sorted(ciphers)))}_{_digest(behind) if kept else NOTHING}"


def _ends(protocol: bytes) -> str:
    """First and last character of an application protocol; of its hexadecimal form where one of them is no ASCII letter or digit."""
    if not protocol:
        return "00"
    ends = protocol[:1] + protocol[-1:]
    if ends.isalnum():
        return ends.decode("ascii")
    return protocol.hex()[0] + protocol.hex()[-1]


def _listed(numbers: Sequence[int]) -> str:
    return struct.pack(f">{len(numbers)}H", *numbers).hex(",", 2)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else NOTHING
