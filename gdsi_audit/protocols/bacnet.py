"""BACnet over IP: building controllers read, write and command each other (ASHRAE 135, annex J)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._industrial import Operation

TRANSPORT = "udp"
EVERY_DATAGRAM = True
HAS_ROUTINE = True
"""Bodies say whether they are `routine`, so that few of those are kept."""

LINK = 0x81
FORWARDED = 0x04
CARRIES_NETWORK = (FORWARDED, 0x09, 0x0A, 0x0B)
LINK_FUNCTIONS = range(0x0D)
NETWORK_VERSION = 1
NETWORK_MESSAGE, HAS_DESTINATION, HAS_SOURCE = 0x80, 0x20, 0x08
CONFIRMED, UNCONFIRMED = 0, 1
SEGMENTED = 0x08
CONFIRMED_SERVICES = {
    0: "acknowledge alarm", 5: "subscribe to changes", 6: "read file", 7: "write file", 8: "add list element", 9: "remove list element",
    10: "create object", 11: "delete object", 12: "read property", 14: "read properties", 15: "write property", 16: "write properties",
    17: "control communication", 18: "private transfer", 20: "reinitialise device", 26: "read range",
}  # fmt: skip
UNCONFIRMED_SERVICES = {
    0: "I am", 1: "I have", 2: "change of value", 4: "private transfer", 6: "time synchronisation", 7: "who has", 8: "who is", 10: "write group",
}  # fmt: skip
CHANGES = frozenset({7, 8, 9, 10, 11, 15, 16, 17, 20})
WRITE_GROUP = 10


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """The link type, a function of it, the exact length and, where it carries one, the version of the network layer."""
    size = heads.bytes[:, 2].astype(np.int32) << 8 | heads.bytes[:, 3]
    function = heads.bytes[:, 1]
    linked = (heads.bytes[:, 0] == LINK) & (function < len(LINK_FUNCTIONS)) & (size == heads.length) & (size >= 4)
    place = np.where(function == FORWARDED, 10, 4)
    version = heads.bytes[np.arange(heads.length.size), place]
    found: NDArray[np.bool_] = linked & (~is_one_of(function, CARRIES_NETWORK) | (version == NETWORK_VERSION))
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> Operation:
    """The message in the first datagram. Raises ValueError where a layer is not whole."""
    del from_responder
    data = datagrams[0]
    if len(data) < 4 or data[0] != LINK or int.from_bytes(data[2:4]) != len(data):
        raise ValueError("no BACnet link header at offset 0")
    if data[1] not in CARRIES_NETWORK:
        return Operation(f"link function {data[1]}", data[1], "", False, False)
    begin = 10 if data[1] == FORWARDED else 4
    at, target = _behind_network(data, begin)
    return Operation("network message", -1, target, False, False) if at < 0 else _service(data, at, target)


def _behind_network(data: bytes, begin: int) -> tuple[int, str]:
    """(offset of the application layer, -1: none; network that the message is for)."""
    if len(data) < begin + 2 or data[begin] != NETWORK_VERSION:
        raise ValueError(f"no BACnet network header at offset {begin}")
    control, at, target = data[begin + 1], begin + 2, ""
    for bit in (HAS_DESTINATION, HAS_SOURCE):
        if control & bit:
            if len(data) < at + 3:
                raise ValueError(f"a network address runs over the end at offset {at}")
            target = target or (f"network {int.from_bytes(data[at : at + 2])}" if bit == HAS_DESTINATION else "")
            at += 3 + data[at + 2]
    at += bool(control & HAS_DESTINATION)
    if at >= len(data):
        raise ValueError(f"the network layer ends at offset {len(data)}")
    return (-1 if control & NETWORK_MESSAGE else at), target


def _service(data: bytes, at: int, target: str) -> Operation:
    kind = data[at] >> 4
    if kind not in (CONFIRMED, UNCONFIRMED):
        return Operation("answer", -1, target, False, False)
    place = at + (1 if kind == UNCONFIRMED else 5 if data[at] & SEGMENTED else 3)
    if place >= len(data):
        raise ValueError(f"no service behind the header at offset {at}")
    code = data[place]
    if kind == UNCONFIRMED:
        return Operation(UNCONFIRMED_SERVICES.get(code, f"service {code}"), code, target, True, code == WRITE_GROUP)
    return Operation(CONFIRMED_SERVICES.get(code, f"service {code}"), code, target, True, code in CHANGES)
