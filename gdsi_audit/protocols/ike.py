"""IKE, the key exchange of IPsec, versions 1 and 2, on its own port or behind the marker of NAT traversal (RFC 7296, RFC 2408, RFC 3948)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of

TRANSPORT = "udp"
EVERY_DATAGRAM = False

HEADER_BYTES = 28
MARKER_BYTES = 4
EXCHANGES = {1: (1, 2, 4, 5, 6, 32, 33), 2: (34, 35, 36, 37, 38, 39, 43, 44)}
"""IANA registries "ISAKMP Exchange Types" and "IKEv2 Exchange Types", by major version."""
LAST_PAYLOAD = {1: 20, 2: 54}


@dataclass(frozen=True, slots=True)
class Ike:
    """The header of a key exchange."""

    version: int
    """1, 2."""
    exchange: int
    """34 is the first of version 2, 2 (main) and 4 (aggressive) are those of version 1."""
    initiator: str
    """Security parameter index in hexadecimal."""
    responder: str
    """All zeros in the first message."""
    marked: bool
    """Behind the marker of NAT traversal: the tunnel's own packets share the ports."""

    satisfied = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A header whose length is that of the datagram, with version, exchange and first payload of one version."""
    return _at(heads, 0) | _at(heads, MARKER_BYTES)


def parse(datagrams: list[bytes], *, from_responder: bool) -> Ike:
    """The header in the first datagram. Raises ValueError where it is none."""
    del from_responder
    data = datagrams[0]
    at = MARKER_BYTES if data[:MARKER_BYTES] == bytes(MARKER_BYTES) else 0
    if len(data) < at + HEADER_BYTES:
        raise ValueError(f"an IKE header has {HEADER_BYTES} bytes, here are {len(data) - at} at offset {at}")
    payload, version, exchange, _, _, length = struct.unpack_from(">BBBBII", data, at + 16)
    major = version >> 4
    if exchange not in EXCHANGES.get(major, ()) or payload > LAST_PAYLOAD[major] or length != len(data) - at:
        raise ValueError(f"no IKE header at offset {at}: version {major}, exchange {exchange}, length {length}")
    return Ike(major, exchange, data[at : at + 8].hex(), data[at + 8 : at + 16].hex(), at > 0)


def _at(heads: Heads, at: int) -> NDArray[np.bool_]:
    if at + HEADER_BYTES > heads.bytes.shape[1]:
        return np.zeros(heads.length.size, np.bool_)
    begin = heads.bytes.astype(np.int64)
    length = begin[:, at + 24] << 24 | begin[:, at + 25] << 16 | begin[:, at + 26] << 8 | begin[:, at + 27]
    marked = ~heads.bytes[:, :at].any(axis=1) if at else np.ones(len(begin), np.bool_)
    shaped = (length == heads.length - at) & (length >= HEADER_BYTES) & heads.bytes[:, at : at + 8].any(axis=1)
    found = np.zeros(len(begin), np.bool_)
    for major, exchanges in EXCHANGES.items():
        fits = (begin[:, at + 17] == major << 4) & (begin[:, at + 16] <= LAST_PAYLOAD[major])
        found |= fits & is_one_of(begin[:, at + 18], exchanges)
    return np.asarray(found & marked & shaped, np.bool_)
