"""L2TP versions 2 and 3 over datagrams: control messages, which open and keep a tunnel (RFC 2661, RFC 3931)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads

TRANSPORT = "udp"
EVERY_DATAGRAM = False

CONTROL = 0xC8
"""A control message with its length and sequence numbers, as all have."""
HEADER_BYTES = 12
LAST_MESSAGE = 28
MESSAGE_TYPE = b"\x80\x08\x00\x00\x00\x00\x00"
"""The attribute that comes first: mandatory, eight bytes, nobody's own."""


@dataclass(frozen=True, slots=True)
class L2tpControl:
    """A control message."""

    version: int
    message: int
    """1 asks for a tunnel, 2 grants it, 3 confirms; 0: an acknowledgement."""
    tunnel: int

    satisfied = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A control header whose length is that of the datagram, with the attribute that must come first."""
    begin = heads.bytes.astype(np.int32)
    length = begin[:, 2] << 8 | begin[:, 3]
    typed = (heads.bytes[:, HEADER_BYTES : HEADER_BYTES + len(MESSAGE_TYPE)] == np.frombuffer(MESSAGE_TYPE, np.uint8)).all(axis=1)
    typed &= (begin[:, 19] >= 1) & (begin[:, 19] <= LAST_MESSAGE)
    versions = (begin[:, 1] == 2) | (begin[:, 1] == 3)
    found: NDArray[np.bool_] = (begin[:, 0] == CONTROL) & versions & (length == heads.length) & (length >= HEADER_BYTES + 8) & typed
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> L2tpControl:
    """The control message in the first datagram. Raises ValueError where there is none."""
    del from_responder
    data = datagrams[0]
    if len(data) < HEADER_BYTES or data[0] != CONTROL or data[1] not in (2, 3) or int.from_bytes(data[2:4]) != len(data):
        raise ValueError(f"no L2TP control message at offset 0 of {len(data)} bytes")
    attribute = data[HEADER_BYTES : HEADER_BYTES + 8]
    if attribute and (len(attribute) < 8 or not attribute.startswith(MESSAGE_TYPE)):
        raise ValueError(f"no message type at offset {HEADER_BYTES}")
    tunnel = struct.unpack_from(">H", data, 4)[0] if data[1] == 2 else struct.unpack_from(">I", data, 4)[0]
    return L2tpControl(data[1], attribute[7] if attribute else 0, tunnel)
