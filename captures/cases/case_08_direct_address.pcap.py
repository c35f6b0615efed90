"""Case 8: an address that only another host asked for, and the same contact by a device that asked itself.

Planted: the phone looks up a name; the camera, which never asked, uploads 20 kB to the address over TLS without a server name. Harmless: the camera
looks up a name of its vendor's and does the same there, also without a server name.
"""

from __future__ import annotations

from captures._home import CAMERA, PHONE, ROUTER
from captures._names import lookup
from captures._tls import tls13
from captures._vendor import API_SERVER, STRANGER, case, started
from captures._writer import Capture, Host

SIZES = [(True, 20_000, 0.02), (False, 200, 0.03)]


def _contact(capture: Capture, server: Host) -> bytes:
    tls13(capture, 40.0, CAMERA, server, "", SIZES)
    return capture.pcap()


def planted(*, ip_version: int) -> bytes:
    """The phone asks, the camera uploads."""
    capture = started(ip_version, "case 8")
    lookup(capture, 30.0, PHONE, ROUTER, ["shop.elsewhere.example"], [STRANGER.address(ip_version)])
    return _contact(capture, STRANGER)


def harmless(*, ip_version: int) -> bytes:
    """The camera asks and uploads."""
    capture = started(ip_version, "case 8, harmless")
    lookup(capture, 30.0, CAMERA, ROUTER, ["media.vendor.example"], [API_SERVER.address(ip_version)])
    return _contact(capture, API_SERVER)


CAPTURES = case("case_08_direct_address", planted, harmless)
