"""Case 10: who the owner is, sent in clear text to an allowed host, and a report without anything personal.

Planted: a POST with the device's IMEI, its owner's e-mail address in base64 and the name of the wireless network. Harmless: a POST of about the same
size with readings of the camera.
"""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import urlencode

from captures._device import found
from captures._home import CAMERA
from captures._vendor import API, API_SERVER, case, started
from captures._writer import Turn

PERSONAL = {"imei": "490154203237518", "id": b64encode(b"kim.lund@mail.example").decode(), "ssid": "Lund family"}
READINGS = {"celsius": "21.5", "lux": "0.000340", "uptime": "0000086400", "frames": "000002160000", "ring": "day and night"}


def _posts(ip_version: int, form: dict[str, str]) -> bytes:
    capture = started(ip_version, "case 10")
    body = urlencode(form).encode()
    head = f"POST /report HTTP/1.1\r\nHost: {API}\r\nUser-Agent: camera/1.4.2\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    answer = b"HTTP/1.1 204 No Content\r\nServer: vendor\r\n\r\n"
    capture.tcp(found(capture, 30.0, API_SERVER, API) + 0.002, CAMERA, API_SERVER, 80, [Turn(True, request), Turn(False, answer)])
    return capture.pcap()


def planted(*, ip_version: int) -> bytes:
    """IMEI, e-mail address and network name in clear text."""
    return _posts(ip_version, PERSONAL)


def harmless(*, ip_version: int) -> bytes:
    """Readings in clear text."""
    return _posts(ip_version, READINGS)


CAPTURES = case("case_10_identifiers", planted, harmless)
