"""Protocols in clear text: HTTP, MQTT, FTP, SMTP, IMAP, POP and SOCKS, one short conversation each.

What is wrong with some of it, once a detector asks: FTP, IMAP and POP carry a password that anyone on the way can read.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, behind_router
from captures._tls import vector
from captures._writer import Turn

SERVER = behind_router("52.28.0.10", "2a05:d014:1::10")


def lines(text: str) -> list[Turn]:
    """A turn per line: `C: …` the client says, `S: …` the server."""
    return [Turn(line.startswith("C:"), f"{line[3:]}\r\n".encode(), 0.01) for line in text.strip().splitlines()]


WEB = [
    Turn(True, b"GET /firmware/1.4.2.bin HTTP/1.1\r\nHost: http.cams.example\r\nUser-Agent: camera/1.4.2\r\n\r\n"),
    Turn(False, b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 4096\r\n\r\n" + bytes(range(256)) * 16),
    Turn(True, b"POST /report HTTP/1.1\r\nHost: http.cams.example\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"motion\":true}"),
    Turn(False, b"HTTP/1.1 204 No Content\r\n\r\n"),
]  # fmt: skip

CONNECT = b"\x00\x04MQTT\x04\xc2\x00\x3c" + vector(b"camera-0050") + vector(b"camera") + vector(b"not-a-secret")
PUBLISH = vector(b"cams/0050/motion") + b'{"motion":true}'
MQTT = [
    Turn(True, b"\x10" + bytes([len(CONNECT)]) + CONNECT),
    Turn(False, b"\x20\x02\x00\x00"),
    Turn(True, b"\x30" + bytes([len(PUBLISH)]) + PUBLISH),
    Turn(True, b"\xe0\x00", 0.5),
]

FTP = lines("""\
S: 220 ftp.cams.example ready
C: USER camera
S: 331 Password required
C: PASS not-a-secret
S: 230 Logged in
C: QUIT
S: 221 Goodbye
""")

SMTP = lines("""\
S: 220 smtp.cams.example ESMTP
C: EHLO camera-c1
S: 250 smtp.cams.example
C: MAIL FROM:<camera@cams.example>
S: 250 OK
C: RCPT TO:<owner@cams.example>
S: 250 OK
C: DATA
S: 354 Go on
C: Subject: motion
C: .
S: 250 OK
C: QUIT
S: 221 Goodbye
""")

IMAP = lines("""\
S: * OK [CAPABILITY IMAP4rev1] imap.cams.example ready
C: a1 LOGIN camera not-a-secret
S: a1 OK Logged in
C: a2 LOGOUT
S: * BYE
S: a2 OK
""")

POP = lines("""\
S: +OK pop.cams.example ready
C: USER camera
S: +OK
C: PASS not-a-secret
S: +OK Logged in
C: QUIT
S: +OK
""")

SOCKS = [
    Turn(True, b"\x05\x01\x00"),
    Turn(False, b"\x05\x00"),
    Turn(True, b"\x05\x01\x00\x03" + vector(b"behind.proxied.example", 1) + struct.pack(">H", 80)),
    Turn(False, b"\x05\x00\x00\x01" + bytes(6)),
    Turn(True, b"GET / HTTP/1.1\r\nHost: behind.proxied.example\r\n\r\n"),
    Turn(False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
]

CONVERSATIONS: dict[str, tuple[int, Sequence[Turn]]] = {
    "http": (80, WEB), "mqtt": (1883, MQTT), "ftp": (21, FTP), "smtp": (25, SMTP), "imap": (143, IMAP), "pop": (110, POP), "socks": (1080, SOCKS),
}  # fmt: skip


def clear_text(name: str, *, ip_version: int) -> bytes:
    """A lookup of `name` below the vendor's domain, and the conversation."""
    port, turns = CONVERSATIONS[name]
    capture = begun(ip_version, name)
    capture.tcp(found(capture, 1.0, SERVER, f"{name}.cams.example") + 0.002, CAMERA, SERVER, port, turns)
    return capture.pcap()


CAPTURES = {f"{name}{'_v6' * (version == 6)}.pcap": partial(clear_text, name, ip_version=version) for name in CONVERSATIONS for version in (4, 6)}
