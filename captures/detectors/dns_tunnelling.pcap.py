"""A camera that carries data in names below its vendor's own domain, and one that only looks names up, long ones too.

Reported: sixty TXT queries, a minute apart, whose labels are 20 bytes each in base32, 0.3 bytes/s. Benign: as many look-ups of a few TXT records, a
list of bad addresses and a virus scanner's list of hashes that answer within 127.0.0.0/8, and a content network's numbered servers, then contacted.
"""

from __future__ import annotations

from base64 import b32encode
from functools import partial

from captures._device import begun, uploads
from captures._home import CAMERA, ROUTER, behind_router
from captures._names import TXT, A, dns_message
from captures._writer import Capture

NAMES, DATA_BYTES, EVERY_S = 60, 20, 60.0
EDGE = behind_router("151.101.1.10", "2a04:4e42::10")
NOT_FOUND, FOUND = 0x8183, 0x8180


def _ask(capture: Capture, at_s: float, name: str, kind: int, flags: int, data: bytes = b"") -> None:
    number, port, question = capture.whole(1, 65_536), capture.port(), [(name, kind)]
    answers = [(name, kind, 0, data)] if flags == FOUND else []
    capture.udp(at_s, CAMERA, port, ROUTER, 53, dns_message(number, 0x0100, question))
    capture.udp(at_s + 0.02, ROUTER, 53, CAMERA, port, dns_message(number, flags, question, answers))


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "dns tunnelling")
    for number in range(NAMES):
        label = b32encode(capture.noise(DATA_BYTES)).decode().lower()
        _ask(capture, 5.0 + EVERY_S * number, f"{label}.t.cams.example", TXT, FOUND, b"\x02ok")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "dns tunnelling, benign")
    for number in range(NAMES):
        at_s = 5.0 + EVERY_S * number
        _ask(capture, at_s, f"settings-{number % 4}.cams.example", TXT, FOUND, b"\x20" + b"v=settings1 region=europe ttl=60")
        _ask(capture, at_s + 1, ".".join(str(byte) for byte in capture.noise(4)) + ".addresses.lists.example", A, NOT_FOUND)
        hashed = f"{capture.noise(16).hex()}.hashes.lists.example"
        _ask(capture, at_s + 2, hashed, A, *((FOUND, b"\x7f\x00\x00\x04") if number % 3 == 0 else (NOT_FOUND,)))
        if number % 3 == 0:
            uploads(capture, at_s + 3, EDGE, 300, f"r{number}---sn-{capture.noise(5).hex()}.edge.example")
    return capture.pcap()


CAPTURES = {
    "dns_tunnelling.pcap": partial(reported, ip_version=4),
    "dns_tunnelling_v6.pcap": partial(reported, ip_version=6),
    "dns_tunnelling_benign.pcap": partial(benign, ip_version=4),
    "dns_tunnelling_benign_v6.pcap": partial(benign, ip_version=6),
}
