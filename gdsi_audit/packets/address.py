"""Addresses as two 64-bit halves, and their text.

An IPv6 address is its big-endian value cut in two; an IPv4 address is held v4-mapped (RFC 4291 section 2.5.5.2): hi 0, lo 0xffff00000000 | address.
"""

from __future__ import annotations

import ipaddress
import socket

import numpy as np
from numpy.typing import NDArray

MAPPED = 0xFFFF_0000_0000
"""Lower half of an IPv4 address, without the address."""


def text(hi: int, lo: int) -> str:
    """The address as people write it: dotted quad for a v4-mapped one, else RFC 5952."""
    if hi == 0 and lo >> 32 == MAPPED >> 32:
        return socket.inet_ntop(socket.AF_INET, (lo & 0xFFFF_FFFF).to_bytes(4, "big"))
    if hi == 0:
        # The operating system writes some of these with an embedded dotted quad.
        return str(ipaddress.IPv6Address(lo))
    return socket.inet_ntop(socket.AF_INET6, ((hi << 64) | lo).to_bytes(16, "big"))


def texts(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.object_]:
    """`text` of each pair; shape (n,). Each distinct address is rendered once."""
    pairs = np.empty(len(hi), dtype=[("hi", "u8"), ("lo", "u8")])
    pairs["hi"], pairs["lo"] = hi, lo
    distinct, place = np.unique(pairs, return_inverse=True)
    rendered = np.empty(len(distinct), dtype=object)
    rendered[:] = [text(int(pair["hi"]), int(pair["lo"])) for pair in distinct]
    return rendered[place]


def value(text: str) -> tuple[int, int]:
    """The halves of an address in text form; an IPv6 zone is refused. Raises ValueError."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return 0, MAPPED | int(address)
    if address.scope_id is not None:
        raise ValueError(f"{text!r} has a zone, which no packet carries")
    return int(address) >> 64, int(address) & 0xFFFF_FFFF_FFFF_FFFF


def mac_text(mac: int) -> str:
    """48 bits as six colon-separated pairs of lower-case digits."""
    return mac.to_bytes(6, "big").hex(":")


def mac_value(text: str) -> int:
    """48 bits of a MAC in text form, separated by colons, dashes, dots or nothing. Raises ValueError."""
    digits = text.translate(str.maketrans("", "", ":-."))
    if len(digits) != 12:
        raise ValueError(f"{text!r} is not a MAC address: it takes twelve hexadecimal digits")
    return int(digits, 16)
