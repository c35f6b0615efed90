"""A camera that uploads while nobody uses it, and one that only sends heartbeats then.

Both upload a clip while the user looks at the picture. Reported: three more clips go to the same relay in the idle hour, and a few bytes to a
service that is declared for the interaction only. Benign: in the idle hour there is a heartbeat a minute.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, found, uploads
from captures._home import CAMERA, behind_router
from captures._tls import tls13
from captures._writer import Capture

RELAY = behind_router("116.202.1.1", "2a01:4f8:1::1")
SPEECH = behind_router("116.202.1.2", "2a01:4f8:1::2")
IDLE_S, BEATS = 900.0, 45
"""The user is there for the first ten minutes; the idle hour begins after a quarter of one."""


def in_use(ip_version: int, seed: str) -> Capture:
    capture = begun(ip_version, seed)
    uploads(capture, 60.0, RELAY, 20_000, "relay.cams.example")
    uploads(capture, 90.0, SPEECH, 3_000, "speech.cams.example")
    return capture


def reported(*, ip_version: int) -> bytes:
    capture = in_use(ip_version, "idle upload")
    for number in range(3):
        uploads(capture, IDLE_S + 300 + 600 * number, RELAY, 20_000, "relay.cams.example")
    uploads(capture, IDLE_S + 2000, SPEECH, 600, "speech.cams.example")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = in_use(ip_version, "idle upload, benign")
    known_s = found(capture, IDLE_S + 100, RELAY, "relay.cams.example")
    for number in range(BEATS):
        tls13(capture, known_s + 1 + 60 * number, CAMERA, RELAY, "relay.cams.example", [(True, 200, 0.02), (False, 60, 0.03)])
    return capture.pcap()


CAPTURES = {
    "idle_upload.pcap": partial(reported, ip_version=4),
    "idle_upload_v6.pcap": partial(reported, ip_version=6),
    "idle_upload_benign.pcap": partial(benign, ip_version=4),
    "idle_upload_benign_v6.pcap": partial(benign, ip_version=6),
}
