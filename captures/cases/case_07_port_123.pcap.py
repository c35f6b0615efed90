"""Case 7: datagrams on port 123 that are no NTP, and as many real requests for the time.

Planted: 200 datagrams of 900 bytes that look random, to somebody outside. Harmless: 200 requests with network time security (RFC 8915), whose
placeholders for new cookies make them as large, to a server of the vendor's name.
"""

from __future__ import annotations

import struct

from captures._device import found
from captures._home import CAMERA, START_S, behind_router
from captures._services import NTP_ERA_S
from captures._vendor import STRANGER, case, started
from captures._writer import Capture

DATAGRAMS, SIZE_BYTES, EVERY_S = 200, 900, 4.0
CLOCK = behind_router("192.53.103.108", "2001:638:610:be01::108")
COOKIE_BYTES, COOKIES = 100, 7


def _field(kind: int, data: bytes) -> bytes:
    return struct.pack(">HH", kind, 4 + len(data)) + data


def _message(capture: Capture, at_s: float, *, answers: bool) -> bytes:
    """48 bytes of NTP and the fields of network time security: identifier, cookie, placeholders or sealed cookies."""
    stamp = struct.pack(">II", START_S + NTP_ERA_S + int(at_s), 1 << 20)
    fixed = b"\x24\x01\x06\xec" + bytes(8) + b"PTB\x00" + stamp * 4 if answers else b"\x23" + bytes(39) + stamp
    known = _field(0x0104, capture.noise(32))
    if answers:
        return fixed + known + _field(0x0404, capture.noise(36 + COOKIE_BYTES * COOKIES))
    spare = _field(0x0304, bytes(COOKIE_BYTES)) * (COOKIES - 1)
    return fixed + known + _field(0x0204, capture.noise(COOKIE_BYTES)) + spare + _field(0x0404, capture.noise(36))


def planted(*, ip_version: int) -> bytes:
    """200 datagrams of 900 bytes on port 123."""
    capture = started(ip_version, "case 7")
    for number in range(DATAGRAMS):
        capture.udp(10.0 + EVERY_S * number, CAMERA, 50_123, STRANGER, 123, capture.noise(SIZE_BYTES))
    return capture.pcap()


def harmless(*, ip_version: int) -> bytes:
    """200 requests for the time, with seven cookies each."""
    capture = started(ip_version, "case 7, harmless")
    found(capture, 9.0, CLOCK, "time.vendor.example")
    for number in range(DATAGRAMS):
        at_s = 10.0 + EVERY_S * number
        capture.udp(at_s, CAMERA, 123, CLOCK, 123, _message(capture, at_s, answers=False))
        capture.udp(at_s + 0.02, CLOCK, 123, CAMERA, 123, _message(capture, at_s, answers=True))
    return capture.pcap()


CAPTURES = case("case_07_port_123", planted, harmless)
