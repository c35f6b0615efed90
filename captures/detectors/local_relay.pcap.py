"""A camera whose video leaves the home through a neighbour, and one whose recorder keeps it.

Reported: 120 kB go to a neighbour in three pieces, which sends each on to a server a minute later. Benign: as much goes to the recorder, which keeps
it and only fetches an update of its own.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun
from captures._home import CAMERA_INSIDE, ROUTER, behind_router
from captures._names import lookup
from captures._tls import tls13
from captures._writer import Capture, Host, Turn

NEIGHBOUR = Host("02:00:00:00:00:88", "192.168.1.88", "fd00:0:0:50::88")
NEIGHBOUR_OUTSIDE = Host("02:00:00:00:00:88", "192.168.1.88", "2001:db8::88")
AWAY = behind_router("198.51.100.40", "2001:db8:40::40")
UPDATES = behind_router("116.202.1.4", "2a01:4f8:1::4")
PORT, PIECES, PIECE_BYTES = 9_000, 3, 40_000


def gives(capture: Capture, at_s: float) -> None:
    capture.tcp(at_s, CAMERA_INSIDE, NEIGHBOUR, PORT, [Turn(True, capture.noise(PIECE_BYTES)), Turn(False, b"ok")], rtt_s=0.002)


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "local relay")
    for piece in range(PIECES):
        gives(capture, 60.0 + 300.0 * piece)
        known_s = lookup(capture, 120.0 + 300.0 * piece, NEIGHBOUR_OUTSIDE, ROUTER, ["drop.example"], [AWAY.address(ip_version)])
        tls13(capture, known_s, NEIGHBOUR_OUTSIDE, AWAY, "drop.example", [(True, PIECE_BYTES, 0.02), (False, 200, 0.03)])
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "local relay, benign")
    for piece in range(PIECES):
        gives(capture, 60.0 + 300.0 * piece)
    known_s = lookup(capture, 700.0, NEIGHBOUR_OUTSIDE, ROUTER, ["updates.example"], [UPDATES.address(ip_version)])
    tls13(capture, known_s, NEIGHBOUR_OUTSIDE, UPDATES, "updates.example", [(True, 400, 0.02), (False, 20_000, 0.03)])
    return capture.pcap()


CAPTURES = {
    "local_relay.pcap": partial(reported, ip_version=4),
    "local_relay_v6.pcap": partial(reported, ip_version=6),
    "local_relay_benign.pcap": partial(benign, ip_version=4),
    "local_relay_benign_v6.pcap": partial(benign, ip_version=6),
}
