"""What keeps a home network going: DHCP, router advertisement, ARP and neighbour discovery, time, mDNS, SSDP."""

from __future__ import annotations

import struct
from dataclasses import replace
from math import floor

from captures._names import PTR, TXT, dns_message, name_bytes
from captures._writer import ETHERTYPE_ARP, ETHERTYPE_IPV6, Capture, Host, ip_packet, mac_bytes, packed, udp_datagram, with_checksum

NTP_ERA_S = 2_208_988_800
"""From 1900 to 1970."""
BROADCAST = Host("ff:ff:ff:ff:ff:ff", "255.255.255.255", "ff02::1")
MDNS_GROUP = Host("", "224.0.0.251", "ff02::fb")
SSDP_GROUP = Host("", "239.255.255.250", "ff02::c")


def multicast(group: Host, version: int) -> Host:
    """`group` with the MAC that its address maps to (RFC 1112, RFC 2464)."""
    low = packed(group.address(version))[-4:]
    mac = bytes([0x01, 0x00, 0x5E, low[1] & 0x7F, low[2], low[3]]) if version == 4 else b"\x33\x33" + low
    return replace(group, mac=mac.hex(":"), ipv4=group.ipv4, ipv6=group.ipv6)


def link_local(host: Host) -> str:
    """The address that its MAC makes (RFC 4291, appendix A)."""
    mac = mac_bytes(host.mac)
    identifier = bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    return "fe80::" + ":".join(identifier[place : place + 2].hex() for place in range(0, 8, 2))


def dhcp(capture: Capture, at_s: float, client: Host, router: Host, *, host_name: str, vendor: str = "") -> None:
    """Discover, offer, request, acknowledge (RFC 2131); the router offers itself as resolver and time server."""
    number = capture.whole(1, 1 << 31)
    asks = b"\x37\x04\x01\x03\x06\x2a" + bytes([12, len(host_name)]) + host_name.encode()
    asks += bytes([60, len(vendor)]) + vendor.encode() if vendor else b""
    wants = b"\x32\x04" + packed(client.ipv4) + b"\x36\x04" + packed(router.ipv4)
    gives = b"\x36\x04" + packed(router.ipv4) + b"\x33\x04" + struct.pack(">I", 86_400) + b"\x01\x04\xff\xff\xff\x00"
    gives += b"".join(bytes([option, 4]) + packed(router.ipv4) for option in (3, 6, 42))
    for step, (kind, options) in enumerate(((1, asks), (2, gives), (3, wants + asks), (5, gives))):
        answers = kind in (2, 5)
        mine = packed(client.ipv4) if answers else bytes(4)
        fixed = struct.pack(">BBBBIHH", 2 if answers else 1, 1, 6, 0, number, 0, 0) + bytes(4) + mine + bytes(8) + mac_bytes(client.mac) + bytes(10)
        message = fixed + bytes(192) + b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"
        source, target = (router.ipv4, client.ipv4) if answers else ("0.0.0.0", "255.255.255.255")
        ports = (67, 68) if answers else (68, 67)
        datagram = udp_datagram(source, ports[0], target, ports[1], message)
        macs = (router.mac, client.mac) if answers else (client.mac, BROADCAST.mac)
        capture.frame(at_s + 0.01 * step, *macs, 0x0800, ip_packet(source, target, 17, datagram))


def arp(capture: Capture, at_s: float, asker: Host, asked: Host) -> None:
    """Who has, and is at (RFC 826)."""
    fixed = struct.pack(">HHBB", 1, 0x0800, 6, 4)
    request = fixed + b"\x00\x01" + mac_bytes(asker.mac) + packed(asker.ipv4) + bytes(6) + packed(asked.ipv4)
    reply = fixed + b"\x00\x02" + mac_bytes(asked.mac) + packed(asked.ipv4) + mac_bytes(asker.mac) + packed(asker.ipv4)
    capture.frame(at_s, asker.mac, BROADCAST.mac, ETHERTYPE_ARP, request + bytes(18))
    capture.frame(at_s + 0.001, asked.mac, asker.mac, ETHERTYPE_ARP, reply + bytes(18))


def icmp6(capture: Capture, at_s: float, source: str, source_mac: str, target: str, target_mac: str, message: bytes) -> None:
    filled = with_checksum(source, target, 58, message, 2)
    capture.frame(at_s, source_mac, target_mac, ETHERTYPE_IPV6, ip_packet(source, target, 58, filled, ttl=255))


