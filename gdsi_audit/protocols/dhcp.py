"""DHCP for IPv4, both directions (RFC 2131, 2132, 3396, 4702, 8520)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dns_names import read_name
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "udp"
EVERY_DATAGRAM = True

PORTS = (67, 68, 4011)
FIXED_BYTES = 236
COOKIE = b"\x63\x82\x53\x63"
SERVER_NAME, BOOT_FILE = slice(44, 108), slice(108, 236)
PAD, END = 0, 255
HOST_NAME, REQUESTED, LEASE, OVERLOAD, MESSAGE_TYPE, SERVER_ID, PARAMETERS = 12, 50, 51, 52, 53, 54, 55
ROUTER, DNS_SERVERS, DOMAIN, NTP_SERVERS, VENDOR_CLASS, CLIENT_ID, FQDN, MUD_URL = 3, 6, 15, 42, 60, 61, 81, 161


@dataclass(frozen=True, slots=True)
class DhcpMessage:
    """Addresses are text, empty where not given; text is in display form."""

    from_server: bool
    transaction: int
    message_type: int
    """RFC 2132 §9.6: 1 discover, 2 offer, 3 request, 5 ack, 8 inform …; 0: BOOTP."""
    client_mac: int
    """48 bits; 0: not Ethernet."""
    client_address: str
    """ciaddr: the client says that it has it."""
    your_address: str
    """yiaddr: the server gives it."""
    relay_address: str
    requested_address: str
    server_id: str
    lease_s: int
    """0: not given."""
    hostname: WireText
    fqdn: WireText
    domain: WireText
    vendor_class: WireText
    client_id: WireText
    mud_url: WireText
    routers: tuple[str, ...]
    dns_servers: tuple[str, ...]
    ntp_servers: tuple[str, ...]
    parameters: tuple[int, ...]
    """Option codes that the client asks for, in its order: a fingerprint of its software."""
    options: tuple[tuple[int, int], ...]
    """(code, bytes) of every option, in the order met."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Operation, hardware address and hops plausible, on a DHCP port, long enough for the fixed part."""
    at_port = is_one_of(heads.orig_port, PORTS) | is_one_of(heads.resp_port, PORTS)
    operation, address_bytes, hops = heads.bytes[:, 0], heads.bytes[:, 2], heads.bytes[:, 3]
    found: NDArray[np.bool_] = at_port & is_one_of(operation, (1, 2)) & (address_bytes <= 16) & (hops <= 16) & (heads.length >= FIXED_BYTES)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> DhcpMessage:
    """The message in the first datagram. Raises ValueError where the fixed part is not whole or an option runs over the end."""
    del from_responder
    data = datagrams[0]
    if len(data) < FIXED_BYTES or data[0] not in (1, 2):
        raise ValueError(f"no DHCP message: operation {data[:1].hex()} at offset 0, {len(data)} bytes")
    listed = _all_options(data)
    option: dict[int, bytes] = {}
    for code, value in listed:
        option[code] = option.get(code, b"") + value
    return DhcpMessage(
        from_server=data[0] == 2,
        transaction=int.from_bytes(data[4:8]),
        message_type=int.from_bytes(option.get(MESSAGE_TYPE, b"")[:1]),
        client_mac=int.from_bytes(data[28:34]) if data[1:3] == b"\x01\x06" else 0,
        client_address=_address(data[12:16]),
        your_address=_address(data[16:20]),
        relay_address=_address(data[24:28]),
        requested_address=_address(option.get(REQUESTED, b"")),
        server_id=_address(option.get(SERVER_ID, b"")),
        lease_s=int.from_bytes(option.get(LEASE, b"")[:4]),
        hostname=_text(option, HOST_NAME),
        fqdn=_fqdn(option.get(FQDN, b"")),
        domain=_text(option, DOMAIN),
        vendor_class=_text(option, VENDOR_CLASS),
        client_id=_text(option, CLIENT_ID),
        mud_url=_text(option, MUD_URL),
        routers=_addresses(option.get(ROUTER, b"")),
        dns_servers=_addresses(option.get(DNS_SERVERS, b"")),
        ntp_servers=_addresses(option.get(NTP_SERVERS, b"")),
        parameters=tuple(option.get(PARAMETERS, b"")),
        options=tuple((code, len(value)) for code, value in listed),
    )


def _all_options(data: bytes) -> list[tuple[int, bytes]]:
    """Those behind the cookie, then those in the boot file and server name where option 52 says so."""
    if data[FIXED_BYTES : FIXED_BYTES + 4] != COOKIE:
        return []
    listed = _options(data[FIXED_BYTES + 4 :], FIXED_BYTES + 4)
    overload = next((value[0] for code, value in listed if code == OVERLOAD and value), 0)
    return listed + (_options(data[BOOT_FILE], 108) if overload & 1 else []) + (_options(data[SERVER_NAME], 44) if overload & 2 else [])


def _options(data: bytes, offset: int) -> list[tuple[int, bytes]]:
    listed, position = [], 0
    while position < len(data) and data[position] != END:
        if data[position] == PAD:
            position += 1
            continue
        behind = position + 2 + int.from_bytes(data[position + 1 : position + 2])
        if position + 1 >= len(data) or behind > len(data):
            raise ValueError(f"option {data[position]} runs over the end at offset {offset + position}")
        listed.append((data[position], data[position + 2 : behind]))
        position = behind
    return listed


def _address(value: bytes) -> str:
    return str(IPv4Address(value)) if len(value) == 4 and any(value) else ""


def _addresses(value: bytes) -> tuple[str, ...]:
    return tuple(str(IPv4Address(value[place : place + 4])) for place in range(0, len(value) - 3, 4))


def _text(option: dict[int, bytes], code: int) -> WireText:
    return display(option.get(code, b"").rstrip(b"\0"))


def _fqdn(value: bytes) -> WireText:
    """Option 81 (RFC 4702): flags and two dead bytes, then the name, as labels where flag E is set."""
    if len(value) < 4 or not value[0] & 4:
        return display(value[3:].rstrip(b"\0"))
    try:
        return read_name(value[3:] + b"\0", 0)[0]
    except ValueError:
        return display(value[3:])
