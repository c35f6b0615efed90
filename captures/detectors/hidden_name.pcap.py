"""A camera that hides whom it talks to inside the handshake, and one whose library only fills hellos at random, as browsers do.

Reported: encrypted client hello with a configuration that DNS gave for `relay.tracking.example`, behind the name `front.content.example`; another
behind a name that is known to stand in for others; the draft's encrypted server name; a hello without any name.
Benign: the same extension with random content in hellos that show looked-up names, one of which DNS offers a configuration for but nobody used it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import partial

from captures._device import begun, found, uploads
from captures._home import CAMERA, ROUTER, behind_router
from captures._names import AAAA, A, Record, dns_message, name_bytes
from captures._tls import application_data, client_hello, extension, handshake, record, server_hello, vector
from captures._writer import Capture, Host, Turn, packed

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
HIDDEN = behind_router("116.202.1.1", "2a01:4f8:1::1")
EDGE = behind_router("104.18.10.118", "2606:4700::6812:a76")
HTTPS, ECH, ESNI = 65, 0xFE0D, 0xFFCE
FRONT, RELAY, NAME = "front.content.example", "relay.tracking.example", "api.cams.example"


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "hidden name")
    uploads(capture, 1.0, INTERFACE, 900, NAME)
    binding(capture, 4.0, RELAY, FRONT, HIDDEN)
    connects(capture, 5.0, HIDDEN, FRONT, ech(capture))
    connects(capture, 9.0, EDGE, "cloudflare-ech.com", ech(capture))
    connects(capture, 13.0, HIDDEN, "", extension(ESNI, capture.noise(360)))
    connects(capture, 17.0, behind_router("116.202.1.2", "2a01:4f8:1::2"), "", b"")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "hidden name, benign")
    connects(capture, found(capture, 1.0, INTERFACE, NAME) + 0.01, INTERFACE, NAME, ech(capture))
    binding(capture, 4.0, "img.cams.example", FRONT, INTERFACE)
    connects(capture, found(capture, 5.0, INTERFACE, "img.cams.example") + 0.01, INTERFACE, "img.cams.example", ech(capture))
    return capture.pcap()


def configuration(capture: Capture, public_name: str) -> bytes:
    """An ECHConfigList of one (RFC 9849 section 4): X25519, HKDF-SHA256, AES-128-GCM."""
    body = b"\x07" + struct.pack(">H", 0x0020) + vector(capture.noise(32)) + vector(struct.pack(">HH", 1, 1)) + b"\x40"
    return vector(struct.pack(">H", ECH) + vector(body + vector(public_name.encode(), 1) + vector(b"")))


def ech(capture: Capture) -> bytes:
    """The outer hello's extension: what is inside cannot be told from random bytes, and often is random bytes."""
    return extension(ECH, b"\x00" + struct.pack(">HHB", 1, 1, 7) + vector(capture.noise(32)) + vector(capture.noise(208)))


def binding(capture: Capture, at_s: float, name: str, public_name: str, server: Host) -> None:
    """An HTTPS record with address hint and configuration (RFC 9460, RFC 9848), and the address itself."""
    address = packed(server.address(capture.ip_version))
    hint = struct.pack(">H", 4 if capture.ip_version == 4 else 6) + vector(address)
    offered = struct.pack(">H", 5) + vector(configuration(capture, public_name))
    parameters = [struct.pack(">H", 1) + vector(vector(b"h2", 1)), *((hint, offered) if capture.ip_version == 4 else (offered, hint))]
    answers(capture, at_s, name, HTTPS, [(name, HTTPS, 300, b"\x00\x01" + name_bytes("") + b"".join(parameters))])
    kind = A if capture.ip_version == 4 else AAAA
    answers(capture, at_s + 0.1, name, kind, [(name, kind, 300, address)])


def answers(capture: Capture, at_s: float, name: str, kind: int, records: Sequence[Record]) -> None:
    number, port = capture.whole(1, 65_536), capture.port()
    capture.udp(at_s, CAMERA, port, ROUTER, 53, dns_message(number, 0x0100, [(name, kind)]))
    capture.udp(at_s + 0.01, ROUTER, 53, CAMERA, port, dns_message(number, 0x8180, [(name, kind)], records))


def connects(capture: Capture, at_s: float, server: Host, name: str, more: bytes) -> None:
    """TLS 1.3 with `more` extensions at the end of the hello, and 9 kB up."""
    body = client_hello(capture, name, ("h2",))[4:]
    at = 34 + 1 + body[34]
    at += 2 + int.from_bytes(body[at : at + 2])
    at += 1 + body[at]
    hello = handshake(1, body[:at] + vector(body[at + 2 :] + more))
    change = record(20, b"\x01")
    turns = [
        Turn(True, record(22, hello, 0x0301)),
        Turn(False, record(22, server_hello(capture)) + change + application_data(capture, 2_900)),
        Turn(True, change + record(23, capture.noise(53)) + application_data(capture, 9_000)),
        Turn(False, application_data(capture, 300), 0.03),
    ]
    capture.tcp(at_s, CAMERA, server, 443, turns)


CAPTURES = {
    "hidden_name.pcap": partial(reported, ip_version=4),
    "hidden_name_v6.pcap": partial(reported, ip_version=6),
    "hidden_name_benign.pcap": partial(benign, ip_version=4),
    "hidden_name_benign_v6.pcap": partial(benign, ip_version=6),
}
