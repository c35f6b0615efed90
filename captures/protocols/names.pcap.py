"""Names: DNS over UDP and TCP, multicast DNS, LLMNR and NetBIOS names. Nothing is wrong with any of it."""

from __future__ import annotations

import struct
from functools import partial

from captures._home import CAMERA, CAMERA_INSIDE, PHONE, PHONE_INSIDE, ROUTER, START_S, behind_router
from captures._names import AAAA, A, address_record, dns_message, lookup
from captures._services import mdns, mdns_question, multicast
from captures._writer import Capture, Host, Turn, packed

SERVER = behind_router("52.28.0.10", "2a05:d014:1::10")
LLMNR_GROUP = Host("", "224.0.0.252", "ff02::1:3")
NETBIOS_BROADCAST = Host("ff:ff:ff:ff:ff:ff", "192.168.1.255", "")
NETBIOS_NAME = "CAMERA-C1"


def dns(*, ip_version: int) -> bytes:
    """A name behind two aliases, and one that does not exist."""
    capture = Capture(ip_version, START_S, "dns")
    lookup(capture, 0.0, CAMERA, ROUTER, ("www.cams.example", "cams.content.example", "eu.content.example"), [SERVER.address(ip_version)])
    question = [("nowhere.cams.example", A if ip_version == 4 else AAAA)]
    port = capture.port()
    capture.udp(1.0, CAMERA, port, ROUTER, 53, dns_message(77, 0x0100, question))
    capture.udp(1.01, ROUTER, 53, CAMERA, port, dns_message(77, 0x8183, question))
    return capture.pcap()


def dns_tcp(*, ip_version: int) -> bytes:
    """The same over TCP, each message behind its length (RFC 7766)."""
    capture = Capture(ip_version, START_S, "dns over tcp")
    question = [("www.cams.example", A if ip_version == 4 else AAAA)]
    answer = dns_message(99, 0x8180, question, [address_record("www.cams.example", SERVER.address(ip_version))])
    messages = [dns_message(99, 0x0100, question), answer]
    turns = [Turn(place == 0, struct.pack(">H", len(message)) + message) for place, message in enumerate(messages)]
    capture.tcp(0.0, CAMERA, ROUTER, 53, turns, rtt_s=0.002)
    return capture.pcap()


def multicast_dns(*, ip_version: int) -> bytes:
    """The phone looks for pictures, the camera announces one."""
    capture = Capture(ip_version, START_S, "mdns")
    mdns_question(capture, 0.0, PHONE_INSIDE, "_rtsp._tcp.local")
    mdns(capture, 0.2, CAMERA_INSIDE, "_rtsp._tcp.local", "Camera C1", "model=C1")
    return capture.pcap()


def llmnr(*, ip_version: int) -> bytes:
    """Who is called camera-c1 here (RFC 4795)."""
    capture = Capture(ip_version, START_S, "llmnr")
    question = [("camera-c1", A if ip_version == 4 else AAAA)]
    port = capture.port()
    answer = dns_message(5, 0x8000, question, [address_record("camera-c1", CAMERA_INSIDE.address(ip_version), 30)])
    capture.udp(0.0, PHONE_INSIDE, port, multicast(LLMNR_GROUP, ip_version), 5355, dns_message(5, 0, question), ttl=1)
    capture.udp(0.02, CAMERA_INSIDE, 5355, PHONE_INSIDE, port, answer)
    return capture.pcap()


def nbns() -> bytes:
    """Who is called CAMERA-C1 here (RFC 1002 section 4.2)."""
    capture = Capture(4, START_S, "nbns")
    letters = NETBIOS_NAME.ljust(15).encode() + b"\x00"
    encoded = b"\x20" + bytes(part + 0x41 for byte in letters for part in (byte >> 4, byte & 15)) + b"\x00"
    question = struct.pack(">HHHHHH", 9, 0x0110, 1, 0, 0, 0) + encoded + struct.pack(">HH", 0x20, 1)
    data = struct.pack(">H", 0) + packed(CAMERA.ipv4)
    answer = struct.pack(">HHHHHH", 9, 0x8580, 0, 1, 0, 0) + encoded + struct.pack(">HHIH", 0x20, 1, 300, len(data)) + data
    capture.udp(0.0, PHONE, 137, NETBIOS_BROADCAST, 137, question)
    capture.udp(0.01, CAMERA, 137, PHONE, 137, answer)
    return capture.pcap()


CAPTURES = {
    "dns.pcap": partial(dns, ip_version=4),
    "dns_v6.pcap": partial(dns, ip_version=6),
    "dns_tcp.pcap": partial(dns_tcp, ip_version=4),
    "dns_tcp_v6.pcap": partial(dns_tcp, ip_version=6),
    "mdns.pcap": partial(multicast_dns, ip_version=4),
    "mdns_v6.pcap": partial(multicast_dns, ip_version=6),
    "llmnr.pcap": partial(llmnr, ip_version=4),
    "llmnr_v6.pcap": partial(llmnr, ip_version=6),
    "nbns.pcap": nbns,
}
