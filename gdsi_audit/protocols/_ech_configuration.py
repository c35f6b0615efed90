"""The configurations of encrypted client hello that a service binding offers (RFC 9849 section 4): which names are shown instead."""

from __future__ import annotations

from collections.abc import Iterator

from gdsi_audit.protocols._dns_names import folded
from gdsi_audit.wire_text import WireText, display

ECH_VERSION = 0xFE0D


def public_names(configurations: bytes) -> Iterator[WireText]:
    """Of an ECHConfigList, in lower case; configurations that are of another version, or do not fit, are passed over."""
    at, end = 2, 2 + int.from_bytes(configurations[:2])
    while at + 4 <= min(end, len(configurations)):
        version, size = int.from_bytes(configurations[at : at + 2]), int.from_bytes(configurations[at + 2 : at + 4])
        name = _public_name(configurations[at + 4 : at + 4 + size]) if version == ECH_VERSION else b""
        if name:
            yield folded(display(name))
        at += 4 + size


def _public_name(configuration: bytes) -> bytes:
    """Behind its number, the kind of key, the key, the cipher suites and the longest name."""
    at = 3
    for _ in range(2):
        at += 2 + int.from_bytes(configuration[at : at + 2])
    size = int.from_bytes(configuration[at + 1 : at + 2])
    name = configuration[at + 2 : at + 2 + size]
    return name if size and len(name) == size else b""
