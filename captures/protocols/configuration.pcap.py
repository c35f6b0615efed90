"""Configuration: DHCP for both versions, router advertisement, time, device discovery, and the way through address translation.

Nothing is wrong with any of it.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import partial

from captures._home import CAMERA, CAMERA_INSIDE, PREFIXES, ROUTER, START_S, behind_router
from captures._names import name_bytes
from captures._services import dhcp, link_local, multicast, ntp, router_advertisement, ssdp
from captures._tls import vector
from captures._writer import Capture, Host, Turn, mac_bytes, packed

CLOCK = behind_router("192.53.103.108", "2001:638:610:be01::108")
RELAY = behind_router("52.28.0.30", "2a05:d014:1::30")
DHCP_GROUP = Host("", "", "ff02::1:2")
STUN_COOKIE = 0x2112A442


def dhcp_4() -> bytes:
    """Discover, offer, request, acknowledge."""
    capture = Capture(4, START_S, "dhcp")
    dhcp(capture, 0.0, CAMERA, ROUTER, host_name="camera-c1", vendor="Example Cameras C1")
    return capture.pcap()


def dhcp_6() -> bytes:
    """Solicit, advertise, request, reply (RFC 8415); the router offers itself as resolver."""
    capture = Capture(6, START_S, "dhcpv6")
    client, server = replace(CAMERA, ipv6=link_local(CAMERA)), replace(ROUTER, ipv6=link_local(ROUTER))

    def option(number: int, data: bytes) -> bytes:
        return struct.pack(">H", number) + vector(data)

    def identity(host: Host) -> bytes:
        return struct.pack(">HH", 3, 1) + mac_bytes(host.mac)

    mine, theirs = option(1, identity(client)), option(2, identity(server))
    full_name = option(39, b"\x00" + name_bytes("camera-c1"))
    address = option(5, packed(CAMERA.ipv6) + struct.pack(">II", 3_600, 7_200))
    wanted, given = (option(3, struct.pack(">III", 1, 1_800, 2_880) + inner) for inner in (b"", address))
    asked, resolver = option(6, struct.pack(">H", 23)), option(23, packed(ROUTER.ipv6))
    transaction = b"\x00\x10\x50"
    steps = (
        (1, mine + wanted + asked + full_name),
        (2, mine + theirs + given + resolver),
        (3, mine + theirs + given + asked + full_name),
        (7, mine + theirs + given + resolver),
    )
    for place, (kind, options) in enumerate(steps):
        message = bytes([kind]) + transaction + options
        if kind in (1, 3):
            capture.udp(0.1 * place, client, 546, multicast(DHCP_GROUP, 6), 547, message, ttl=1)
        else:
            capture.udp(0.1 * place, server, 547, client, 546, message)
    return capture.pcap()


def advertisement() -> bytes:
    """Two prefixes and a resolver (RFC 4861, RFC 8106)."""
    capture = Capture(6, START_S, "router advertisement")
    router_advertisement(capture, 0.0, ROUTER, PREFIXES)
    router_advertisement(capture, 200.0, ROUTER, PREFIXES)
    return capture.pcap()


def network_time(*, ip_version: int) -> bytes:
    """Three questions for the time, and a stratum 1 server's answers (RFC 5905)."""
    capture = Capture(ip_version, START_S, "ntp")
    for at_s in (1.0, 65.0, 129.0):
        ntp(capture, at_s, CAMERA, CLOCK)
    return capture.pcap()


def discovery(*, ip_version: int) -> bytes:
    """The camera says that it is alive, in time before its first word runs out (UPnP)."""
    capture = Capture(ip_version, START_S, "ssdp")
    where = "http://192.168.1.50:8080/description.xml" if ip_version == 4 else f"http://[{CAMERA_INSIDE.ipv6}]:8080/description.xml"
    ssdp(capture, 0.0, CAMERA_INSIDE, "upnp:rootdevice", where)
    ssdp(capture, 900.0, CAMERA_INSIDE, "upnp:rootdevice", where)
    return capture.pcap()


def stun_messages(capture: Capture) -> tuple[bytes, bytes]:
    """Binding request and success with the mapped address (RFC 8489)."""
    transaction = capture.noise(12)
    software = struct.pack(">HH", 0x8022, 8) + b"camera/1"
    address = packed(CAMERA.address(capture.ip_version))
    mask = struct.pack(">I", STUN_COOKIE) + transaction
    mapped = struct.pack(">BBH", 0, 1 if capture.ip_version == 4 else 2, 50_000 ^ (STUN_COOKIE >> 16))
    mapped += bytes(byte ^ mask[place] for place, byte in enumerate(address))
    attribute = struct.pack(">HH", 0x0020, len(mapped)) + mapped
    request = struct.pack(">HHI", 0x0001, len(software), STUN_COOKIE) + transaction + software
    return request, struct.pack(">HHI", 0x0101, len(attribute), STUN_COOKIE) + transaction + attribute


def stun(*, ip_version: int) -> bytes:
    """Which address does the relay see (RFC 8489)."""
    capture = Capture(ip_version, START_S, "stun")
    request, answer = stun_messages(capture)
    port = capture.port()
    capture.udp(0.0, CAMERA, port, RELAY, 3478, request)
    capture.udp(0.03, RELAY, 3478, CAMERA, port, answer)
    return capture.pcap()


def stun_tcp(*, ip_version: int) -> bytes:
    """The same question over TCP."""
    capture = Capture(ip_version, START_S, "stun over tcp")
    request, answer = stun_messages(capture)
    capture.tcp(0.0, CAMERA, RELAY, 3478, [Turn(True, request), Turn(False, answer)])
    return capture.pcap()


CAPTURES = {
    "dhcp.pcap": dhcp_4,
    "dhcpv6_v6.pcap": dhcp_6,
    "router_advertisement_v6.pcap": advertisement,
    "ntp.pcap": partial(network_time, ip_version=4),
    "ntp_v6.pcap": partial(network_time, ip_version=6),
    "ssdp.pcap": partial(discovery, ip_version=4),
    "ssdp_v6.pcap": partial(discovery, ip_version=6),
    "stun.pcap": partial(stun, ip_version=4),
    "stun_v6.pcap": partial(stun, ip_version=6),
    "stun_tcp.pcap": partial(stun_tcp, ip_version=4),
    "stun_tcp_v6.pcap": partial(stun_tcp, ip_version=6),
}
