"""Case 13: an allowed server name sent to an address that it never had, and an allowed name whose addresses change.

Planted: the vendor's name resolves to one network; 1.1 MB go up under that name in the TLS handshake to another network's address, which no answer
ever gave. Harmless: the name resolves anew to that other network before, as with a content network, and the same goes up there.
"""

from __future__ import annotations

from captures._home import CAMERA, ROUTER
from captures._names import lookup
from captures._tls import tls13
from captures._vendor import API, STRANGER, case, started
from captures._writer import Capture

UPLOAD_BYTES = 1_100_000


def _uploads(capture: Capture) -> bytes:
    tls13(capture, 400.0, CAMERA, STRANGER, API, [(True, UPLOAD_BYTES, 0.02), (False, 200, 0.03)])
    return capture.pcap()


def planted(*, ip_version: int) -> bytes:
    """The vendor's name at an address that it never had."""
    return _uploads(started(ip_version, "case 13"))


def harmless(*, ip_version: int) -> bytes:
    """The vendor's name at an address that it has come to have."""
    capture = started(ip_version, "case 13, harmless")
    lookup(capture, 399.0, CAMERA, ROUTER, [API], [STRANGER.address(ip_version)])
    return _uploads(capture)


CAPTURES = case("case_13_decoy_sni", planted, harmless)
