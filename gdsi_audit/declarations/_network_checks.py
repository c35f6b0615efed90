"""Checks of values in the network's terms: addresses, ports, names, filters."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

from gdsi_audit import filters
from gdsi_audit.declarations._checks import Wrong, filled, several, text, whole_between, word_of
from gdsi_audit.naming import names
from gdsi_audit.packets import transport_words

HIGHEST_PORT = 65_535

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{2}(-[0-9a-f]{2}){5}")

_NETWORK = re.compile(r"[0-9a-fA-F:.]+(/\d{1,3})?", re.ASCII)

_BROADCAST = IPv4Address("255.255.255.255")

port = whole_between(1, HIGHEST_PORT)


def transport(value: object) -> str:
    """The word of an IP protocol, by which flows are known too: `ip-6` is tcp."""
    found = re.fullmatch(r"ip-(25[0-4]|2[0-4]\d|1\d\d|[1-9]?\d)", text(value), re.ASCII)
    return transport_words.WORDS[int(found[1])] if found else str(word_of(*transport_words.NUMBERS)(value))


def ports(value: object) -> tuple[tuple[int, int], ...]:
    """A list of ports and "a-b" ranges, as inclusive pairs."""
    return tuple(several(_port_range)(value))


def _port_range(value: object) -> tuple[int, int]:
    if not isinstance(value, str):
        return port(value), port(value)
    found = re.fullmatch(r"(\d{1,5})\s*-\s*(\d{1,5})", value, re.ASCII)
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= HIGHEST_PORT:
        raise Wrong(f'must be a port or a range such as "8000-8100", not "{value[:60]}"')
    return int(found[1]), int(found[2])


def address(value: object) -> str:
    """An address without a zone; one that is IPv4 in IPv6's clothes becomes IPv4, as packets show it."""
    found = network(value)
    if found.num_addresses != 1:
        raise Wrong(f'has "{text(value)[:60]}", which is a prefix and no address')
    return str(found.network_address)


def own_address(value: object) -> str:
    """An address that one host may have for itself."""
    found = ip_address(address(value))
    if found.is_multicast or found.is_unspecified or found == _BROADCAST:
        raise Wrong(f'has "{found}", which is no single host\'s address')
    return str(found)


def network(value: object) -> IPv4Network | IPv6Network:
    """A single address or a prefix. Raises Wrong naming the network where host bits are set."""
    written = text(value)
    try:
        if not _NETWORK.fullmatch(written):
            raise ValueError
        loose = ip_network(written, strict=False)
    except ValueError as error:
        raise Wrong(f'has "{written[:60]}", which is no address and no prefix') from error
    if ip_address(written.partition("/")[0]) != loose.network_address:
        raise Wrong(f'has "{written}" with host bits set: the network is {loose}')
    mapped = loose.network_address.ipv4_mapped if isinstance(loose, IPv6Network) and loose.prefixlen >= 96 else None
    return ip_network((mapped, loose.prefixlen - 96)) if mapped else loose


def sender(value: object) -> str:
    if text(value) in ("local", "anywhere"):
        return text(value)
    try:
        return str(network(value))
    except Wrong as wrong:
        raise Wrong(f'{wrong}; it is "local", "anywhere" or a prefix') from wrong


def mac(value: object) -> str:
    """Six octets in hexadecimal, as `02:00:00:00:00:50`."""
    if not _MAC.fullmatch(text(value).lower()):
        raise Wrong(f'has "{text(value)[:60]}", which is no MAC address such as 02:00:00:00:00:50')
    return text(value).lower().replace("-", ":")


def own_mac(value: object) -> str:
    """The MAC of one network card: neither none nor everybody's. A group's bit may be set, as it is by whoever makes captures anonymous."""
    if mac(value) in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"):
        raise Wrong(f'has "{mac(value)}", which is no single host\'s MAC')
    return mac(value)


def host_pattern(value: object) -> str:
    written = text(value)
    try:
        return names.canonical_pattern(written)
    except ValueError as error:
        raise Wrong(f"is wrong: {error}") from error


def display_filter(value: object) -> str:
    written = filled(value)
    try:
        filters.compile_filter(written)
    except ValueError as error:
        raise Wrong(f"is no filter: {error}") from error
    return written