def neighbour(capture: Capture, at_s: float, asker: Host, asked: Host) -> None:
    """Solicitation and advertisement (RFC 4861)."""
    low = packed(asked.ipv6)[-3:]
    group = "ff02::1:ff" + low[:1].hex() + ":" + low[1:].hex()
    solicitation = struct.pack(">BBHI", 135, 0, 0, 0) + packed(asked.ipv6) + b"\x01\x01" + mac_bytes(asker.mac)
    advertisement = struct.pack(">BBHI", 136, 0, 0, 0x60000000) + packed(asked.ipv6) + b"\x02\x01" + mac_bytes(asked.mac)
    icmp6(capture, at_s, asker.ipv6, asker.mac, group, "33:33:ff:" + low.hex(":"), solicitation)
    icmp6(capture, at_s + 0.001, asked.ipv6, asked.mac, asker.ipv6, asker.mac, advertisement)


def router_advertisement(capture: Capture, at_s: float, router: Host, prefixes: tuple[str, ...]) -> None:
    """Prefixes to make addresses of, and the router as resolver (RFC 4861, RFC 8106)."""
    options = b"\x01\x01" + mac_bytes(router.mac)
    for prefix in prefixes:
        options += struct.pack(">BBBBIII", 3, 4, 64, 0xC0, 86_400, 14_400, 0) + packed(prefix)
    options += struct.pack(">BBHI", 25, 3, 0, 1_800) + packed(router.ipv6)
    message = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1_800, 0, 0) + options
    icmp6(capture, at_s, link_local(router), router.mac, "ff02::1", "33:33:00:00:00:01", message)


def configure(capture: Capture, at_s: float, client: Host, router: Host, *, host_name: str, prefixes: tuple[str, ...] = (), vendor: str = "") -> None:
    """How `client` gets its address and resolver, and finds the router."""
    if capture.ip_version == 4:
        dhcp(capture, at_s, client, router, host_name=host_name, vendor=vendor)
        arp(capture, at_s + 0.1, client, router)
    else:
        router_advertisement(capture, at_s, router, prefixes)
        neighbour(capture, at_s + 0.1, client, router)


def upkeep(capture: Capture, at_s: float, asker: Host, asked: Host) -> None:
    (arp if capture.ip_version == 4 else neighbour)(capture, at_s, asker, asked)


def ntp(capture: Capture, at_s: float, client: Host, server: Host, *, rtt_s: float = 0.02) -> None:
    """A client's question and the answer of a stratum 1 server (RFC 5905)."""

    def instant(seconds: float) -> bytes:
        whole = floor(seconds)
        return struct.pack(">II", NTP_ERA_S + capture.start_s + whole, int((seconds - whole) * 2**32))

    port = capture.port()
    sent = instant(at_s)
    capture.udp(at_s, client, port, server, 123, b"\x23\x00\x06\xec" + bytes(36) + sent)
    answer = b"\x24\x01\x06\xec" + bytes(4) + struct.pack(">I", 16) + b"PTB\x00" + instant(at_s - 7) + sent + instant(at_s + rtt_s / 2) * 2
    capture.udp(at_s + rtt_s, server, 123, client, port, answer)


def mdns(capture: Capture, at_s: float, client: Host, service: str, instance: str, text: str) -> None:
    """`client` announces `instance` of `service` (RFC 6762, RFC 6763)."""
    answers = [(service, PTR, 4_500, name_bytes(f"{instance}.{service}"))]
    flushed = [(f"{instance}.{service}", TXT, 4_500, bytes([len(text)]) + text.encode())]
    message = dns_message(0, 0x8400, [], answers)
    capture.udp(at_s, client, 5353, multicast(MDNS_GROUP, capture.ip_version), 5353, message, ttl=255)
    capture.udp(at_s + 1, client, 5353, multicast(MDNS_GROUP, capture.ip_version), 5353, dns_message(0, 0x8400, [], flushed, top=0x8000), ttl=255)


def mdns_question(capture: Capture, at_s: float, client: Host, service: str) -> None:
    capture.udp(at_s, client, 5353, multicast(MDNS_GROUP, capture.ip_version), 5353, dns_message(0, 0, [(service, PTR)]), ttl=255)


def ssdp(capture: Capture, at_s: float, client: Host, kind: str, location: str) -> None:
    """`client` is alive (UPnP Device Architecture 1.1, section 1.2)."""
    host = "239.255.255.250:1900" if capture.ip_version == 4 else "[ff02::c]:1900"
    lines = ("NOTIFY * HTTP/1.1", f"HOST: {host}", "CACHE-CONTROL: max-age=1800", f"LOCATION: {location}", f"NT: {kind}", "NTS: ssdp:alive")
    text = "\r\n".join((*lines, "SERVER: Linux/5.10 UPnP/1.1 camera/1.4.2", f"USN: uuid:00000000-0000-4000-8000-020000000050::{kind}", "", ""))
    capture.udp(at_s, client, 1900, multicast(SSDP_GROUP, capture.ip_version), 1900, text.encode(), ttl=2)
