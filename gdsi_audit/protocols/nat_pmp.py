"""NAT-PMP: a host asks its router for the outer address, or to open a port (RFC 6886)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of

TRANSPORT = "udp"
EVERY_DATAGRAM = True

PORT = 5351
VERSION = 0
ANSWER = 0x80
ADDRESS, MAP_UDP, MAP_TCP = 0, 1, 2
BYTES = {ADDRESS: 2, MAP_UDP: 12, MAP_TCP: 12, ANSWER | ADDRESS: 12, ANSWER | MAP_UDP: 16, ANSWER | MAP_TCP: 16}
"""Of each operation."""


@dataclass(frozen=True, slots=True)
class NatPmpMessage:
    """A request or an answer."""

    response: bool
    operation: int
    """0 outer address, 1 map UDP, 2 map TCP."""
    result: int
    """0: granted; of a response."""
    internal_port: int
    external_port: int
    """Wanted or given; 0: none."""
    lifetime_s: int
    """0 in a request: the mapping is given back."""
    external_address: str
    """Of an answer about the outer address."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """On port 5351, by version, operation and exact length; the reserved bytes of a request are zero."""
    at_port = (heads.orig_port == PORT) | (heads.resp_port == PORT)
    operation = heads.bytes[:, 1]
    size = np.zeros(heads.length.size, np.int32)
    for code, count in BYTES.items():
        size[operation == code] = count
    reserved = is_one_of(operation, (MAP_UDP, MAP_TCP)) & heads.bytes[:, 2:4].any(axis=1)
    found: NDArray[np.bool_] = at_port & (heads.bytes[:, 0] == VERSION) & (heads.length == size) & ~reserved
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> NatPmpMessage:
    """The message in the first datagram. Raises ValueError for another version, operation or length."""
    del from_responder
    data = datagrams[0]
    if len(data) < 2 or data[0] != VERSION or len(data) != BYTES.get(data[1], 0):
        raise ValueError("no NAT-PMP message at offset 0")
    response, operation = bool(data[1] & ANSWER), data[1] & 0x7F
    result = int.from_bytes(data[2:4]) if response else 0
    if operation == ADDRESS:
        return NatPmpMessage(response, operation, result, 0, 0, 0, str(IPv4Address(data[8:12])) if response else "")
    place = 8 if response else 4
    internal, external, lifetime_s = (
        int.from_bytes(data[begin:end]) for begin, end in ((place, place + 2), (place + 2, place + 4), (place + 4, None))
    )
    return NatPmpMessage(response, operation, result, internal, external, lifetime_s, "")
