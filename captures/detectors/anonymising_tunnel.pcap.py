"""A camera that sends its traffic through tunnels of every kind, and one with other traffic that looks nearly the same.

Reported, one far end each: WireGuard, OpenVPN, IPsec behind NAT traversal, L2TP, PPTP with GRE, a SOCKS proxy, an HTTP proxy, a long SSH session, and
links of Tor.
Benign: a call (STUN, and media with sequence numbers), QUIC whose datagrams have the sizes of tunnels' handshakes, a short SSH session, and
WireGuard to the router.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import partial

from captures._certificates import Order, issued
from captures._device import begun, found, uploads
from captures._home import CAMERA, CAMERA_INSIDE, ROUTER, behind_router
from captures._quic import crypto_frame, initial, parameter
from captures._tls import client_hello, tls12_turns
from captures._writer import Capture, Host, Turn

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
WIREGUARD, OPENVPN, IPSEC, L2TP, PPTP, SOCKS, PROXY, SSH, TOR, PEER = (
    behind_router(f"116.202.1.{1 + number}", f"2a01:4f8:1::{1 + number:x}") for number in range(10)
)
MARKER = bytes(4)
BANNER = b"SSH-2.0-dropbear_2022.83\r\n"


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "anonymising tunnel")
    uploads(capture, 1.0, INTERFACE, 900, "api.cams.example")
    wireguard(capture, 5.0, CAMERA, WIREGUARD)
    openvpn(capture, 10.0, OPENVPN)
    ipsec(capture, 15.0, IPSEC)
    l2tp(capture, 20.0, L2TP)
    pptp(capture, 25.0, PPTP)
    host = b"\x05\x01\x00\x03\x0drelay.example\x01\xbb"
    capture.tcp(30.0, CAMERA, SOCKS, 1080, [Turn(True, b"\x05\x01\x00"), Turn(False, b"\x05\x00"), Turn(True, host),
                Turn(False, b"\x05\x00\x00\x01" + bytes(6)), Turn(True, capture.noise(900)), Turn(False, capture.noise(400))])  # fmt: skip
    request = b"CONNECT relay.example:443 HTTP/1.1\r\nHost: relay.example:443\r\n\r\n"
    granted = b"HTTP/1.1 200 Connection established\r\n\r\n"
    capture.tcp(
        35.0, CAMERA, PROXY, 3128, [Turn(True, request), Turn(False, granted), Turn(True, capture.noise(900)), Turn(False, capture.noise(400))]
    )
    ssh(capture, 40.0, SSH, beats=12, every_s=60.0)
    for number, name in enumerate(("www.kb3vqx5dtr7m.com", "www.hx42bqlwz6.net")):
        made_up = issued(Order(names=(f"www.{'q7dmx2vbzk' if number else 'l5xvysfn3vkb'}.net",), issuer="www.ad3uyc7drf5m.com", bare=True))
        turns = tls12_turns(capture, name, [made_up], [(True, 3_000, 0.02), (False, 3_000, 0.03)], protocols=())
        capture.tcp(45.0 + number, CAMERA, TOR, 9001, turns)
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "anonymising tunnel, benign")
    uploads(capture, 1.0, INTERFACE, 900, "api.cams.example")
    wireguard(capture, 5.0, CAMERA_INSIDE, replace(ROUTER, ttl=64))
    ssh(capture, found(capture, 10.0, INTERFACE, "api.cams.example") + 0.01, INTERFACE, beats=2, every_s=1.0)
    quic(capture, 15.0, INTERFACE, "api.cams.example")
    call(capture, 20.0, found(capture, 19.0, PEER, "calls.cams.example"))
    return capture.pcap()


def exchange(capture: Capture, at_s: float, client: Host, port: int, server: Host, server_port: int, pairs: list[tuple[bytes, bytes]]) -> None:
    """Datagrams there and back."""
    for number, (there, back) in enumerate(pairs):
        capture.udp(at_s + 0.1 * number, client, port, server, server_port, there)
        capture.udp(at_s + 0.1 * number + 0.03, server, server_port, client, port, back)


def wireguard(capture: Capture, at_s: float, client: Host, server: Host) -> None:
    """Handshake, then data both ways."""
    mine, theirs = capture.noise(4), capture.noise(4)
    pairs = [
        (
            b"\x01" + bytes(3) + mine + capture.noise(108) + capture.noise(16) + bytes(16),
            b"\x02" + bytes(3) + theirs + mine + capture.noise(64) + bytes(16),
        )
    ]
    for counter in range(10):
        count = struct.pack("<Q", counter)
        head = b"\x04" + bytes(3)
        pairs.append((head + theirs + count + capture.noise(144), head + mine + count + capture.noise(80)))
    exchange(capture, at_s, client, 51_820, server, 51_820, pairs)


def openvpn(capture: Capture, at_s: float, server: Host) -> None:
    """Resets without authentication, acknowledgement, data."""
    mine, theirs = capture.noise(8), capture.noise(8)
    pairs = [(b"\x38" + mine + bytes(5), b"\x40" + theirs + b"\x01" + bytes(4) + mine + bytes(4))]
    pairs += [(b"\x48" + bytes(3) + capture.noise(200), b"\x48" + bytes(3) + capture.noise(120)) for _ in range(6)]
    exchange(capture, at_s, CAMERA, capture.port(), server, 1194, pairs)


def ipsec(capture: Capture, at_s: float, server: Host) -> None:
    """The first exchange of IKEv2, the second behind the marker, and the tunnel's packets on the same ports."""
    mine, theirs = capture.noise(8), capture.noise(8)

    def message(responder: bytes, exchange_type: int, flags: int, number: int, size: int) -> bytes:
        return (
            mine
            + responder
            + struct.pack(">BBBBII", 33 if exchange_type == 34 else 46, 0x20, exchange_type, flags, number, 28 + size)
            + capture.noise(size)
        )

    exchange(capture, at_s, CAMERA, 500, server, 500, [(message(bytes(8), 34, 8, 0, 300), message(theirs, 34, 0x20, 0, 280))])
    pairs = [(MARKER + message(theirs, 35, 8, 1, 240), MARKER + message(theirs, 35, 0x20, 1, 220))]
    pairs += [
        (b"\xc1\x02\x03\x04" + struct.pack(">I", 1 + n) + capture.noise(120), b"\xc4\x03\x02\x01" + struct.pack(">I", 1 + n) + capture.noise(90))
        for n in range(6)
    ]
    exchange(capture, at_s + 1, CAMERA, 4500, server, 4500, pairs)


