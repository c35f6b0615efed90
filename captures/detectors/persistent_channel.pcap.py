"""A camera that holds a connection open for more than an hour, and one that connects anew each time.

Reported: one connection with a few bytes each way every two minutes for 66 minutes. Benign: as many short connections.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun
from captures._home import CAMERA, behind_router
from captures._writer import Turn

SERVER = behind_router("116.202.1.1", "2a01:4f8:1::1")
BEATS, EVERY_S, PORT = 33, 120.0, 8_883


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "persistent channel")
    beats = [[Turn(True, b"\x01" + capture.noise(30), EVERY_S), Turn(False, b"\x02" + capture.noise(10))] for _ in range(BEATS)]
    capture.tcp(5.0, CAMERA, SERVER, PORT, [turn for beat in beats for turn in beat])
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "persistent channel, benign")
    for number in range(BEATS):
        turns = [Turn(True, b"\x01" + capture.noise(30)), Turn(False, b"\x02" + capture.noise(10))]
        capture.tcp(5.0 + EVERY_S * (number + 1), CAMERA, SERVER, PORT, turns)
    return capture.pcap()


CAPTURES = {
    "persistent_channel.pcap": partial(reported, ip_version=4),
    "persistent_channel_v6.pcap": partial(reported, ip_version=6),
    "persistent_channel_benign.pcap": partial(benign, ip_version=4),
    "persistent_channel_benign_v6.pcap": partial(benign, ip_version=6),
}
