"""A camera whose echo requests carry data, and one that pings.

Reported: forty requests of 800 bytes that all differ, each answered as a host has to. Benign: as many bytes in requests with one filling and the
time of sending in front, some of them larger to find the path's packet size, and a host that cuts its replies short.
"""

from __future__ import annotations

import struct
from functools import partial

from captures._device import begun
from captures._home import CAMERA, START_S, behind_router
from captures._writer import Capture, Host, checksum, with_checksum

REQUESTS, DATA_BYTES, EVERY_S = 40, 800, 1.0
FAR = behind_router("116.202.1.1", "2a01:4f8:1::1")
SHORT = behind_router("131.188.3.220", "2001:638:a000::1")


def _echo(capture: Capture, at_s: float, source: Host, target: Host, sequence: int, data: bytes, *, reply: bool) -> None:
    v6 = capture.ip_version == 6
    kind = (129 if reply else 128) if v6 else (0 if reply else 8)
    message = struct.pack(">BBHHH", kind, 0, 0, 0x4711, sequence) + data
    if v6:
        message = with_checksum(source.address(6), target.address(6), 58, message, 2)
    else:
        message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
    capture.ip(at_s, source, target, 58 if v6 else 1, message)


def _ping(capture: Capture, at_s: float, server: Host, sequence: int, data: bytes, *, returned: int = 1 << 16) -> None:
    _echo(capture, at_s, CAMERA, server, sequence, data, reply=False)
    _echo(capture, at_s + 0.02, server, CAMERA, sequence, data[:returned], reply=True)


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "icmp tunnelling")
    for number in range(REQUESTS):
        _ping(capture, 5.0 + EVERY_S * number, FAR, number, capture.noise(DATA_BYTES))
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "icmp tunnelling, benign")
    for number in range(REQUESTS):
        at_s = 5.0 + EVERY_S * number
        stamp = struct.pack("<QQ", START_S + int(at_s), capture.whole(0, 1_000_000))
        data = stamp + bytes(place % 256 for place in range(16, DATA_BYTES + 16 * (number % 8)))
        _ping(capture, at_s, FAR, number, data)
        _ping(capture, at_s + 0.5, SHORT, number, data, returned=64)
    return capture.pcap()


CAPTURES = {
    "icmp_tunnelling.pcap": partial(reported, ip_version=4),
    "icmp_tunnelling_v6.pcap": partial(reported, ip_version=6),
    "icmp_tunnelling_benign.pcap": partial(benign, ip_version=4),
    "icmp_tunnelling_benign_v6.pcap": partial(benign, ip_version=6),
}