def l2tp(capture: Capture, at_s: float, server: Host) -> None:
    """A tunnel is asked for and granted."""

    def message(tunnel: int, sequence: tuple[int, int], kind: int) -> bytes:
        attributes = (
            b"\x80\x08" + bytes(4) + struct.pack(">H", kind) + b"\x80\x08" + bytes(3) + b"\x02\x01\x00" + b"\x80\x08" + bytes(3) + b"\x09\x00\x07"
        )
        return struct.pack(">BBHHHHH", 0xC8, 2, 12 + len(attributes), tunnel, 0, *sequence) + attributes

    pairs = [(message(0, (0, 0), 1), message(7, (0, 1), 2)), (message(9, (1, 1), 3), struct.pack(">BBHHHHH", 0xC8, 2, 12, 7, 0, 1, 2))]
    exchange(capture, at_s, CAMERA, 1701, server, 1701, pairs)


def pptp(capture: Capture, at_s: float, server: Host) -> None:
    """The control connection, and the tunnel beside it."""
    ask = struct.pack(">HHIHH", 156, 1, 0x1A2B3C4D, 1, 0) + b"\x01\x00" + bytes(142)
    grant = struct.pack(">HHIHH", 156, 1, 0x1A2B3C4D, 2, 0) + b"\x01\x00\x01\x00" + bytes(140)
    capture.tcp(at_s, CAMERA, server, 1723, [Turn(True, ask), Turn(False, grant)], close="open")
    for number in range(6):
        body = capture.noise(100)
        capture.ip(at_s + 1 + 0.1 * number, CAMERA, server, 47, struct.pack(">HHHHI", 0x3001, 0x880B, len(body), 7, number) + body)
        capture.ip(at_s + 1.05 + 0.1 * number, server, CAMERA, 47, struct.pack(">HHHHI", 0x3001, 0x880B, len(body), 9, number) + body)


def ssh(capture: Capture, at_s: float, server: Host, *, beats: int, every_s: float) -> None:
    turns = [Turn(True, BANNER), Turn(False, BANNER), Turn(True, capture.noise(600)), Turn(False, capture.noise(500))]
    for _ in range(beats):
        turns += [Turn(False, capture.noise(52), every_s), Turn(True, capture.noise(84))]
    capture.tcp(at_s, CAMERA, server, 22, turns)


def quic(capture: Capture, at_s: float, server: Host, name: str) -> None:
    port = capture.port()
    first, client, answering = capture.noise(8), capture.noise(5), capture.noise(8)
    hello = client_hello(capture, name, ("h3",), quic=parameter(1, b"\x80\x00\x75\x30") + parameter(0x0F, client))
    capture.udp(at_s, CAMERA, port, server, 443, initial(first, client, first, crypto_frame(hello), side="client"))
    capture.udp(at_s + 0.02, server, 443, CAMERA, port, initial(client, answering, first, crypto_frame(capture.noise(90)), side="server"))
    sizes = ((26, 54), (148, 92), (64, 42), (54, 86))
    pairs = [(b"\x40" + answering + capture.noise(there - 9), b"\x40" + client + capture.noise(back - 6)) for there, back in sizes]
    exchange(capture, at_s + 0.1, CAMERA, port, server, 443, pairs)


def call(capture: Capture, at_s: float, known_s: float) -> None:
    """A binding, and media with sequence numbers, as real-time transport has them (RFC 3550), in sizes that WireGuard has too."""
    port, number = capture.port(), capture.noise(12)
    ask, answer = (struct.pack(">HHI", kind, 0, 0x2112A442) + number for kind in (0x0001, 0x0101))
    exchange(capture, max(at_s, known_s), CAMERA, port, PEER, 40_000, [(ask, answer)])
    media = [(struct.pack(">BBHII", 0x80, 0x60, n, 160 * n, 0x04000000) + capture.noise(136 if n % 2 else 80),
              struct.pack(">BBHII", 0x80, 0x60, n, 160 * n, 0x01000000) + capture.noise(80)) for n in range(12)]  # fmt: skip
    exchange(capture, at_s + 0.5, CAMERA, port, PEER, 40_000, media)


CAPTURES = {
    "anonymising_tunnel.pcap": partial(reported, ip_version=4),
    "anonymising_tunnel_v6.pcap": partial(reported, ip_version=6),
    "anonymising_tunnel_benign.pcap": partial(benign, ip_version=4),
    "anonymising_tunnel_benign_v6.pcap": partial(benign, ip_version=6),
}
