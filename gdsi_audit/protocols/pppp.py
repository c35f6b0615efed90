"""PPPP: how many cameras register with a vendor's servers, find viewers through them, and reach these directly or over a relay (CS2, iLnkP2P).

The protocol is not documented by its makers; message numbers are those that free implementations agree on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of

TRANSPORT = "udp"
EVERY_DATAGRAM = False

MAGIC = 0xF1
HEADER_BYTES = 4
SCRAMBLED_SEARCH = bytes.fromhex("2cba5f5d")
"""A search of the local network as one widespread variant scrambles it; its other messages cannot be told from noise."""
KINDS = {
    0x00: "hello", 0x01: "hello answered", 0x02: "hello passed on", 0x08: "query", 0x09: "query answered", 0x10: "log-in", 0x11: "log-in answered",
    0x12: "log-in", 0x13: "log-in answered", 0x14: "log-in", 0x15: "log-in answered", 0x16: "log-in", 0x18: "presence asked", 0x19: "presence told",
    0x20: "connection asked", 0x21: "connection answered", 0x26: "connection asked", 0x30: "local search", 0x31: "local answer", 0x32: "local search",
    0x40: "punch ordered", 0x41: "punch", 0x42: "ready", 0x43: "ready", 0x60: "relay log-in", 0x61: "relay log-in answered", 0x67: "relays asked",
    0x68: "relays asked", 0x69: "relays told", 0x6A: "relays asked", 0x70: "relay hello", 0x71: "relay hello answered", 0x72: "relay port",
    0x73: "relay port told", 0x74: "relay port", 0x75: "relay port told", 0x78: "relay bytes", 0x80: "relay asked", 0x81: "relay answered",
    0x82: "relay ordered", 0x83: "relayed", 0x84: "relay ready", 0xD0: "data", 0xD1: "data acknowledged", 0xE0: "alive", 0xE1: "alive answered",
    0xF0: "close", 0xF1: "close",
}  # fmt: skip
RELAY_KINDS = frozenset(range(0x60, 0x90))
LOCAL_KINDS = frozenset({0x30, 0x31, 0x32})


@dataclass(frozen=True, slots=True)
class PpppMessage:
    """The header of one message."""

    kind: int
    """Message number; -1: scrambled."""
    name: str
    """One of KINDS' words."""
    payload_bytes: int

    @property
    def relays(self) -> bool:
        """Whether it speaks of a relay."""
        return self.kind in RELAY_KINDS

    @property
    def satisfied(self) -> bool:
        """What follows data is more data."""
        return self.kind in (0xD0, 0xD1)


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """The mark, a known message and the exact length; or the one scrambled message that is known."""
    size = heads.bytes[:, 2].astype(np.int32) << 8 | heads.bytes[:, 3]
    plain = (heads.bytes[:, 0] == MAGIC) & (heads.length == size + HEADER_BYTES) & is_one_of(heads.bytes[:, 1], KINDS)
    scrambled = (heads.length == len(SCRAMBLED_SEARCH)) & (heads.bytes[:, :4] == np.frombuffer(SCRAMBLED_SEARCH, np.uint8)).all(axis=1)
    found: NDArray[np.bool_] = plain | scrambled
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> PpppMessage:
    """The message in the last datagram. Raises ValueError for a mark, number or length that cannot be."""
    del from_responder
    data = datagrams[-1]
    if data == SCRAMBLED_SEARCH:
        return PpppMessage(-1, "local search, scrambled", 0)
    if len(data) < HEADER_BYTES or data[0] != MAGIC or data[1] not in KINDS or int.from_bytes(data[2:4]) != len(data) - HEADER_BYTES:
        raise ValueError("no PPPP message at offset 0")
    return PpppMessage(data[1], KINDS[data[1]], len(data) - HEADER_BYTES)
