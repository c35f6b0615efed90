"""A camera that answers on ports that nobody declared, and one that answers where it said it would.

Reported: an outside host gets an answer on TCP 9527, a phone in the home on UDP 34567 after a silence, and an outside host on TCP 554, which is
declared for the home alone. Benign: the phone watches over TCP 554, the vendor calls TCP 8443 as declared, and strangers get no answer.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, CAMERA_INSIDE, PHONE_INSIDE, behind_router
from captures._tls import tls13
from captures._writer import Capture, Turn

VENDOR = behind_router("116.202.1.1", "2a01:4f8:1::1")
STRANGER = behind_router("116.203.1.77", "2a01:4f9:1::77")
ODD_PORT, STREAM_PORT, VENDOR_PORT, DATAGRAM_PORT = 9_527, 554, 8_443, 34_567
AFTER_SILENCE_S = 400.0


def stream() -> list[Turn]:
    """What a player asks a camera first (RFC 2326)."""
    asks = b"OPTIONS rtsp://camera/live RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: player/1.0\r\n\r\n"
    return [Turn(True, asks), Turn(False, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n")]


def ordinary(capture: Capture) -> None:
    """What both do: the camera calls its vendor."""
    tls13(
        capture, found(capture, 2.0, VENDOR, "api.cams.example") + 0.002, CAMERA, VENDOR, "api.cams.example", [(True, 900, 0.02), (False, 300, 0.03)]
    )


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "undeclared listener")
    ordinary(capture)
    capture.tcp(20.0, STRANGER, CAMERA, ODD_PORT, [Turn(True, b"\xa0\x01" + capture.noise(30)), Turn(False, b"\xa1\x01" + capture.noise(120))])
    capture.tcp(30.0, STRANGER, CAMERA, STREAM_PORT, stream())
    port = capture.port()
    for number in range(3):
        capture.udp(AFTER_SILENCE_S + number, PHONE_INSIDE, port, CAMERA_INSIDE, DATAGRAM_PORT, b"\xff\x01" + capture.noise(40))
        capture.udp(AFTER_SILENCE_S + number + 0.01, CAMERA_INSIDE, DATAGRAM_PORT, PHONE_INSIDE, port, b"\xff\x02" + capture.noise(60))
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "undeclared listener, benign")
    ordinary(capture)
    for number, port in enumerate((23, 80, ODD_PORT, STREAM_PORT)):
        capture.syn(20.0 + number, STRANGER, CAMERA, port)
    capture.tcp(30.0, PHONE_INSIDE, CAMERA_INSIDE, STREAM_PORT, stream(), rtt_s=0.002)
    tls13(capture, 40.0, VENDOR, CAMERA, "", [(True, 200, 0.02), (False, 600, 0.03)], port=VENDOR_PORT)
    capture.udp(AFTER_SILENCE_S, STRANGER, capture.port(), CAMERA, DATAGRAM_PORT, b"\xff\x01" + capture.noise(40))
    return capture.pcap()


CAPTURES = {
    "undeclared_listener.pcap": partial(reported, ip_version=4),
    "undeclared_listener_v6.pcap": partial(reported, ip_version=6),
    "undeclared_listener_benign.pcap": partial(benign, ip_version=4),
    "undeclared_listener_benign_v6.pcap": partial(benign, ip_version=6),
}
