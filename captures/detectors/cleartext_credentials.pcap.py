"""A camera that shows passwords to everyone on the way, and one that keeps them.

Reported: HTTP Basic, a password in a URL, an MQTT and an FTP login to the internet, and a telnet login from the phone. Benign: the same services over
TLS, mail that turns to TLS before its login, an anonymous FTP login, and in the home Digest and the community `public`.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, CAMERA_INSIDE, PHONE_INSIDE, behind_router
from captures._tls import tls13, tls13_turns, vector
from captures._writer import Turn

VENDOR = behind_router("116.202.1.1", "2a01:4f8:1::1")
FILES = behind_router("116.202.1.2", "2a01:4f8:1::2")
MAIL = behind_router("116.202.1.3", "2a01:4f8:1::3")
BASIC = b"Authorization: Basic Y2FtZXJhOm5vdC1hLXNlY3JldA==\r\n"  # camera:not-a-secret
DIGEST = b'Authorization: Digest username="owner", realm="camera", nonce="00", uri="/", response="0123456789abcdef0123456789abcdef"\r\n'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONNECT = b"\x00\x04MQTT\x04\xc2\x00\x3c" + vector(b"camera-0050") + vector(b"camera") + vector(b"not-a-secret")
MQTT = [Turn(True, b"\x10" + bytes([len(CONNECT)]) + CONNECT), Turn(False, b"\x20\x02\x00\x00"), Turn(True, b"\xe0\x00", 0.5)]
TELNET = [
    Turn(False, b"\xff\xfd\x01\xff\xfb\x03"),
    Turn(True, b"\xff\xfc\x01\xff\xfd\x03"),
    Turn(False, b"camera login: "),
    Turn(True, b"root\r\0", 1.0),
    Turn(False, b"root\r\nPassword: "),
    Turn(True, b"not-a-secret\r\0", 1.0),
    Turn(False, b"\r\n~ # "),
    Turn(True, b"exit\r\0", 1.0),
]


def web(line: bytes, header: bytes = b"") -> list[Turn]:
    return [Turn(True, line + b" HTTP/1.1\r\nHost: api.cams.example\r\n" + header + b"\r\n"), Turn(False, OK)]


def dialogue(*lines: bytes) -> list[Turn]:
    """The server begins, and both take turns."""
    return [Turn(bool(number % 2), line + b"\r\n", 0.01) for number, line in enumerate(lines)]


def community() -> bytes:
    """Version 2c asks for the system's description (RFC 3416)."""
    variables = b"\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00"
    asks = b"\x02\x01\x07\x02\x01\x00\x02\x01\x00" + variables
    whole = b"\x02\x01\x01\x04\x06public\xa0" + bytes([len(asks)]) + asks
    return b"\x30" + bytes([len(whole)]) + whole


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "cleartext credentials")
    at_s = found(capture, 2.0, VENDOR, "api.cams.example") + 0.002
    capture.tcp(at_s, CAMERA, VENDOR, 80, web(b"GET /status", BASIC))
    capture.tcp(at_s + 5, CAMERA, VENDOR, 80, web(b"GET /login?user=camera&pwd=not-a-secret"))
    capture.tcp(at_s + 10, CAMERA, VENDOR, 1883, MQTT)
    files = dialogue(b"220 files ready", b"USER camera", b"331 Password required", b"PASS not-a-secret", b"230 Logged in", b"QUIT", b"221 Goodbye")
    capture.tcp(found(capture, 20.0, FILES, "ftp.cams.example") + 0.002, CAMERA, FILES, 21, files)
    capture.tcp(30.0, PHONE_INSIDE, CAMERA_INSIDE, 23, TELNET, rtt_s=0.002)
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "cleartext credentials, benign")
    at_s = found(capture, 2.0, VENDOR, "api.cams.example") + 0.002
    tls13(capture, at_s, CAMERA, VENDOR, "api.cams.example", [(True, 300, 0.02), (False, 300, 0.03)])
    tls13(capture, at_s + 10, CAMERA, VENDOR, "api.cams.example", [(True, 60, 0.02), (False, 20, 0.03)], port=8883)
    files = dialogue(b"220 files ready", b"USER anonymous", b"331 Any password", b"PASS camera@", b"230 Logged in", b"QUIT", b"221 Goodbye")
    capture.tcp(found(capture, 20.0, FILES, "ftp.cams.example") + 0.002, CAMERA, FILES, 21, files)
    mail = dialogue(b"220 mail.cams.example ESMTP", b"EHLO camera", b"250 STARTTLS", b"STARTTLS", b"220 2.0.0 Ready to start TLS")
    mail += tls13_turns(capture, "mail.cams.example", [(True, 200, 0.02), (False, 90, 0.02)], ())
    capture.tcp(found(capture, 25.0, MAIL, "mail.cams.example") + 0.002, CAMERA, MAIL, 587, mail)
    capture.tcp(30.0, PHONE_INSIDE, CAMERA_INSIDE, 80, web(b"GET /settings", DIGEST), rtt_s=0.002)
    capture.udp(400.0, PHONE_INSIDE, 50_161, CAMERA_INSIDE, 161, community())
    capture.udp(400.1, CAMERA_INSIDE, 161, PHONE_INSIDE, 50_161, community().replace(b"\xa0", b"\xa2", 1))
    return capture.pcap()


CAPTURES = {
    "cleartext_credentials.pcap": partial(reported, ip_version=4),
    "cleartext_credentials_v6.pcap": partial(reported, ip_version=6),
    "cleartext_credentials_benign.pcap": partial(benign, ip_version=4),
    "cleartext_credentials_benign_v6.pcap": partial(benign, ip_version=6),
}
