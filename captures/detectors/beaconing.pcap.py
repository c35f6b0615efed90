"""A camera that reports every minute, and one that talks as often when it is used.

Reported: forty connections a minute apart, 40 % of jitter, to an address without a name, and forty to the vendor's own interface. Benign: as many
to the interface at random times, with time sync every minute.
"""

from __future__ import annotations

from functools import partial
from math import log

from captures._device import begun, uploads
from captures._home import CAMERA, behind_router
from captures._services import ntp
from captures._writer import Turn

CONTACTS, EVERY_S, JITTER = 40, 60.0, 0.4
INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
NAMELESS = behind_router("116.202.1.1", "2a01:4f8:1::1")
TIME = behind_router("131.188.3.220", "2001:638:a000::1")


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "beaconing")
    at_s = 5.0
    for _ in range(CONTACTS):
        at_s += EVERY_S * capture.between(1 - JITTER, 1 + JITTER)
        capture.tcp(at_s, CAMERA, NAMELESS, 9_700, [Turn(True, b"\x01\x50" + capture.noise(60)), Turn(False, b"\x02\x50")])
    for number in range(CONTACTS):
        uploads(capture, 20.0 + EVERY_S * number, INTERFACE, 300, "api.cams.example")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "beaconing, benign")
    at_s = 5.0
    for number in range(CONTACTS):
        at_s += 2.0 - EVERY_S * log(1 - capture.between(0, 1))
        uploads(capture, at_s, INTERFACE, 300, "api.cams.example")
        ntp(capture, 20.0 + EVERY_S * number, CAMERA, TIME)
    return capture.pcap()


CAPTURES = {
    "beaconing.pcap": partial(reported, ip_version=4),
    "beaconing_v6.pcap": partial(reported, ip_version=6),
    "beaconing_benign.pcap": partial(benign, ip_version=4),
    "beaconing_benign_v6.pcap": partial(benign, ip_version=6),
}
