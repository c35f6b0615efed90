"""STUN and TURN over datagrams (RFC 8489, RFC 8656), and classic STUN (RFC 3489) where its shape leaves no doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "udp"
EVERY_DATAGRAM = True

HEADER_BYTES = 20
COOKIE = b"\x21\x12\xa4\x42"
CLASSIC_TYPES = (0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112)
CLASSIC_ATTRIBUTES = (*range(1, 12), 0x8020, 0x8022)
BINDING, ALLOCATE, SEND, DATA = 1, 3, 6, 7
"""Methods (RFC 8489 section 18.2, RFC 8656 section 17)."""
MAPPED, USERNAME, ERROR_CODE, XOR_PEER, REALM, XOR_RELAYED, XOR_MAPPED, SOFTWARE = 1, 6, 9, 0x12, 0x14, 0x16, 0x20, 0x8022


@dataclass(frozen=True, slots=True)
class StunMessage:
    """Transport addresses are (address, port)."""

    method: int
    """1 binding, 3 allocate, 4 refresh, 6 send, 7 data, 8 create permission, 9 channel bind."""
    message_class: int
    """0 request, 1 indication, 2 success, 3 error."""
    classic: bool
    """Without the magic cookie (RFC 3489)."""
    transaction: WireText
    """Hexadecimal digits."""
    software: WireText
    username: WireText
    realm: WireText
    error_code: int
    """0: none."""
    mapped: tuple[tuple[str, int], ...]
    """The sender's address as the server sees it."""
    peers: tuple[tuple[str, int], ...]
    """The far ends that a relay is asked to reach, or heard from."""
    relayed: tuple[tuple[str, int], ...]
    """The relay's address that stands for the client."""
    attributes: tuple[tuple[int, int], ...]
    """(type, bytes) of each."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """The cookie and a length that fits; without cookie, a classic type, the exact length and a first attribute that is known or all there is."""
    kind, size, attribute, attribute_bytes = (heads.bytes[:, place].astype(np.int32) << 8 | heads.bytes[:, place + 1] for place in (0, 2, 20, 22))
    whole = (heads.length == size + HEADER_BYTES) & (size % 4 == 0)
    cookie = (heads.bytes[:, 4:8] == np.frombuffer(COOKIE, np.uint8)).all(axis=1)
    behind_first = attribute_bytes + 4
    first_fits = (behind_first == size) | (is_one_of(attribute, CLASSIC_ATTRIBUTES) & (behind_first < size))
    classic = is_one_of(kind, CLASSIC_TYPES) & ((size == 0) | first_fits) & heads.bytes[:, 4:20].any(axis=1)
    found: NDArray[np.bool_] = whole & (kind < 0x4000) & (cookie | classic)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> StunMessage:
    """The message in the first datagram. Raises ValueError where the header or an attribute is not whole."""
    del from_responder
    return parse_message(datagrams[0])


def parse_message(data: bytes) -> StunMessage:
    """The message that `data` is, exactly. Raises ValueError."""
    kind, size = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
    if len(data) < HEADER_BYTES or kind >= 0x4000 or len(data) != size + HEADER_BYTES:
        raise ValueError(f"no STUN header at offset 0: type {kind:#06x}, length {size}, {len(data)} bytes")
    attributes = list(_attributes(data))
    first = dict(reversed(attributes))
    error = first.get(ERROR_CODE, b"")
    return StunMessage(
        method=kind & 0xF | kind >> 1 & 0x70 | kind >> 2 & 0xF80,
        message_class=kind >> 4 & 1 | kind >> 7 & 2,
        classic=data[4:8] != COOKIE,
        transaction=WireText(data[8:20].hex() if data[4:8] == COOKIE else data[4:20].hex()),
        software=display(first.get(SOFTWARE, b"").rstrip(b"\0")),
        username=display(first.get(USERNAME, b"")),
        realm=display(first.get(REALM, b"")),
        error_code=(error[2] & 7) * 100 + error[3] if len(error) >= 4 else 0,
        mapped=_addresses(attributes, data, {XOR_MAPPED: True, MAPPED: False}),
        peers=_addresses(attributes, data, {XOR_PEER: True}),
        relayed=_addresses(attributes, data, {XOR_RELAYED: True}),
        attributes=tuple((code, len(value)) for code, value in attributes),
    )


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = HEADER_BYTES
    while position < len(data):
        behind = position + 4 + int.from_bytes(data[position + 2 : position + 4])
        if position + 4 > len(data) or behind > len(data):
            raise ValueError(f"an attribute runs over the end at offset {position}")
        yield int.from_bytes(data[position : position + 2]), data[position + 4 : behind]
        position = behind + -(behind - position) % 4


def _addresses(attributes: list[tuple[int, bytes]], data: bytes, is_masked: dict[int, bool]) -> tuple[tuple[str, int], ...]:
    """Of the attributes wanted, those of a known family; a masked one is XORed with cookie and transaction (RFC 8489 §14.2)."""
    found = []
    for code, value in attributes:
        size = {1: 4, 2: 16}.get(value[1]) if len(value) >= 2 else None
        if code not in is_masked or size is None or len(value) != 4 + size:
            continue
        mask = data[4:8] + data[8:20] if is_masked[code] else bytes(16)
        address = bytes(byte ^ key for byte, key in zip(value[4:], mask, strict=False))
        found.append((str(ip_address(address)), int.from_bytes(value[2:4]) ^ int.from_bytes(mask[:2])))
    return tuple(found)
