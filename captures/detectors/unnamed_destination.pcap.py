"""A camera that contacts an address it never asked a name for, and one whose names merely could not be seen.

Reported: after its first lookup, 3 kB over a protocol of its own to an address for which no name was ever answered. Benign: a connection that was
already open when the capture began (its handshake and its lookup are not there), and a declared address without a name.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, uploads
from captures._home import CAMERA, START_S, behind_router
from captures._writer import Capture, Turn

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
NAMELESS = behind_router("116.202.1.1", "2a01:4f8:1::1")
DECLARED = behind_router("131.188.3.220", "2001:638:a000::1")
HELLO_FRAMES = 3


def _talks(capture: Capture, at_s: float, server_number: int = 0) -> None:
    server = (NAMELESS, DECLARED)[server_number]
    capture.tcp(at_s, CAMERA, server, 9_700, [Turn(True, b"\x01\x50" + capture.noise(3_000)), Turn(False, b"\x02\x50" + capture.noise(60))])


def reported(*, ip_version: int) -> bytes:
    """An address that was never the answer to a question."""
    capture = begun(ip_version, "unnamed destination")
    uploads(capture, 2.0, INTERFACE, 900, "api.cams.example")
    _talks(capture, 5.0)
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    """A connection older than the capture, and a declared address without a name."""
    open_before = Capture(ip_version, START_S, "unnamed destination, open before")
    _talks(open_before, 0.2)
    capture = begun(ip_version, "unnamed destination, benign")
    capture.frames += open_before.frames[HELLO_FRAMES:]
    uploads(capture, 2.0, INTERFACE, 900, "api.cams.example")
    _talks(capture, 5.0, 1)
    return capture.pcap()


CAPTURES = {
    "unnamed_destination.pcap": partial(reported, ip_version=4),
    "unnamed_destination_v6.pcap": partial(reported, ip_version=6),
    "unnamed_destination_benign.pcap": partial(benign, ip_version=4),
    "unnamed_destination_benign_v6.pcap": partial(benign, ip_version=6),
}
