"""Case 4: somebody outside opens a shell on the device, and the vendor's support asks its declared port how it does.

Planted: a connection from outside to port 23, where a login as root is let in without a password and two commands are answered. Harmless: a
connection from the vendor's declared network to the declared port 8443, over TLS, in which about as much is said.
"""

from __future__ import annotations

from captures._home import CAMERA, behind_router
from captures._tls import tls13
from captures._vendor import STRANGER, case, started
from captures._writer import Turn

SUPPORT = behind_router("52.28.0.77", "2a05:d014:1::77")
SHELL = (
    (False, b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27\xff\xfb\x03\xff\xfb\x01"),  # telnet options (RFC 854)
    (True, b"\xff\xfc\x18\xff\xfc\x20\xff\xfc\x23\xff\xfc\x27\xff\xfd\x03\xff\xfd\x01"),
    (False, b"\r\ncamera-c1 login: "),
    (True, b"root\r\n"),
    (False, b"root\r\n\r\nBusyBox v1.31.1 built-in shell (ash)\r\n\r\n# "),
    (True, b"id\r\n"),
    (False, b"id\r\nuid=0(root) gid=0(root)\r\n# "),
    (True, b"cat /etc/passwd\r\n"),
    (False, b"cat /etc/passwd\r\nroot:x:0:0:root:/root:/bin/sh\r\nnobody:x:99:99::/:/bin/false\r\n# "),
    (True, b"exit\r\n"),
)


def planted(*, ip_version: int) -> bytes:
    """A root shell on port 23, opened from outside."""
    capture = started(ip_version, "case 4")
    capture.tcp(60.0, STRANGER, CAMERA, 23, [Turn(client, said, 1.5 if client else 0.01) for client, said in SHELL])
    return capture.pcap()


def harmless(*, ip_version: int) -> bytes:
    """The vendor's support at a declared port, over TLS."""
    capture = started(ip_version, "case 4, harmless")
    tls13(capture, 60.0, SUPPORT, CAMERA, "camera-c1.vendor.example", [(True, 120, 1.5), (False, 300, 0.01)], port=8443)
    return capture.pcap()


CAPTURES = case("case_04_root_shell", planted, harmless)
