"""A declaration wider than what the camera uses, and a camera that uses all of it.

Reported: three names are declared, one is contacted. Benign: all three are, one only with an attempt that nobody answers.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, found, uploads
from captures._home import CAMERA, behind_router

INTERFACE = behind_router("52.28.0.10", "2a05:d014:1::10")
INGEST = behind_router("52.28.0.20", "2a05:d014:1::20")
SUPPORT = behind_router("51.158.1.30", "2a05:d012:1::30")


def reported(*, ip_version: int) -> bytes:
    """One of three declared names is contacted."""
    capture = begun(ip_version, "unused declaration")
    uploads(capture, 2.0, INTERFACE, 900, "api.cams.example")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    """All three are."""
    capture = begun(ip_version, "unused declaration, benign")
    uploads(capture, 2.0, INTERFACE, 900, "api.cams.example")
    uploads(capture, 4.0, INGEST, 4_000, "ingest.cams.example")
    capture.syn(found(capture, 6.0, SUPPORT, "support.cams.example") + 0.01, CAMERA, SUPPORT, 443)
    return capture.pcap()


CAPTURES = {
    "unused_declaration.pcap": partial(reported, ip_version=4),
    "unused_declaration_v6.pcap": partial(reported, ip_version=6),
    "unused_declaration_benign.pcap": partial(benign, ip_version=4),
    "unused_declaration_benign_v6.pcap": partial(benign, ip_version=6),
}
