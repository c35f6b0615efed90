"""A camera that goes through its local network, and one that looks for its own kind and polls hosts that it knows.

Reported: link-layer requests for forty addresses, one a minute, nobody there; connections to the file service of thirty hosts; mDNS questions for all
services and then for six kinds. Benign: the camera finds the router and the phone, asks for its own kind of service, and polls twelve lamps of which
two are switched off.
"""

from __future__ import annotations

import struct
from functools import partial

from captures._device import begun
from captures._home import CAMERA, CAMERA_INSIDE, PHONE_INSIDE, ROUTER
from captures._services import BROADCAST, icmp6, mdns_question, upkeep
from captures._writer import ETHERTYPE_ARP, Capture, Host, Turn, mac_bytes, packed

ALL_SERVICES = "_services._dns-sd._udp.local"
KINDS = ("_ipp", "_airplay", "_smb", "_ssh", "_rtsp", "_hap")
OWN_KIND = "_cams._tcp.local"
FILE_SERVICE, LAMP_PORT = 445, 5_577
ASKED, PROBED, LAMPS, OFF = 40, 30, 12, 2


def host(number: int) -> Host:
    """A host of the home, there or not."""
    return Host(f"02:00:00:00:01:{number:02x}", f"192.168.1.{number}", f"fd00:0:0:50::{number:x}")


def asks(capture: Capture, at_s: float, asked: Host) -> None:
    """A request that nobody answers (RFC 826, RFC 4861)."""
    if capture.ip_version == 4:
        request = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac_bytes(CAMERA.mac) + packed(CAMERA.ipv4) + bytes(6) + packed(asked.ipv4)
        capture.frame(at_s, CAMERA.mac, BROADCAST.mac, ETHERTYPE_ARP, request + bytes(18))
        return
    low = packed(asked.ipv6)[-3:]
    solicitation = struct.pack(">BBHI", 135, 0, 0, 0) + packed(asked.ipv6) + b"\x01\x01" + mac_bytes(CAMERA.mac)
    group = f"ff02::1:ff{low[0]:02x}:{low[1]:02x}{low[2]:02x}"
    icmp6(capture, at_s, CAMERA_INSIDE.ipv6, CAMERA.mac, group, "33:33:ff:" + low.hex(":"), solicitation)


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "local reconnaissance")
    for number in range(ASKED):
        asks(capture, 60.0 * (number + 1), host(100 + number))
    for number in range(PROBED):
        capture.syn(2_500.0 + number, CAMERA_INSIDE, host(150 + number), FILE_SERVICE)
    for number, kind in enumerate((ALL_SERVICES, *(f"{kind}._tcp.local" for kind in KINDS))):
        mdns_question(capture, 2_600.0 + number, CAMERA_INSIDE, kind)
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "local reconnaissance, benign")
    for number in range(ASKED):
        upkeep(capture, 60.0 * (number + 1), CAMERA_INSIDE, (ROUTER, PHONE_INSIDE)[number % 2])
    for round_s in (600.0, 1_200.0, 1_800.0):
        mdns_question(capture, round_s, CAMERA_INSIDE, OWN_KIND)
        for number in range(LAMPS):
            lamp = host(20 + number)
            if number < OFF:
                capture.syn(round_s + number, CAMERA_INSIDE, lamp, LAMP_PORT)
            else:
                capture.tcp(
                    round_s + number, CAMERA_INSIDE, lamp, LAMP_PORT, [Turn(True, b"\x81\x8a\x8b\x96"), Turn(False, b"\x81\x25\x23" + bytes(11))]
                )
    return capture.pcap()


CAPTURES = {
    "lan_reconnaissance.pcap": partial(reported, ip_version=4),
    "lan_reconnaissance_v6.pcap": partial(reported, ip_version=6),
    "lan_reconnaissance_benign.pcap": partial(benign, ip_version=4),
    "lan_reconnaissance_benign_v6.pcap": partial(benign, ip_version=6),
}
