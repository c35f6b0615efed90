"""A camera whose encryption could be read or changed on the way, and one whose could not.

Reported, one party each: TLS 1.0 with RC4; a suite without encryption; an export-grade one; certificates that are signed by themselves, expired, for
another name of the same party, with a key of 1,024 bits, and signed over SHA-1.
Benign: TLS 1.2 with a sound certificate, TLS 1.3, the router's own page with a certificate signed by itself, and another such certificate on the
internet that the camera refuses.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from captures._certificates import Order, chain, issued
from captures._device import begun, found, uploads
from captures._home import CAMERA, ROUTER, behind_router
from captures._tls import application_data, client_hello, handshake, record, server_hello, shorts, vector
from captures._writer import Capture, Host, Turn

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
CONTENT = [(True, 3_000, 0.02), (False, 200, 0.03)]
TLS_1_0, TLS_1_2 = 0x0301, 0x0303
RC4, NULL, EXPORT, SOUND = 0x0005, 0x003B, 0x0003, 0xC02B


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "weak tls")
    agreed = [(TLS_1_0, RC4, "old.example"), (TLS_1_2, NULL, "null.example"), (TLS_1_2, EXPORT, "export.example")]
    for number, (version, suite, name) in enumerate(agreed):
        connects(capture, 2.0 + 3 * number, server(number), f"api.{name}", chain(f"api.{name}"), version=version, suite=suite)
    long_ago = datetime(2024, 1, 1, tzinfo=UTC)
    orders = {
        "selfsigned.example": Order(names=("api.selfsigned.example",), issuer="api.selfsigned.example"),
        "expired.example": Order(names=("api.expired.example",), valid_from=datetime(2023, 1, 1, tzinfo=UTC), valid_until=long_ago),
        "othername.example": Order(names=("www.othername.example",)),
        "shortkey.example": Order(names=("api.shortkey.example",), rsa_bits=1024),
        "sha1.example": Order(names=("api.sha1.example",), digest="sha1"),
    }
    for number, (name, order) in enumerate(orders.items()):
        connects(capture, 20.0 + 3 * number, server(10 + number), f"api.{name}", [issued(order)])
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "weak tls, benign")
    connects(capture, 2.0, INTERFACE, "api.cams.example", chain("*.cams.example"))
    uploads(capture, 5.0, INTERFACE, 3_000, "img.cams.example")
    by_itself = [issued(Order(names=("router.example",), issuer="router.example"))]
    exchange(capture, 9.0, replace(CAMERA, ipv6="fd00:0:0:50::50"), ROUTER, "", by_itself)
    known_s = found(capture, 12.0, server(1), "trap.cams.example")
    refused = turns(capture, "trap.cams.example", [issued(Order(names=("trap.cams.example",), issuer="trap.cams.example"))])[:2]
    capture.tcp(known_s + 0.01, CAMERA, server(1), 443, [*refused, Turn(True, record(21, b"\x02\x30"))], close="rst")
    return capture.pcap()


def server(number: int) -> Host:
    return behind_router(f"116.202.1.{1 + number}", f"2a01:4f8:1::{1 + number:x}")


def connects(
    capture: Capture, at_s: float, to: Host, name: str, certificates: Sequence[bytes], *, version: int = TLS_1_2, suite: int = SOUND
) -> None:
    """A lookup, and what follows."""
    exchange(capture, found(capture, at_s, to, name) + 0.01, CAMERA, to, name, certificates, version=version, suite=suite)


def exchange(capture: Capture, at_s: float, client: Host, to: Host, name: str, certificates: Sequence[bytes], *, version: int = TLS_1_2,
             suite: int = SOUND) -> None:  # fmt: skip
    said = [Turn(sent, application_data(capture, size), after_s) for sent, size, after_s in CONTENT]
    capture.tcp(at_s, client, to, 443, [*turns(capture, name, certificates, version=version, suite=suite), *said])


def turns(capture: Capture, name: str, certificates: Sequence[bytes], *, version: int = TLS_1_2, suite: int = SOUND) -> list[Turn]:
    """A handshake of an older version that agrees on `suite`, whose certificates stand in clear text."""
    hello = client_hello(capture, name, ("http/1.1",), highest=TLS_1_2)
    hello = hello[:4] + struct.pack(">H", version) + hello[6:]
    agreed = server_hello(capture, version=TLS_1_2)
    at = 4 + 35 + agreed[38]
    agreed = agreed[:4] + struct.pack(">H", version) + agreed[6:at] + struct.pack(">H", suite) + agreed[at + 2 :]
    exchanged = b"\x03" + shorts((0x001D,)) + vector(capture.noise(32), 1) + shorts((0x0807,)) + vector(capture.noise(64))
    listed = vector(b"".join(vector(one, 3) for one in certificates), 3)
    answer = [agreed, handshake(11, listed), handshake(12, exchanged), handshake(14, b"")]
    finished = record(20, b"\x01", version) + record(22, capture.noise(40), version)
    return [
        Turn(True, record(22, hello, 0x0301)),
        Turn(False, b"".join(record(22, message, version) for message in answer)),
        Turn(True, record(22, handshake(16, vector(capture.noise(32), 1)), version) + finished),
        Turn(False, finished),
    ]


CAPTURES = {
    "weak_tls.pcap": partial(reported, ip_version=4),
    "weak_tls_v6.pcap": partial(reported, ip_version=6),
    "weak_tls_benign.pcap": partial(benign, ip_version=4),
    "weak_tls_benign_v6.pcap": partial(benign, ip_version=6),
}
