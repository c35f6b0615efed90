"""One address in the form in which every source is asked about it."""

from __future__ import annotations

import socket

MAPPED = 0xFFFF << 32
"""Where IPv4 lies among the 128-bit numbers here: ::ffff:0:0/96 (RFC 4291, 2.5.5.2), so that 0.0.0.1 and ::1 differ."""
_V4_BITS = 0xFFFFFFFF
_NAT64 = 0x64FF9B << 64
"""64:ff9b::/96 without its last 32 bits (RFC 6052, 2.1)."""
_6TO4 = 0x2002
"""2002::/16, the IPv4 address behind it (RFC 3056, 2)."""
_TEREDO = 0x20010000
"""2001::/32, the client's IPv4 address at the end with every bit turned over (RFC 4380, 4)."""


def unwrapped(text: str) -> tuple[str, int]:
    """The address that traffic to `text` is for, as text and number: IPv4 out of mapped, NAT64, 6to4 and Teredo addresses.

    A zone (`%eth0`) is dropped. Raises ValueError when `text` is no address.
    """
    bare = text.partition("%")[0]
    try:
        if ":" not in bare:
            return bare, MAPPED + int.from_bytes(socket.inet_pton(socket.AF_INET, bare))
        number = int.from_bytes(socket.inet_pton(socket.AF_INET6, bare))
    except OSError as error:
        raise ValueError(f"{text!r} is not an address") from error
    inner = _embedded(number)
    return (bare, number) if inner is None else (socket.inet_ntop(socket.AF_INET, inner.to_bytes(4)), MAPPED + inner)


def _embedded(number: int) -> int | None:
    if number >> 32 in (_NAT64, MAPPED >> 32):
        return number & _V4_BITS
    if number >> 112 == _6TO4:
        return number >> 80 & _V4_BITS
    return ~number & _V4_BITS if number >> 96 == _TEREDO else None
