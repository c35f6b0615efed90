"""A camera that uploads whenever a stranger sends it a packet, and one that uploads when it likes.

Reported: four times a single datagram from outside, which the camera does not answer, and a second later an upload to a third party. Benign: as many
datagrams and as many uploads, to the declared vendor, that have nothing to do with each other.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, uploads
from captures._home import CAMERA, behind_router
from captures._writer import Capture

VENDOR = behind_router("116.202.1.1", "2a01:4f8:1::1")
STRANGER = behind_router("116.203.1.77", "2a01:4f9:1::77")
COLLECTOR = behind_router("116.204.1.9", "2a01:4fa:1::9")
TIMES, FIRST_S, EVERY_S = 4, 400.0, 700.0
UPLOAD_BYTES, KNOCK_PORT = 52_000, 40_123


def knock(capture: Capture, at_s: float) -> None:
    capture.udp(at_s, STRANGER, capture.port(), CAMERA, KNOCK_PORT, b"\x13\x37" + capture.noise(22))


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "remote trigger")
    for number in range(TIMES):
        at_s = FIRST_S + EVERY_S * number + capture.between(0, 60)
        knock(capture, at_s)
        uploads(capture, at_s + capture.between(0.5, 2.0), COLLECTOR, UPLOAD_BYTES, "drop.collector.example")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "remote trigger, benign")
    for number in range(TIMES):
        at_s = FIRST_S + EVERY_S * number
        knock(capture, at_s + capture.between(0, 60))
        uploads(capture, at_s + capture.between(200, 500), VENDOR, UPLOAD_BYTES, "clips.cams.example")
    return capture.pcap()


CAPTURES = {
    "remote_trigger.pcap": partial(reported, ip_version=4),
    "remote_trigger_v6.pcap": partial(reported, ip_version=6),
    "remote_trigger_benign.pcap": partial(benign, ip_version=4),
    "remote_trigger_benign_v6.pcap": partial(benign, ip_version=6),
}
