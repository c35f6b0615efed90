"""One address in the form in which every source is asked about it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

MAPPED = 0xFFFF << 32
"""Where IPv4 lies among the 128-bit numbers here: ::ffff:0:0/96 (RFC 4291, 2.5.5.2), so that 0.0.0.1 and ::1 differ."""
TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64's well-known prefix (RFC 6052, 2.1): the last 32 bits are the IPv4 address that is meant."""


def unwrapped(text: str) -> IPv4Address | IPv6Address:
    """The address that traffic to `text` is for: IPv4 out of mapped, NAT64 and 6to4 addresses, and the *client* of a Teredo one.

    A zone (`%eth0`) is dropped. Raises ValueError when `text` is no address.
    """
    address = ip_address(text.partition("%")[0])
    return address if isinstance(address, IPv4Address) else _embedded(address) or address


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def number(address: IPv4Address | IPv6Address) -> int:
    """`address` among 128-bit numbers, IPv4 in its mapped place."""
    return int(address) + MAPPED if address.version == 4 else int(address)
