"""Router advertisements: which prefixes and resolvers a network offers (RFC 4861 §4.2, RFC 8106). Data begins with the ICMPv6 type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._dns_names import read_name
from gdsi_audit.wire_text import WireText

TRANSPORT = "icmp6"
EVERY_DATAGRAM = True

TYPE = 134
HEADER_BYTES = 16
SOURCE_MAC, PREFIX, RESOLVERS, DOMAINS = 1, 3, 25, 31


@dataclass(frozen=True, slots=True)
class RouterAdvertisement:
    """One advertisement; lifetimes in seconds."""

    lifetime_s: int
    """As default router; 0: it is none."""
    managed: bool
    """Addresses come by DHCPv6."""
    other: bool
    """Other settings come by DHCPv6."""
    router_mac: int
    """0: not given."""
    prefixes: tuple[str, ...]
    resolvers: tuple[tuple[str, int], ...]
    """(address, lifetime in seconds) of each."""
    domains: tuple[WireText, ...]


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """By ICMPv6 type, code and length."""
    found: NDArray[np.bool_] = (heads.bytes[:, 0] == TYPE) & (heads.bytes[:, 1] == 0) & (heads.length >= HEADER_BYTES)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> RouterAdvertisement:
    """The advertisement in the first datagram. Raises ValueError where an option is not whole."""
    del from_responder
    data = datagrams[0]
    if len(data) < HEADER_BYTES or data[0] != TYPE:
        raise ValueError(f"no router advertisement: type {data[:1].hex()} at offset 0, {len(data)} bytes")
    options = list(_options(data))
    return RouterAdvertisement(
        lifetime_s=int.from_bytes(data[6:8]),
        managed=bool(data[5] & 0x80),
        other=bool(data[5] & 0x40),
        router_mac=next((int.from_bytes(option[2:8]) for option in options if option[0] == SOURCE_MAC), 0),
        prefixes=tuple(f"{IPv6Address(option[16:32])}/{option[2]}" for option in options if option[0] == PREFIX and len(option) == 32),
        resolvers=tuple(resolver for option in options if option[0] == RESOLVERS for resolver in _resolvers(option)),
        domains=tuple(name for option in options if option[0] == DOMAINS for name in _domains(option)),
    )


def _options(data: bytes) -> Iterator[bytes]:
    position = HEADER_BYTES
    while position < len(data):
        behind = position + 8 * int.from_bytes(data[position + 1 : position + 2])
        if behind == position or behind > len(data):
            raise ValueError(f"an option without length or over the end at offset {position}")
        yield data[position:behind]
        position = behind


def _resolvers(option: bytes) -> Iterator[tuple[str, int]]:
    lifetime_s = int.from_bytes(option[4:8])
    return ((str(IPv6Address(option[place : place + 16])), lifetime_s) for place in range(8, len(option) - 15, 16))


def _domains(option: bytes) -> Iterator[WireText]:
    position = 8
    while position < len(option) and option[position]:
        name, position = read_name(option, position)
        yield name
