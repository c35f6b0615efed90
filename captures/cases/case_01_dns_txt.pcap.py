"""Case 1: data leaves in names below an allowed wildcard, and as many TXT queries that carry none.

Planted: 400 TXT queries, five seconds apart, whose first label is 30 bytes in base32. Harmless: 400 TXT queries at the same pace for the settings
of eight functions, asked again and again.
"""

from __future__ import annotations

from base64 import b32encode

from captures._home import CAMERA, ROUTER
from captures._names import TXT, dns_message
from captures._vendor import case, started
from captures._writer import Capture

QUERIES, EVERY_S, DATA_BYTES = 400, 5.0, 30


def _ask(capture: Capture, at_s: float, name: str, text: bytes) -> None:
    number, port, question = capture.whole(1, 65_536), capture.port(), [(name, TXT)]
    capture.udp(at_s, CAMERA, port, ROUTER, 53, dns_message(number, 0x0100, question))
    answers = [(name, TXT, 5, bytes([len(text)]) + text)]
    capture.udp(at_s + 0.02, ROUTER, 53, CAMERA, port, dns_message(number, 0x8180, question, answers))


def planted(*, ip_version: int) -> bytes:
    """400 TXT queries with 30 bytes of data in each name."""
    capture = started(ip_version, "case 1")
    for number in range(QUERIES):
        label = b32encode(capture.noise(DATA_BYTES)).decode().lower()
        _ask(capture, 10.0 + EVERY_S * number, f"{label}.{number}.t.vendor.example", b"ok")
    return capture.pcap()


def harmless(*, ip_version: int) -> bytes:
    """400 TXT queries for the settings of eight functions."""
    capture = started(ip_version, "case 1, harmless")
    for number in range(QUERIES):
        _ask(capture, 10.0 + EVERY_S * number, f"function-{number % 8}.settings.camera-c1.vendor.example", b"v=1 on=yes")
    return capture.pcap()


CAPTURES = case("case_01_dns_txt", planted, harmless)
