"""A camera that others operate, and one that lets in only whom it said.

Reported: an outside host opens TCP 23 and gets a root shell without a password; the camera calls a stranger and shows it a shell; an outside host
changes a setting over HTTP. Benign: the phone works on the camera over SSH as declared, strangers on TCP 23 get no answer, and the camera sends its
log, in which a shell's words occur, to its declared collector.
"""

from __future__ import annotations

from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, CAMERA_INSIDE, PHONE_INSIDE, behind_router
from captures._tls import tls13
from captures._writer import Capture, Turn

VENDOR = behind_router("116.202.1.1", "2a01:4f8:1::1")
STRANGER = behind_router("116.203.1.77", "2a01:4f9:1::77")
COLLECTOR = behind_router("116.202.1.2", "2a01:4f8:1::2")
COLLECTOR_PORT, CALLED_PORT = 5_140, 4_444
OPTIONS = b"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03"
"""DO ECHO, DO NAWS, WILL ECHO, WILL SGA (RFC 857, 1073, 858)."""

TELNET = [
    Turn(False, OPTIONS),
    Turn(True, b"\xff\xfc\x01\xff\xfc\x1f\xff\xfe\x01\xff\xfe\x03"),
    Turn(False, b"\r\n\r\nBusyBox v1.20.2 (2016-09-13) built-in shell (ash)\r\nEnter 'help' for a list of built-in commands.\r\n\r\n~ # "),
    Turn(True, b"id\r\n", 2.0),
    Turn(False, b"id\r\nuid=0(root) gid=0(root)\r\n~ # "),
]
CALLED = [
    Turn(False, b"id\n", 1.0),
    Turn(True, b"uid=0(root) gid=0(root) groups=0(root)\n"),
    Turn(False, b"cat /etc/passwd\n", 3.0),
    Turn(True, b"root:x:0:0:root:/root:/bin/sh\nnobody:x:99:99:nobody:/:/bin/false\n"),
]
SETTING = b"enabled=0&apply=1"
WEB = [
    Turn(True, b"POST /goform/firewall HTTP/1.1\r\nHost: camera\r\nContent-Length: 17\r\n\r\n" + SETTING),
    Turn(False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
]
LOG = b"Nov  1 10:00:41 camera cron: job finished\nuid=0(root) gid=0(root)\nNov  1 10:00:42 camera cron: next job\n"


def ordinary(capture: Capture) -> None:
    """What both do: the camera calls its vendor."""
    tls13(
        capture, found(capture, 2.0, VENDOR, "api.cams.example") + 0.002, CAMERA, VENDOR, "api.cams.example", [(True, 900, 0.02), (False, 300, 0.03)]
    )


def ssh(capture: Capture) -> list[Turn]:
    exchange = [Turn(True, b"SSH-2.0-OpenSSH_9.6\r\n"), Turn(False, b"SSH-2.0-dropbear_2022.83\r\n")]
    keys = [Turn(True, b"\0\0\x05\xdc\x0a\x14" + capture.noise(1_498)), Turn(False, b"\0\0\x03\xe8\x0a\x14" + capture.noise(998))]
    return [*exchange, *keys, *(Turn(client, capture.noise(size), 0.2) for client, size in ((True, 80), (False, 300), (True, 60), (False, 2_000)))]


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "inbound control")
    ordinary(capture)
    capture.tcp(20.0, STRANGER, CAMERA, 23, TELNET)
    capture.tcp(40.0, CAMERA, STRANGER, CALLED_PORT, CALLED)
    capture.tcp(60.0, STRANGER, CAMERA, 80, WEB)
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "inbound control, benign")
    ordinary(capture)
    capture.syn(20.0, STRANGER, CAMERA, 23)
    capture.syn(21.0, STRANGER, CAMERA, 80)
    capture.tcp(30.0, PHONE_INSIDE, CAMERA_INSIDE, 22, ssh(capture), rtt_s=0.002)
    capture.tcp(
        found(capture, 40.0, COLLECTOR, "log.cams.example") + 0.002, CAMERA, COLLECTOR, COLLECTOR_PORT, [Turn(True, LOG), Turn(False, b"ok\n")]
    )
    return capture.pcap()


CAPTURES = {
    "inbound_control.pcap": partial(reported, ip_version=4),
    "inbound_control_v6.pcap": partial(reported, ip_version=6),
    "inbound_control_benign.pcap": partial(benign, ip_version=4),
    "inbound_control_benign_v6.pcap": partial(benign, ip_version=6),
}
