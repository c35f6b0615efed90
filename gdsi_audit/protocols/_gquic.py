"""Google's QUIC up to Q046 (and the CHLO of Q050): a client hello in clear, as tags and values."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.wire_text import WireText, display

MOST_TAGS = 128
VERSION_AT = 9
"""Behind flags and connection id in the public header."""


@dataclass(frozen=True, slots=True)
class GquicHello:
    """A CHLO message."""

    server_name: WireText
    user_agent: WireText
    version: str
    """Q043."""

    satisfied = True

    def names(self) -> Iterator[tuple[str, str]]:
        """(server name, "quic-sni"), where one is shown."""
        if self.server_name:
            yield self.server_name, "quic-sni"


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Payloads with a public header that names its version, and the long header of Q046."""
    begin = heads.bytes
    public = (begin[:, 0] & 0x8B == 0x09) & (heads.length >= 26) & _is_version(begin[:, 9:13])
    long = (begin[:, 0] & 0xC0 == 0xC0) & (heads.length >= 26) & _is_version(begin[:, 1:5])
    either: NDArray[np.bool_] = public | long
    return either


def _is_version(four: NDArray[np.uint8]) -> NDArray[np.bool_]:
    digits = (four[:, 1:] >= ord("0")) & (four[:, 1:] <= ord("9"))
    named: NDArray[np.bool_] = (four[:, 0] == ord("Q")) & (four[:, 1] == ord("0")) & digits.all(axis=1)
    return named


def version(datagram: bytes) -> str:
    """The version that a datagram with a clear hello names; empty: it is none of Google's."""
    at = 1 if datagram[:1] >= b"\xc0" else VERSION_AT
    text = datagram[at : at + 4]
    named = text[:2] == b"Q0" and text[2:].isdigit() and len(text) == 4
    return text.decode() if named and (at == 1 or datagram[0] & 0x8B == 0x09) else ""


def hello(data: bytes, named_version: str) -> GquicHello:
    """The CHLO in clear bytes, wherever in them it begins. Raises ValueError where there is none."""
    begin = data.find(b"CHLO")
    if begin < 0:
        raise ValueError(f"no CHLO in {len(data)} bytes")
    found = dict(_tags(data, begin))
    return GquicHello(display(found.get(b"SNI\0", b"")), display(found.get(b"UAID", b"")), named_version)


def _tags(data: bytes, begin: int) -> Iterator[tuple[bytes, bytes]]:
    """(tag, value) of the entries that are all there. The table gives for each the place behind its value, counted from the end of the table."""
    if begin + 8 > len(data):
        raise ValueError(f"the CHLO at offset {begin} is cut")
    (count,) = struct.unpack_from("<H", data, begin + 4)
    values = begin + 8 + 8 * count
    if count > MOST_TAGS or values > len(data):
        raise ValueError(f"the CHLO at offset {begin} has {count} tags, which do not fit")
    start = 0
    for at in range(begin + 8, values, 8):
        tag, end = struct.unpack_from("<4sI", data, at)
        if end < start:
            raise ValueError(f"the tag at offset {at} ends before it begins")
        if values + end <= len(data):
            yield tag, data[values + start : values + end]
        start = end
