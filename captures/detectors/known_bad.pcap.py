"""A camera in contact with what is on the list beside this file, and one whose contacts only look like it.

Reported: an upload to a listed name, one to a name below it, a request for a listed URL, a connection to a listed address without asking DNS, a
question for a listed name that was never called, and one that leads to a listed name by an alias. Benign: a name that ends in the letters of a
listed one, an address beside a listed one, and another page of the host of the listed URL.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, found, uploads
from captures._home import CAMERA, behind_router
from captures._writer import Capture, Host, Turn

VENDOR = behind_router("116.202.1.1", "2a01:4f8:1::1")
COMMAND = behind_router("116.202.1.66", "2a01:4f8:1::66")
DROP = behind_router("116.202.1.67", "2a01:4f8:1::67")
PAGES = behind_router("116.202.1.68", "2a01:4f8:1::68")
LISTED_ADDRESS = behind_router("116.202.9.9", "2a01:4f8:9::9")
BESIDE_IT = behind_router("116.202.9.10", "2a01:4f8:9::10")


def get(capture: Capture, at_s: float, host: str, path: str) -> None:
    known_s = found(capture, at_s, PAGES, host)
    asked = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    told = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nnone"
    capture.tcp(known_s + 0.002, CAMERA, PAGES, 80, [Turn(True, asked), Turn(False, told)])


def bare(capture: Capture, at_s: float, server: Host) -> None:
    capture.tcp(at_s, CAMERA, server, 4444, [Turn(True, capture.noise(300)), Turn(False, capture.noise(80))])


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "known bad")
    uploads(capture, 2.0, COMMAND, 900, "command.botnet.example")
    uploads(capture, 4.0, DROP, 900, "eu.drop.botnet.example")
    get(capture, 6.0, "pages.example", "/raw/c2.txt")
    bare(capture, 8.0, LISTED_ADDRESS)
    found(capture, 10.0, COMMAND, "sleeper.botnet.example")
    uploads(capture, 12.0, DROP, 900, "cdn.cams.example", "alias.botnet.example")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "known bad, benign")
    uploads(capture, 2.0, VENDOR, 900, "not-command.botnet.example.cams.example")
    get(capture, 6.0, "pages.example", "/raw/manual.txt")
    bare(capture, 8.0, BESIDE_IT)
    return capture.pcap()


CAPTURES = {
    "known_bad.pcap": partial(reported, ip_version=4),
    "known_bad_v6.pcap": partial(reported, ip_version=6),
    "known_bad_benign.pcap": partial(benign, ip_version=4),
    "known_bad_benign_v6.pcap": partial(benign, ip_version=6),
}
