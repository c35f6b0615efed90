"""Case 5: echo requests that carry data to somebody outside, and as many pings of an allowed host.

Planted: 300 requests of 1,000 bytes that all differ. Harmless: 300 requests of 1,000 bytes, the time of sending and one filling.
"""

from __future__ import annotations

import struct

from captures._home import CAMERA, START_S
from captures._vendor import API_SERVER, STRANGER, case, started
from captures._writer import Capture, Host, checksum, with_checksum

REQUESTS, DATA_BYTES, EVERY_S = 300, 1_000, 1.0


def _echo(capture: Capture, at_s: float, ends: tuple[Host, Host], sequence: int, data: bytes, *, reply: bool) -> None:
    source, target = ends
    v6 = capture.ip_version == 6
    kind = (129 if reply else 128) if v6 else (0 if reply else 8)
    message = struct.pack(">BBHHH", kind, 0, 0, 0x0C05, sequence) + data
    if v6:
        message = with_checksum(source.address(6), target.address(6), 58, message, 2)
    else:
        message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
    capture.ip(at_s, source, target, 58 if v6 else 1, message)


def _ping(capture: Capture, server: Host, sequence: int, data: bytes) -> None:
    at_s = 10.0 + EVERY_S * sequence
    _echo(capture, at_s, (CAMERA, server), sequence, data, reply=False)
    _echo(capture, at_s + 0.02, (server, CAMERA), sequence, data, reply=True)


def planted(*, ip_version: int) -> bytes:
    """300 requests whose 1,000 bytes all differ."""
    capture = started(ip_version, "case 5")
    for number in range(REQUESTS):
        _ping(capture, STRANGER, number, capture.noise(DATA_BYTES))
    return capture.pcap()


def harmless(*, ip_version: int) -> bytes:
    """300 pings with the time of sending and one filling."""
    capture = started(ip_version, "case 5, harmless")
    for number in range(REQUESTS):
        stamp = struct.pack("<QQ", START_S + 10 + number, capture.whole(0, 1_000_000))
        _ping(capture, API_SERVER, number, stamp + bytes(place % 256 for place in range(16, DATA_BYTES)))
    return capture.pcap()


CAPTURES = case("case_05_icmp", planted, harmless)
