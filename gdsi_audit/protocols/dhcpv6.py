"""DHCP for IPv6 (RFC 8415, 3646, 4704, 4075, 5908, 8520), relayed messages taken out of their envelopes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dns_names import read_name
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "udp"
EVERY_DATAGRAM = True

PORTS = (546, 547)
RELAY_TYPES = (12, 13)
LAST_TYPE = 36
DEEPEST_RELAY = 8
HEADER_BYTES, RELAY_HEADER_BYTES = 4, 34
CLIENT_ID, IA_NA, IA_TA, IA_ADDRESS, RELAYED, VENDOR_CLASS, DNS_SERVERS, DOMAINS = 1, 3, 4, 5, 9, 16, 23, 24
IA_PD, IA_PREFIX, SNTP_SERVERS, FQDN, NTP, MUD_URL = 25, 26, 31, 39, 56, 112
ADDRESSES_BEGIN = {IA_NA: 12, IA_TA: 4}


@dataclass(frozen=True, slots=True)
class DhcpV6Message:
    """Addresses are text, empty where not given."""

    message_type: int
    """RFC 8415 §7.3: 1 solicit, 2 advertise, 3 request, 7 reply, 11 information-request …"""
    transaction: int
    relays: int
    """Relays that the message passed."""
    peer_address: str
    """The client, as the innermost relay says."""
    duid: WireText
    """Of the client, as hexadecimal digits."""
    client_mac: int
    """Within the DUID; 0: it holds none."""
    fqdn: WireText
    vendor_enterprise: int
    vendor_class: WireText
    mud_url: WireText
    addresses: tuple[str, ...]
    prefixes: tuple[str, ...]
    dns_servers: tuple[str, ...]
    ntp_servers: tuple[str, ...]
    domains: tuple[WireText, ...]
    options: tuple[tuple[int, int], ...]
    """(code, bytes) of every option of the innermost message."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A known message type on a DHCPv6 port, its first option plausible."""
    at_port = is_one_of(heads.orig_port, PORTS) | is_one_of(heads.resp_port, PORTS)
    kind = heads.bytes[:, 0]
    first_option_high = np.where(is_one_of(kind, RELAY_TYPES), 0, heads.bytes[:, 4])
    found: NDArray[np.bool_] = at_port & (kind >= 1) & (kind <= LAST_TYPE) & (heads.length >= HEADER_BYTES) & (first_option_high == 0)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> DhcpV6Message:
    """The message in the first datagram. Raises ValueError where it or one of its options is not whole."""
    del from_responder
    data, relays, peer = _out_of_relays(datagrams[0])
    if len(data) < HEADER_BYTES:
        raise ValueError(f"a DHCPv6 header has {HEADER_BYTES} bytes, here are {len(data)}")
    options = list(_options(data[HEADER_BYTES:]))
    first = dict(reversed(options))
    duid, vendor, fqdn = first.get(CLIENT_ID, b""), first.get(VENDOR_CLASS, b""), first.get(FQDN, b"")
    return DhcpV6Message(
        message_type=data[0],
        transaction=int.from_bytes(data[1:4]),
        relays=relays,
        peer_address=peer,
        duid=WireText(duid.hex()),
        client_mac=_mac_of(duid),
        fqdn=_name(fqdn[1:]),
        vendor_enterprise=int.from_bytes(vendor[:4]),
        vendor_class=display(vendor[6:]),
        mud_url=display(first.get(MUD_URL, b"")),
        addresses=tuple(_leased(options)),
        prefixes=tuple(_delegated(options)),
        dns_servers=_addresses(first.get(DNS_SERVERS, b"")),
        ntp_servers=_addresses(first.get(SNTP_SERVERS, b"")) + tuple(_ntp(first.get(NTP, b""))),
        domains=_names(first.get(DOMAINS, b"")),
        options=tuple((code, len(value)) for code, value in options),
    )


def _out_of_relays(data: bytes) -> tuple[bytes, int, str]:
    relays, peer = 0, ""
    while data[:1] and data[0] in RELAY_TYPES:
        inner = dict(_options(data[RELAY_HEADER_BYTES:])).get(RELAYED)
        if len(data) < RELAY_HEADER_BYTES or inner is None or relays == DEEPEST_RELAY:
            raise ValueError(f"a relay envelope without a message in it, {relays} relays deep")
        relays, peer, data = relays + 1, str(IPv6Address(data[18:34])), inner
    return data, relays, peer


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        behind = position + 4 + int.from_bytes(data[position + 2 : position + 4])
        if position + 4 > len(data) or behind > len(data):
            raise ValueError(f"an option runs over the end at offset {position} of the options")
        yield int.from_bytes(data[position : position + 2]), data[position + 4 : behind]
        position = behind


def _leased(options: list[tuple[int, bytes]]) -> Iterator[str]:
    for code, value in options:
        if code in ADDRESSES_BEGIN:
            inner = _options(value[ADDRESSES_BEGIN[code] :])
            yield from (str(IPv6Address(part[:16])) for kind, part in inner if kind == IA_ADDRESS and len(part) >= 16)


def _delegated(options: list[tuple[int, bytes]]) -> Iterator[str]:
    for code, value in options:
        if code == IA_PD:
            inner = _options(value[12:])
            yield from (f"{IPv6Address(part[9:25])}/{part[8]}" for kind, part in inner if kind == IA_PREFIX and len(part) >= 25)


def _ntp(value: bytes) -> Iterator[str]:
    """Server addresses of option 56; its names and multicast groups are left out."""
    return (str(IPv6Address(part)) for code, part in _options(value) if code == 1 and len(part) == 16)


def _addresses(value: bytes) -> tuple[str, ...]:
    return tuple(str(IPv6Address(value[place : place + 16])) for place in range(0, len(value) - 15, 16))


def _mac_of(duid: bytes) -> int:
    """From DUID-LLT and DUID-LL of Ethernet (RFC 8415 §11)."""
    start = {b"\0\1\0\1": 8, b"\0\3\0\1": 4}.get(duid[:4])
    return int.from_bytes(duid[start : start + 6]) if start and len(duid) == start + 6 else 0


def _names(value: bytes) -> tuple[WireText, ...]:
    names, position = [], 0
    while position < len(value):
        name, position = read_name(value, position)
        names.append(name)
    return tuple(names)


def _name(value: bytes) -> WireText:
    """A name that may lack its root (RFC 4704 §4.2)."""
    return read_name(value + b"\0", 0)[0] if value else WireText("")
