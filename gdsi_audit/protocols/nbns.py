"""NetBIOS name service: hosts ask for, announce and defend their names (RFC 1001 §14, RFC 1002 §4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "udp"
EVERY_DATAGRAM = True

PORT = 137
HEADER_BYTES = 12
ENCODED_BYTES = 32
QUERY = 0
NAME_BEHIND_BYTES = 38
TYPE_NB, TYPE_NBSTAT = 0x20, 0x21
STATUS_NAME_BYTES = 18


@dataclass(frozen=True, slots=True)
class NbnsMessage:
    """One message: of its records the first is read."""

    id: int
    response: bool
    opcode: int
    """0 query, 5 registration, 6 release, 7 wait, 8 or 9 refresh."""
    rcode: int
    name: WireText
    """Padding gone; `*`: any."""
    suffix: int
    """Sixteenth byte: the service (0x00 workstation, 0x20 file server, 0x1c domain controllers …)."""
    addresses: tuple[str, ...]
    """Given or claimed for the name."""
    host_names: tuple[WireText, ...]
    """Names in a status response."""

    def hosts(self) -> Iterator[tuple[WireText, str]]:
        """(name, its address) that a response gives or a registration claims."""
        if self.response or self.opcode != QUERY:
            yield from ((self.name, address) for address in self.addresses)


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """On port 137, with a first-level encoded name (letters A to P) at offset 12."""
    at_port = (heads.orig_port == PORT) | (heads.resp_port == PORT)
    letters = heads.bytes[:, 13:]
    encoded = (heads.bytes[:, 12] == ENCODED_BYTES) & ((letters >= 0x41) & (letters <= 0x50)).all(axis=1)
    found: NDArray[np.bool_] = at_port & encoded & (heads.length >= HEADER_BYTES + NAME_BEHIND_BYTES)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> NbnsMessage:
    """The message in the first datagram. Raises ValueError where it has no NetBIOS name or is not whole."""
    del from_responder
    data = datagrams[0]
    flags, questions = int.from_bytes(data[2:4]), int.from_bytes(data[4:6])
    records = sum(int.from_bytes(data[place : place + 2]) for place in (6, 8, 10))
    name, position = _name(data, HEADER_BYTES)
    if questions:
        position = _name(data, position + 4)[1] if records else position + 4
    elif not records:
        raise ValueError("neither a question nor a record at offset 4")
    rtype, value = _record(data, position) if records else (0, b"")
    return NbnsMessage(
        id=int.from_bytes(data[:2]),
        response=bool(flags & 0x8000),
        opcode=flags >> 11 & 15,
        rcode=flags & 15,
        name=display(name[:15].rstrip(b" \0")),
        suffix=name[15],
        addresses=tuple(str(IPv4Address(value[place : place + 4])) for place in range(2, len(value) - 3, 6)) if rtype == TYPE_NB else (),
        host_names=_status_names(value) if rtype == TYPE_NBSTAT else (),
    )


def _name(data: bytes, position: int) -> tuple[bytes, int]:
    """The sixteen decoded bytes, and the offset behind the name and its scope; a pointer means the first name."""
    if position > HEADER_BYTES and data[position : position + 1] >= b"\xc0":
        return _name(data, HEADER_BYTES)[0], position + 2
    encoded = data[position + 1 : position + 1 + ENCODED_BYTES]
    if data[position : position + 1] != bytes([ENCODED_BYTES]) or len(encoded) < ENCODED_BYTES or not all(0x41 <= byte <= 0x50 for byte in encoded):
        raise ValueError(f"no NetBIOS name at offset {position}")
    position += 1 + ENCODED_BYTES
    while data[position : position + 1] not in (b"\0", b""):
        position += 1 + data[position]
    return bytes((high - 0x41) << 4 | low - 0x41 for high, low in zip(encoded[::2], encoded[1::2], strict=True)), position + 1


def _record(data: bytes, position: int) -> tuple[int, bytes]:
    """Type and data of the record whose fixed part begins at `position`."""
    start = position + 10
    stop = start + int.from_bytes(data[position + 8 : start])
    if max(start, stop) > len(data):
        raise ValueError(f"a record runs over the end at offset {position}")
    return int.from_bytes(data[position : position + 2]), data[start:stop]


def _status_names(value: bytes) -> tuple[WireText, ...]:
    rows = (value[place : place + 15] for place in range(1, 1 + STATUS_NAME_BYTES * value[0], STATUS_NAME_BYTES)) if value else ()
    return tuple(display(row.rstrip(b" \0")) for row in rows if len(row) == 15)
