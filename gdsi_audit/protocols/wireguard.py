"""WireGuard (Donenfeld, NDSS 2017, section 5.4): handshakes by their fixed sizes, and data whose handshake was not captured by its counters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of

TRANSPORT = "udp"
EVERY_DATAGRAM = False

INITIATION, RESPONSE, COOKIE, DATA = 1, 2, 3, 4
SIZES = {INITIATION: 148, RESPONSE: 92, COOKIE: 64}
SMALLEST_DATA_BYTES = 32
BLOCK_BYTES = 16
COUNTER_BYTES = slice(8, 16)
DATAGRAMS_THAT_SHOW = 4
"""Data has no mark but a kind, a receiver and a counter: as many datagrams in a row have to agree on them."""


@dataclass(frozen=True, slots=True)
class WireGuard:
    """What the first datagrams of one side show."""

    kind: int
    """1 initiation, 2 response, 3 cookie reply, 4 data."""
    receiver: str
    """Index of the receiver in hexadecimal; empty in an initiation, where it is not known yet."""

    satisfied = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Handshakes of their exact size with both key fields filled, and data in whole blocks with a counter that has not run for centuries."""
    begin = heads.bytes
    kind = begin[:, 0]
    plain = ~begin[:, 1:4].any(axis=1) & begin[:, 4:8].any(axis=1)
    sized = np.zeros(len(begin), np.bool_)
    for number, size in SIZES.items():
        sized |= (kind == number) & (heads.length == size)
    filled = (begin[:, 8:32] != 0).sum(axis=1) >= 16
    data = (kind == DATA) & (heads.length >= SMALLEST_DATA_BYTES) & (heads.length % BLOCK_BYTES == 0) & ~begin[:, 13:16].any(axis=1)
    found: NDArray[np.bool_] = plain & is_one_of(kind, (INITIATION, RESPONSE, COOKIE, DATA)) & ((sized & filled) | data)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> WireGuard | NeedMore:
    """What the datagrams of one direction, in the order captured, show. Raises ValueError where the first is none of the four kinds."""
    del from_responder
    first = datagrams[0]
    kind = int.from_bytes(first[:4], "little")
    if kind in SIZES and len(first) == SIZES[kind]:
        return WireGuard(kind, "" if kind == INITIATION else _receiver(first, kind))
    if not _is_data(first):
        raise ValueError(f"no WireGuard message at offset 0 of {len(first)} bytes")
    if len(datagrams) < DATAGRAMS_THAT_SHOW:
        return NEED_MORE
    shown = datagrams[:DATAGRAMS_THAT_SHOW]
    counters = [int.from_bytes(datagram[COUNTER_BYTES], "little") for datagram in shown]
    agree = all(_is_data(datagram) and datagram[4:8] == first[4:8] for datagram in shown)
    if agree and len(set(counters)) == len(counters) and max(counters) - min(counters) < 64 * DATAGRAMS_THAT_SHOW:
        return WireGuard(DATA, _receiver(first, DATA))
    return NEED_MORE


def _is_data(datagram: bytes) -> bool:
    whole = len(datagram) >= SMALLEST_DATA_BYTES and len(datagram) % BLOCK_BYTES == 0
    return whole and datagram[:4] == bytes([DATA, 0, 0, 0]) and not any(datagram[13:16])


def _receiver(datagram: bytes, kind: int) -> str:
    """A response names its sender first."""
    at = 8 if kind == RESPONSE else 4
    return datagram[at : at + 4][::-1].hex()
