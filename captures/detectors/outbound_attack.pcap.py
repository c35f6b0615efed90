"""A camera that attacks others, and one whose traffic only fails or repeats a lot.

Reported: Telnet tried at forty addresses that nobody named, one every half minute; log-ins by FTP that a server refuses; Modbus requests that
after a hundred questions switch a coil of a controller far away. Benign: forty connections to a web server within seconds, a server that is down and
is tried a hundred times, and a Modbus master that reads a controller of the home and writes nothing.
"""

from __future__ import annotations

import struct
from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, CAMERA_INSIDE, behind_router
from captures._tls import tls13
from captures._writer import Capture, Host, Turn

CONTROLLER_AWAY = behind_router("198.51.100.20", "2001:db8:20::20")
FTP_SERVER = behind_router("198.51.100.21", "2001:db8:21::21")
WEB = behind_router("116.202.1.1", "2a01:4f8:1::1")
DOWN = behind_router("116.202.1.2", "2a01:4f8:1::2")
CONTROLLER = Host("02:00:00:00:00:60", "192.168.1.60", "fd00:0:0:50::60")
TELNET, FTP, MODBUS = 23, 21, 502
VICTIMS, GUESSES, WATCHED, WRITES = 40, 8, 100, 5
CONNECTIONS, RETRIES, READS = 40, 100, 40


def modbus(number: int, function: int, first: int, second: int) -> bytes:
    """Transaction, protocol 0, length, unit 1, function and two words: a request, or the echo that confirms a write."""
    return struct.pack(">HHHBBHH", number, 0, 6, 1, function, first, second)


def registers(number: int) -> bytes:
    """The answer to a question for two registers."""
    return struct.pack(">HHHBBBHH", number, 0, 7, 1, 3, 4, 230, 231)


def guess(capture: Capture, at_s: float, number: int) -> None:
    turns = [
        Turn(False, b"220 FTP ready\r\n"),
        Turn(True, b"USER admin\r\n"),
        Turn(False, b"331 Password required\r\n"),
        Turn(True, b"PASS %06d\r\n" % number),
        Turn(False, b"530 Login incorrect\r\n"),
    ]
    capture.tcp(at_s, CAMERA, FTP_SERVER, FTP, turns)


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "outbound attack")
    for number in range(VICTIMS):
        victim = behind_router(f"203.0.113.{number + 20}", f"2001:db8:{number + 100:x}::1")
        capture.syn(30.0 * (number + 1), CAMERA, victim, TELNET)
    for number in range(GUESSES):
        guess(capture, 1_300.0 + 4 * number, number)
    reads = [(Turn(True, modbus(number, 3, 107, 2), 0.5), Turn(False, registers(number))) for number in range(WATCHED)]
    writes = [(Turn(True, modbus(number, 5, 12, 0xFF00), 1.0), Turn(False, modbus(number, 5, 12, 0xFF00))) for number in range(WRITES)]
    capture.tcp(1_400.0, CAMERA, CONTROLLER_AWAY, MODBUS, [turn for pair in reads + writes for turn in pair])
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "outbound attack, benign")
    known_s = found(capture, 10.0, WEB, "web.cams.example")
    for number in range(CONNECTIONS):
        tls13(capture, known_s + 0.1 * number, CAMERA, WEB, "web.cams.example", [(True, 300, 0.01), (False, 900, 0.02)])
    known_s = found(capture, 60.0, DOWN, "down.cams.example")
    for number in range(RETRIES):
        capture.syn(known_s + 5.0 * number, CAMERA, DOWN, 443)
    reads = [(Turn(True, modbus(number, 3, 107, 2), 1.0), Turn(False, registers(number))) for number in range(READS)]
    capture.tcp(700.0, CAMERA_INSIDE, CONTROLLER, MODBUS, [turn for pair in reads for turn in pair])
    return capture.pcap()


CAPTURES = {
    "outbound_attack.pcap": partial(reported, ip_version=4),
    "outbound_attack_v6.pcap": partial(reported, ip_version=6),
    "outbound_attack_benign.pcap": partial(benign, ip_version=4),
    "outbound_attack_benign_v6.pcap": partial(benign, ip_version=6),
}
