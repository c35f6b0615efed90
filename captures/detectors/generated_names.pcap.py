"""A camera that tries computed names, and one whose names merely do not exist.

Reported: twenty domains of twelve random letters, none of which exists. Benign: as many look-ups of words that do not exist, of names in the local
network, and of random names below one domain.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun
from captures._home import CAMERA, ROUTER
from captures._names import AAAA, A, dns_message
from captures._writer import Capture

NAMES, EVERY_S, NOT_FOUND = 20, 4.0, 0x8183
WORDS = ("garden", "kitchen", "window", "street", "station")


def _letters(capture: Capture, size: int) -> str:
    return "".join(chr(ord("a") + byte % 26) for byte in capture.noise(size))


def _denied(capture: Capture, at_s: float, name: str) -> None:
    number, port, question = capture.whole(1, 65_536), capture.port(), [(name, A if capture.ip_version == 4 else AAAA)]
    capture.udp(at_s, CAMERA, port, ROUTER, 53, dns_message(number, 0x0100, question))
    capture.udp(at_s + 0.02, ROUTER, 53, CAMERA, port, dns_message(number, NOT_FOUND, question))


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "generated names")
    for number in range(NAMES):
        _denied(capture, 5.0 + EVERY_S * number, f"{_letters(capture, 12)}.{('com', 'net', 'org')[number % 3]}")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "generated names, benign")
    for number in range(NAMES):
        at_s = 5.0 + EVERY_S * number
        _denied(capture, at_s, f"{WORDS[number % 5]}{WORDS[number // 5]}.com")
        _denied(capture, at_s + 1, f"{_letters(capture, 10)}.lan")
        _denied(capture, at_s + 2, f"{_letters(capture, 10)}.cams.example")
        _denied(capture, at_s + 3, _letters(capture, 10))
    return capture.pcap()


CAPTURES = {
    "generated_names.pcap": partial(reported, ip_version=4),
    "generated_names_v6.pcap": partial(reported, ip_version=6),
    "generated_names_benign.pcap": partial(benign, ip_version=4),
    "generated_names_benign_v6.pcap": partial(benign, ip_version=6),
}
