"""A camera that says in clear text what it declared to encrypt, and one whose readable traffic is meant to be.

Reported: a picture posted over HTTP and events as JSON lines over TCP, both to destinations declared with TLS; usage data over HTTP to one of
which no encryption is stated; a picture sent as it is to a host that nobody declared. Benign: everything goes over TLS, or encrypted by other
means as declared; HTTP asks for a revocation list, checks for a captive portal, and is redirected to https.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, found, uploads
from captures._home import CAMERA, behind_router
from captures._writer import Capture, Host, Turn

CLIPS = behind_router("116.202.1.1", "2a01:4f8:1::1")
EVENTS = behind_router("116.202.1.2", "2a01:4f8:1::2")
INTERFACE = behind_router("116.202.1.3", "2a01:4f8:1::3")
STRANGER = behind_router("116.202.1.4", "2a01:4f8:1::4")
AUTHORITY = behind_router("116.202.1.5", "2a01:4f8:1::5")
EVENT = b'{"event": "motion", "room": "bedroom", "persons": 2}\n'


def picture(capture: Capture, size: int) -> bytes:
    """The beginning of a JPEG file, and bytes as its compression makes them."""
    return bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + capture.noise(size)


def post(host: str, path: str, kind: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def answer(status: str, body: bytes = b"", *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def ask(capture: Capture, at_s: float, server: Host, host: str, request: bytes, response: bytes, *, port: int = 80) -> None:
    known_s = found(capture, at_s, server, host)
    capture.tcp(known_s + 0.002, CAMERA, server, port, [Turn(True, request), Turn(False, response)])


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "cleartext traffic")
    posted = post("clips.cams.example", "/v1/clip", "image/jpeg", picture(capture, 30_000))
    ask(capture, 2.0, CLIPS, "clips.cams.example", posted, answer("200 OK"))
    ask(capture, 10.0, EVENTS, "events.cams.example", b"".join(len(EVENT).to_bytes(4) + EVENT for _ in range(20)), b"\0\0\0\x02ok", port=9000)
    posted = post("api.cams.example", "/v1/usage", "application/json", EVENT * 12)
    ask(capture, 20.0, INTERFACE, "api.cams.example", posted, answer("204 No Content"))
    ask(capture, 30.0, STRANGER, "upload.backup-cams.example", picture(capture, 9_000), b"", port=9001)
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "cleartext traffic, benign")
    uploads(capture, 2.0, CLIPS, 30_000, "clips.cams.example")
    uploads(capture, 6.0, EVENTS, 1_500, "events.cams.example")
    ask(capture, 10.0, INTERFACE, "sealed.cams.example", b"\0\0\x10\x00" + capture.noise(4_096), capture.noise(64), port=9000)
    listed = b"\x30\x82\x03\xe8" + capture.noise(1_000)
    wanted = b"GET /root.crl HTTP/1.1\r\nHost: crl.authority.example\r\n\r\n"
    ask(capture, 14.0, AUTHORITY, "crl.authority.example", wanted, answer("200 OK", listed, "Content-Type: application/pkix-crl"))
    wanted = b"GET /generate_204 HTTP/1.1\r\nHost: check.cams.example\r\n\r\n"
    ask(capture, 18.0, INTERFACE, "check.cams.example", wanted, answer("204 No Content"))
    wanted = b"GET / HTTP/1.1\r\nHost: clips.cams.example\r\n\r\n"
    moved = answer("301 Moved Permanently", b"", "Location: https://clips.cams.example/")
    ask(capture, 22.0, CLIPS, "clips.cams.example", wanted, moved)
    return capture.pcap()


CAPTURES = {
    "cleartext_traffic.pcap": partial(reported, ip_version=4),
    "cleartext_traffic_v6.pcap": partial(reported, ip_version=6),
    "cleartext_traffic_benign.pcap": partial(benign, ip_version=4),
    "cleartext_traffic_benign_v6.pcap": partial(benign, ip_version=6),
}
