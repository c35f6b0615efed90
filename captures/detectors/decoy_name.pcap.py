"""A camera that shows its vendor's names to somebody else, and one whose vendor's addresses merely rotate.

Reported: `api.cams.example` is looked up, and then shown by TLS, QUIC and as HTTP host to an address in another organisation's network, which gets
most of the bytes; `time.cams.example` gets a certificate that is for `relay.tracking.example`.
Benign: the same name at every address of two answers, at a third one of the same network that the capture saw no answer for, and before the first
lookup; a certificate for a wildcard of the name.
"""

from __future__ import annotations

from functools import partial

from captures._certificates import chain
from captures._device import begun, found, uploads
from captures._home import CAMERA, behind_router
from captures._quic import crypto_frame, initial, parameter
from captures._tls import client_hello, tls12_turns, tls13
from captures._writer import Capture, Host, Turn

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
ROTATED = behind_router("52.28.0.20", "2a05:d014:1::20")
NEVER_ANSWERED = behind_router("52.28.0.30", "2a05:d014:1::30")
STRANGER = behind_router("116.202.1.1", "2a01:4f8:1::1")
NAME, TIMES, IMAGES, MEDIA = "api.cams.example", "time.cams.example", "img.cams.example", "media.cams.example"


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "decoy name")
    uploads(capture, 2.0, INTERFACE, 900, NAME)
    tls13(capture, 5.0, CAMERA, STRANGER, NAME, [(True, 90_000, 0.02), (False, 200, 0.03)])
    found(capture, 9.0, INTERFACE, IMAGES)
    body = capture.noise(20_000)
    head = f"POST /v1/events HTTP/1.1\r\nHost: {IMAGES}\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    capture.tcp(10.0, CAMERA, STRANGER, 80, [Turn(True, head.encode() + body), Turn(False, b"HTTP/1.1 204 No Content\r\n\r\n", 0.03)])
    found(capture, 14.0, INTERFACE, MEDIA)
    quic(capture, 15.0, STRANGER, MEDIA, datagrams=20)
    capture.tcp(20.0, CAMERA, STRANGER, 443, tls12_turns(capture, TIMES, chain("relay.tracking.example"), [(True, 5_000, 0.02)]))
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "decoy name, benign")
    tls13(capture, 1.0, CAMERA, ROTATED, NAME, [(True, 4_000, 0.02), (False, 200, 0.03)])
    uploads(capture, 4.0, INTERFACE, 900, NAME)
    uploads(capture, 7.0, ROTATED, 30_000, NAME)
    tls13(capture, 10.0, CAMERA, INTERFACE, NAME, [(True, 30_000, 0.02), (False, 200, 0.03)])
    tls13(capture, 13.0, CAMERA, NEVER_ANSWERED, NAME, [(True, 30_000, 0.02), (False, 200, 0.03)])
    known_s = found(capture, 16.0, INTERFACE, TIMES)
    capture.tcp(known_s + 0.01, CAMERA, INTERFACE, 443, tls12_turns(capture, TIMES, chain("*.cams.example"), [(True, 5_000, 0.02)]))
    return capture.pcap()


def quic(capture: Capture, at_s: float, server: Host, name: str, *, datagrams: int) -> None:
    """Both Initial packets, then datagrams behind a short header."""
    port = capture.port()
    first, client, answering = capture.noise(8), capture.noise(5), capture.noise(8)
    hello = client_hello(capture, name, ("h3",), quic=parameter(1, b"\x80\x00\x75\x30") + parameter(0x0F, client))
    capture.udp(at_s, CAMERA, port, server, 443, initial(first, client, first, crypto_frame(hello), side="client"))
    capture.udp(at_s + 0.02, server, 443, CAMERA, port, initial(client, answering, first, crypto_frame(capture.noise(90)), side="server"))
    for number in range(datagrams):
        capture.udp(at_s + 0.03 + 0.002 * number, CAMERA, port, server, 443, b"\x40" + answering + capture.noise(1_100))
    capture.udp(at_s + 0.1, server, 443, CAMERA, port, b"\x40" + client + capture.noise(60))


CAPTURES = {
    "decoy_name.pcap": partial(reported, ip_version=4),
    "decoy_name_v6.pcap": partial(reported, ip_version=6),
    "decoy_name_benign.pcap": partial(benign, ip_version=4),
    "decoy_name_benign_v6.pcap": partial(benign, ip_version=6),
}
