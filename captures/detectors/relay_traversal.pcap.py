"""A camera that can be reached from anywhere, and one whose user makes a call.

Reported: the camera registers with a server by PPPP, is told of a viewer, both punch a hole, and it sends the viewer a video; then it sends more over
a relay of TURN, to a peer by ICE as well. Benign: a call over the relay that is declared, PPPP with the phone in the same home, and a question for
the camera's own outer address.
"""

from __future__ import annotations

import struct
from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, CAMERA_INSIDE, PHONE_INSIDE, behind_router
from captures._writer import Capture, Host, packed

COOKIE = 0x2112A442
REQUEST, SUCCESS, ERROR = 0x000, 0x100, 0x110
BINDING, ALLOCATE, PERMISSION, CHANNEL = 1, 3, 8, 9
INTRODUCER = behind_router("198.51.100.30", "2001:db8:30::30")
VIEWER = behind_router("203.0.113.77", "2001:db8:77::77")
RELAY = behind_router("198.51.100.31", "2001:db8:31::31")
CALL_RELAY = behind_router("116.202.1.3", "2a01:4f8:1::3")
PPPP_PORT, STUN_PORT = 32_100, 3_478
VIDEO_PACKETS = 60


def pppp(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack(">BBH", 0xF1, kind, len(payload)) + payload


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


def stun(capture: Capture, kind: int, *attributes: bytes, transaction: bytes = b"") -> bytes:
    """A message of RFC 8489."""
    body = b"".join(attributes)
    return struct.pack(">HHI", kind, len(body), COOKIE) + (transaction or capture.noise(12)) + body


def masked(capture: Capture, kind: int, host: Host, port: int, transaction: bytes) -> bytes:
    """An address as STUN writes it, XORed with cookie and transaction."""
    address = packed(host.address(capture.ip_version))
    mask = COOKIE.to_bytes(4, "big") + transaction
    value = bytes(byte ^ key for byte, key in zip(address, mask, strict=False))
    return attribute(kind, struct.pack(">BBH", 0, 1 if len(address) == 4 else 2, port ^ COOKIE >> 16) + value)


def asks(capture: Capture, at_s: float, port: int, server: Host, method: int, *attributes: bytes, gives: tuple[int, ...] = ()) -> None:
    """A request and its success, which holds the camera's outer address under each of `gives`."""
    transaction = capture.noise(12)
    capture.udp(at_s, CAMERA, port, server, STUN_PORT, stun(capture, REQUEST | method, *attributes, transaction=transaction))
    told = [masked(capture, kind, server, 50_000 + kind, transaction) for kind in gives]
    capture.udp(at_s + 0.02, server, STUN_PORT, CAMERA, port, stun(capture, SUCCESS | method, *told, transaction=transaction))


def relayed(capture: Capture, at_s: float, relay: Host, name: str) -> None:
    """An allocation, refused once and then granted, and data in a channel (RFC 8656 sections 7 and 12)."""
    at_s, port = found(capture, at_s, relay, name) + 0.01, capture.port()
    capture.udp(at_s, CAMERA, port, relay, STUN_PORT, stun(capture, ALLOCATE, attribute(0x19, b"\x11\0\0\0")))
    refusal = stun(capture, ERROR | ALLOCATE, attribute(9, b"\0\0\x04\x01"), attribute(0x14, b"cams.example"), attribute(0x15, b"once"))
    capture.udp(at_s + 0.02, relay, STUN_PORT, CAMERA, port, refusal)
    asks(capture, at_s + 0.05, port, relay, ALLOCATE, attribute(0x19, b"\x11\0\0\0"), attribute(6, b"camera"), gives=(0x16, 0x20))
    asks(capture, at_s + 0.1, port, relay, CHANNEL, attribute(0x0C, b"\x40\0\0\0"))
    for number in range(VIDEO_PACKETS):
        capture.udp(at_s + 0.2 + 0.03 * number, CAMERA, port, relay, STUN_PORT, struct.pack(">HH", 0x4000, 800) + capture.noise(800))


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "relay traversal")
    known_s, port = found(capture, 10.0, INTRODUCER, "p2p.views.example"), capture.port()
    for kind, answer in ((0x00, 0x01), (0x10, 0x11)):
        known_s += 0.5
        capture.udp(known_s, CAMERA, port, INTRODUCER, PPPP_PORT, pppp(kind, bytes(20) if kind else b""))
        capture.udp(known_s + 0.02, INTRODUCER, PPPP_PORT, CAMERA, port, pppp(answer, bytes(16)))
    capture.udp(40.0, INTRODUCER, PPPP_PORT, CAMERA, port, pppp(0x40, bytes(16)))
    for number in range(3):
        capture.udp(40.1 + 0.1 * number, CAMERA, port, VIEWER, 41_234, pppp(0x41, bytes(20)))
    capture.udp(40.45, VIEWER, 41_234, CAMERA, port, pppp(0x41, bytes(20)))
    for number in range(VIDEO_PACKETS):
        capture.udp(41.0 + 0.05 * number, CAMERA, port, VIEWER, 41_234, pppp(0xD0, struct.pack(">BBH", 0xD1, 1, number) + capture.noise(900)))
        capture.udp(41.02 + 0.05 * number, VIEWER, 41_234, CAMERA, port, pppp(0xD1, struct.pack(">BBHH", 0xD1, 1, 1, number)))
    relayed(capture, 80.0, RELAY, "relay.views.example")
    port = capture.port()
    for number in range(4):
        check = stun(capture, BINDING, attribute(6, b"abcd:efgh"), attribute(0x24, b"\x6e\0\x1e\xff"))
        capture.udp(100.0 + number, CAMERA, port, VIEWER, 45_678, check)
        capture.udp(100.1 + number, VIEWER, 45_678, CAMERA, port, check)
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "relay traversal, benign")
    relayed(capture, 20.0, CALL_RELAY, "turn.cams.example")
    port = capture.port()
    capture.udp(60.0, CAMERA_INSIDE, port, PHONE_INSIDE, 40_000, pppp(0x41, bytes(20)))
    for number in range(20):
        capture.udp(60.1 + 0.1 * number, CAMERA_INSIDE, port, PHONE_INSIDE, 40_000, pppp(0xD0, capture.noise(300)))
        capture.udp(60.15 + 0.1 * number, PHONE_INSIDE, 40_000, CAMERA_INSIDE, port, pppp(0xD1, bytes(8)))
    known_s = found(capture, 90.0, CALL_RELAY, "turn.cams.example")
    asks(capture, known_s + 0.1, capture.port(), CALL_RELAY, BINDING, gives=(0x20,))
    return capture.pcap()


CAPTURES = {
    "relay_traversal.pcap": partial(reported, ip_version=4),
    "relay_traversal_v6.pcap": partial(reported, ip_version=6),
    "relay_traversal_benign.pcap": partial(benign, ip_version=4),
    "relay_traversal_benign_v6.pcap": partial(benign, ip_version=6),
}
