"""Case 14: an allowed HTTP host sent to an address that it never had, and an allowed name whose addresses change.

Planted: the vendor's name resolves to one network; a POST of 1.1 MB under that Host goes to another network's address, which no answer ever gave.
Harmless: the name resolves anew to that other network before, and the same POST goes there.
"""

from __future__ import annotations

from captures._home import CAMERA, ROUTER
from captures._names import lookup
from captures._vendor import API, STRANGER, case, started
from captures._writer import Capture, Turn

UPLOAD_BYTES = 1_100_000


def _posts(capture: Capture) -> bytes:
    head = f"POST /media HTTP/1.1\r\nHost: {API}\r\nUser-Agent: camera/1.4.2\r\nContent-Type: application/octet-stream\r\n"
    request = f"{head}Content-Length: {UPLOAD_BYTES}\r\n\r\n".encode() + capture.noise(UPLOAD_BYTES)
    answer = b"HTTP/1.1 204 No Content\r\nServer: vendor\r\n\r\n"
    capture.tcp(400.0, CAMERA, STRANGER, 80, [Turn(True, request), Turn(False, answer, 0.05)])
    return capture.pcap()


def planted(*, ip_version: int) -> bytes:
    """The vendor's name in Host at an address that it never had."""
    return _posts(started(ip_version, "case 14"))


def harmless(*, ip_version: int) -> bytes:
    """The vendor's name in Host at an address that it has come to have."""
    capture = started(ip_version, "case 14, harmless")
    lookup(capture, 399.0, CAMERA, ROUTER, [API], [STRANGER.address(ip_version)])
    return _posts(capture)


CAPTURES = case("case_14_decoy_host", planted, harmless)
