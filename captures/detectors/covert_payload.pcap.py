"""A camera that sends data on the ports of DNS and NTP and in NTP's fields, and one that speaks both protocols as they are.

Reported: thirty datagrams of 200 bytes each to port 53 and to port 123 of one address, time requests with an extension field that nobody knows, and
datagrams behind which the packets go on.
Benign: as many real messages to both ports, time requests with a wrong clock, and with the fields of network time security.
"""

from __future__ import annotations

import struct
from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, START_S, behind_router
from captures._services import NTP_ERA_S
from captures._writer import Capture, udp_datagram

MESSAGES, EVERY_S = 30, 8.0
FAR = behind_router("116.202.1.1", "2a01:4f8:1::1")
BEHIND = behind_router("116.202.1.7", "2a01:4f8:1::7")
TIME = behind_router("131.188.3.220", "2001:638:a000::1")


def _request(at_s: float, tail: bytes = b"") -> bytes:
    return b"\x23" + bytes(39) + struct.pack(">II", START_S + NTP_ERA_S + int(at_s), 1 << 20) + tail


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "covert payload")
    for number in range(MESSAGES):
        at_s = 5.0 + EVERY_S * number
        capture.udp(at_s, CAMERA, 50_053, FAR, 53, capture.noise(200))
        capture.udp(at_s + 1, CAMERA, 50_123, FAR, 123, capture.noise(200))
        capture.udp(at_s + 2, CAMERA, 123, TIME, 123, _request(at_s, struct.pack(">HH", 0x7E01, 64) + capture.noise(60)))
        capture.ip(at_s + 3, CAMERA, BEHIND, 17, _datagram(capture) + capture.noise(40))
    return capture.pcap()


def _datagram(capture: Capture) -> bytes:
    ends = (CAMERA.address(capture.ip_version), 50_777, BEHIND.address(capture.ip_version), 7_777)
    return udp_datagram(*ends, b"status=ok")


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "covert payload, benign")
    for number in range(MESSAGES):
        at_s = 5.0 + EVERY_S * number
        found(capture, at_s, TIME, f"time{number}.cams.example")
        wrong = at_s - START_S + 10_000 if number % 3 == 0 else at_s
        fields = struct.pack(">HH", 0x0104, 36) + capture.noise(32) + struct.pack(">HH", 0x0204, 104) + capture.noise(100)
        fields += struct.pack(">HH", 0x0404, 40) + capture.noise(36)
        capture.udp(at_s + 1, CAMERA, 123, TIME, 123, _request(wrong, fields if number % 2 else b""))
        capture.udp(at_s + 1.02, TIME, 123, CAMERA, 123, b"\x24\x02\x06\xec" + _request(at_s)[4:])
    return capture.pcap()


CAPTURES = {
    "covert_payload.pcap": partial(reported, ip_version=4),
    "covert_payload_v6.pcap": partial(reported, ip_version=6),
    "covert_payload_benign.pcap": partial(benign, ip_version=4),
    "covert_payload_benign_v6.pcap": partial(benign, ip_version=6),
}
