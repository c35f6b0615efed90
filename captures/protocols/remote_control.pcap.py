"""Protocols of control and login, one short conversation each with the camera: telnet, a bare terminal, RTSP, SNMP, LDAP, RFB, RDP, ADB, Redis, IRC.

What is wrong with some of it, once a detector asks: shells and screens without a password, and passwords that anyone on the way can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from captures._device import begun
from captures._home import CAMERA, CAMERA_INSIDE, PHONE_INSIDE, behind_router
from captures._tls import vector
from captures._writer import Turn

SERVER = behind_router("116.202.1.4", "2a01:4f8:1::4")
SHELL = b"BusyBox v1.20.2 (2016-09-13) built-in shell (ash)\r\n\r\n~ # "


def element(tag: int, value: bytes) -> bytes:
    """Of BER, shorter than 128 bytes (ITU-T X.690)."""
    return bytes([tag]) + vector(value, 1)


def adb(command: bytes, data: bytes = b"") -> bytes:
    """Command, two arguments, length, checksum, the command's complement, data."""
    total = sum(data).to_bytes(4, "little")
    return command + bytes(8) + len(data).to_bytes(4, "little") + total + bytes(byte ^ 0xFF for byte in command) + data


def tpkt(kind: int, rest: bytes) -> bytes:
    return b"\x03\x00" + (11 + len(rest)).to_bytes(2, "big") + bytes([6 + len(rest), kind]) + bytes(5) + rest


def words(*parts: bytes) -> bytes:
    """An array of strings as Redis takes it."""
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


TELNET = [
    Turn(False, b"\xff\xfd\x01\xff\xfb\x03"),
    Turn(True, b"\xff\xfc\x01\xff\xfd\x03"),
    Turn(False, b"camera login: "),
    Turn(True, b"root\r\x00", 1.0),
    Turn(False, b"\r\nPassword: "),
    Turn(True, b"not-a-secret\r\x00", 1.0),
    Turn(False, b"\r\n" + SHELL),
]
TERMINAL = [Turn(True, b"\n"), Turn(False, SHELL), Turn(True, b"id\n", 1.0), Turn(False, b"uid=0(root) gid=0(root)\n~ # ")]
RTSP = [
    Turn(True, b"DESCRIBE rtsp://camera/live RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
    Turn(False, b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="camera", nonce="00"\r\n\r\n'),
    Turn(True, b'DESCRIBE rtsp://camera/live RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Digest username="owner", response="00"\r\n\r\n'),
    Turn(False, b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"),
]
RFB = [Turn(False, b"RFB 003.008\n"), Turn(True, b"RFB 003.008\n"), Turn(False, b"\x01\x01"), Turn(True, b"\x01"), Turn(False, bytes(4))]
RDP = [
    Turn(True, tpkt(0xE0, b"Cookie: mstshash=owner\r\n\x01\x00\x08\x00\x03\x00\x00\x00")),
    Turn(False, tpkt(0xD0, b"\x02\x00\x08\x00\x01\x00\x00\x00")),
]
ADB = [
    Turn(True, adb(b"CNXN", b"host::\x00")),
    Turn(False, adb(b"CNXN", b"device::ro.product.name=camera;\x00")),
    Turn(True, adb(b"OPEN", b"shell:id\x00")),
    Turn(False, adb(b"OKAY") + adb(b"WRTE", b"uid=0(root) gid=0(root)\n")),
]
BIND = element(0x30, element(2, b"\x01") + element(0x60, element(2, b"\x03") + element(4, b"cn=camera") + element(0x80, b"not-a-secret")))
BOUND = element(0x30, element(2, b"\x01") + element(0x61, element(0x0A, b"\x00") + element(4, b"") + element(4, b"")))
LDAP = [Turn(True, BIND), Turn(False, BOUND)]
REDIS = [Turn(True, words(b"AUTH", b"not-a-secret")), Turn(False, b"+OK\r\n"), Turn(True, words(b"PING")), Turn(False, b"+PONG\r\n")]
IRC = [
    Turn(True, b"PASS not-a-secret\r\nNICK camera\r\nUSER camera 0 * :camera\r\n"),
    Turn(False, b":irc.example 001 camera :Welcome\r\n"),
    Turn(True, b"JOIN #cameras\r\n", 0.5),
]
DESCRIPTION = element(0x30, element(0x30, b"\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00"))


def snmp(operation: int) -> bytes:
    """Version 2c, for the system's description (RFC 3416)."""
    asks = element(operation, b"\x02\x01\x07\x02\x01\x00\x02\x01\x00" + DESCRIPTION)
    return element(0x30, b"\x02\x01\x01" + element(4, b"public") + asks)


INBOUND: dict[str, tuple[int, Sequence[Turn]]] = {
    "telnet": (23, TELNET), "terminal": (9_999, TERMINAL), "rtsp": (554, RTSP), "rfb": (5900, RFB), "rdp": (3389, RDP), "adb": (5555, ADB),
}  # fmt: skip
OUTBOUND: dict[str, tuple[int, Sequence[Turn]]] = {"ldap": (389, LDAP), "redis": (6379, REDIS), "irc": (6667, IRC)}


def inbound(name: str, *, ip_version: int) -> bytes:
    """The phone opens a session with the camera."""
    port, turns = INBOUND[name]
    capture = begun(ip_version, name)
    capture.tcp(1.0, PHONE_INSIDE, CAMERA_INSIDE, port, turns, rtt_s=0.002)
    return capture.pcap()


def outbound(name: str, *, ip_version: int) -> bytes:
    """The camera logs in at a server."""
    port, turns = OUTBOUND[name]
    capture = begun(ip_version, name)
    capture.tcp(1.0, CAMERA, SERVER, port, turns)
    return capture.pcap()


def datagrams(name: str, *, ip_version: int) -> bytes:
    """The phone asks the camera one question."""
    capture = begun(ip_version, name)
    port = capture.port()
    asks, answers, service = (snmp(0xA0), snmp(0xA2), 161) if name == "snmp" else (b"id\n", b"uid=0(root) gid=0(root)\n", 9_999)
    capture.udp(1.0, PHONE_INSIDE, port, CAMERA_INSIDE, service, asks)
    capture.udp(1.01, CAMERA_INSIDE, service, PHONE_INSIDE, port, answers)
    return capture.pcap()


MADE_BY = {**dict.fromkeys(INBOUND, inbound), **dict.fromkeys(OUTBOUND, outbound), "snmp": datagrams, "terminal_udp": datagrams}
CAPTURES = {f"{name}{'_v6' * (version == 6)}.pcap": partial(maker, name, ip_version=version) for name, maker in MADE_BY.items() for version in (4, 6)}
