"""A camera that uploads to a name nobody declared, and one that only looks as if it did.

Reported: 60 kB to `metrics.tracking.example`, and the declared `api.cams.example` on a port that is not declared. The vendor's name at the front of
another party's domain (`api.cams.example.tracking.example`) declares nothing.
Benign: everything goes to declared names, one of them below a wildcard; a stranger knocks at a closed port and is refused, and another is left
unanswered.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, found, uploads
from captures._home import CAMERA, behind_router
from captures._tls import tls13
from captures._writer import ACK, RST, Capture, with_checksum

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
INGEST = behind_router("52.28.0.20", "2a05:d014:1::20")
TRACKING = behind_router("116.202.1.1", "2a01:4f8:1::1")
STRANGER = behind_router("131.188.3.220", "2001:638:a000::1")


def reported(*, ip_version: int) -> bytes:
    """Uploads to a name that nobody declared, and to a declared one on another port."""
    capture = begun(ip_version, "undeclared destination")
    uploads(capture, 2.0, INTERFACE, 900, "api.cams.example")
    uploads(capture, 5.0, TRACKING, 60_000, "metrics.tracking.example", "edge7.tracking.example")
    uploads(capture, 9.0, TRACKING, 700, "api.cams.example.tracking.example")
    known_s = found(capture, 12.0, INTERFACE, "api.cams.example")
    tls13(capture, known_s + 0.01, CAMERA, INTERFACE, "api.cams.example", [(True, 4_000, 0.01)], port=8443)
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    """Uploads to declared names; strangers who knock in vain."""
    capture = begun(ip_version, "undeclared destination, benign")
    uploads(capture, 2.0, INTERFACE, 900, "api.cams.example")
    uploads(capture, 5.0, INGEST, 60_000, "clip-7.ingest.cams.example", "eu.content.example")
    _refused(capture, 8.0)
    capture.syn(9.0, STRANGER, CAMERA, 2323)
    return capture.pcap()


def _refused(capture: Capture, at_s: float) -> None:
    """The stranger's SYN, and the camera's reset."""
    capture.syn(at_s, STRANGER, CAMERA, 23)
    asked = capture.frames[-1].packet[-32:]
    reset = asked[2:4] + asked[0:2] + bytes(4) + (int.from_bytes(asked[4:8], "big") + 1).to_bytes(4, "big") + bytes([0x50, RST | ACK]) + bytes(6)
    source, target = CAMERA.address(capture.ip_version), STRANGER.address(capture.ip_version)
    capture.ip(at_s + 0.0004, CAMERA, STRANGER, 6, with_checksum(source, target, 6, reset, 16))


CAPTURES = {
    "undeclared_destination.pcap": partial(reported, ip_version=4),
    "undeclared_destination_v6.pcap": partial(reported, ip_version=6),
    "undeclared_destination_benign.pcap": partial(benign, ip_version=4),
    "undeclared_destination_benign_v6.pcap": partial(benign, ip_version=6),
}
