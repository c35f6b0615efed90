"""Case 6: datagrams on port 53 that are no DNS, and as many real questions with large answers.

Planted: 200 datagrams of 900 bytes that look random, to somebody outside. Harmless: 200 questions for the vendor's notes on releases, put to the
offered resolver, each answered with some 900 bytes of text.
"""

from __future__ import annotations

from captures._home import CAMERA, ROUTER
from captures._names import TXT, dns_message
from captures._vendor import STRANGER, case, started

DATAGRAMS, SIZE_BYTES, EVERY_S = 200, 900, 4.0
NOTE = b"release notes of the camera: brighter at night, quieter by day, and a bug less than before. "


def planted(*, ip_version: int) -> bytes:
    """200 datagrams of 900 bytes on port 53."""
    capture = started(ip_version, "case 6")
    for number in range(DATAGRAMS):
        capture.udp(10.0 + EVERY_S * number, CAMERA, 50_053, STRANGER, 53, capture.noise(SIZE_BYTES))
    return capture.pcap()


def harmless(*, ip_version: int) -> bytes:
    """200 DNS answers of 900 bytes."""
    capture = started(ip_version, "case 6, harmless")
    for number in range(DATAGRAMS):
        at_s, port, name = 10.0 + EVERY_S * number, capture.port(), f"release-{number % 10}.notes.vendor.example"
        texts = b"".join(bytes([200]) + (NOTE * 3)[:200] for _ in range(4))
        capture.udp(at_s, CAMERA, port, ROUTER, 53, dns_message(number + 1, 0x0100, [(name, TXT)]))
        answer = dns_message(number + 1, 0x8180, [(name, TXT)], [(name, TXT, 300, texts)])
        capture.udp(at_s + 0.02, ROUTER, 53, CAMERA, port, answer)
    return capture.pcap()


CAPTURES = case("case_06_port_53", planted, harmless)
