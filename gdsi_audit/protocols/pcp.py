"""PCP: a host asks its router to open a port, or to keep a path to a peer open (RFC 6887)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads

TRANSPORT = "udp"
EVERY_DATAGRAM = True

PORT = 5351
VERSION = 2
ANSWER = 0x80
HEADER_BYTES, MAP_BYTES, PEER_BYTES, LONGEST_BYTES = 24, 36, 56, 1100
ANNOUNCE, MAP, PEER = 0, 1, 2
BODY_BYTES = {ANNOUNCE: 0, MAP: MAP_BYTES, PEER: PEER_BYTES}


@dataclass(frozen=True, slots=True)
class PcpMessage:
    """A request or an answer; its options are left out."""

    response: bool
    operation: int
    """0 announce, 1 map, 2 peer."""
    result: int
    """0: granted; of a response."""
    lifetime_s: int
    """0 in a request: the mapping is given back."""
    protocol: int
    """IP protocol number; 0: all."""
    internal_port: int
    external_port: int
    """Wanted or given; 0: any."""
    external_address: str
    remote_port: int
    """Of peer; else 0."""
    remote_address: str
    """Of peer; else empty."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """On port 5351, by version, operation and a length that holds it."""
    at_port = (heads.orig_port == PORT) | (heads.resp_port == PORT)
    operation = heads.bytes[:, 1] & 0x7F
    least = HEADER_BYTES + np.select([operation == MAP, operation == PEER], [MAP_BYTES, PEER_BYTES], 0)
    sized = (heads.length >= least) & (heads.length <= LONGEST_BYTES) & (heads.length % 4 == 0)
    found: NDArray[np.bool_] = at_port & (heads.bytes[:, 0] == VERSION) & (operation <= PEER) & sized
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> PcpMessage:
    """The message in the first datagram. Raises ValueError for another version or operation, or where it is not whole."""
    del from_responder
    data = datagrams[0]
    operation = data[1] & 0x7F if len(data) >= HEADER_BYTES else -1
    if operation not in BODY_BYTES or data[0] != VERSION or len(data) < HEADER_BYTES + BODY_BYTES[operation]:
        raise ValueError("no PCP message at offset 0")
    response = bool(data[1] & ANSWER)
    body = data[HEADER_BYTES:]
    maps, peers = operation in (MAP, PEER), operation == PEER
    return PcpMessage(
        response=response,
        operation=operation,
        result=data[3] if response else 0,
        lifetime_s=int.from_bytes(data[4:8]),
        protocol=body[12] if maps else 0,
        internal_port=int.from_bytes(body[16:18]) if maps else 0,
        external_port=int.from_bytes(body[18:20]) if maps else 0,
        external_address=_address(body[20:36]) if maps else "",
        remote_port=int.from_bytes(body[36:38]) if peers else 0,
        remote_address=_address(body[40:56]) if peers else "",
    )


def _address(data: bytes) -> str:
    """IPv4 stands in it as an IPv4-mapped address (RFC 6887 section 5)."""
    address = IPv6Address(data)
    return str(address.ipv4_mapped or address)
