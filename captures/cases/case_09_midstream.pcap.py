"""Case 9: a connection without its beginning to an address that nobody was told of, and one to an allowed host.

Planted: the camera starts, asks for its vendor's name, and then 60 kB go up in a connection whose handshake is not in the capture, to an address that
no answer ever gave. Harmless: the same to the address that was answered for the vendor's name.
"""

from __future__ import annotations

import struct

from captures._home import CAMERA, START_S
from captures._services import icmp6, link_local
from captures._vendor import API_SERVER, STRANGER, case, started
from captures._writer import Capture, Host, Turn, mac_bytes

HANDSHAKE_FRAMES = 3
PORT = 9_700


def _without_beginning(ip_version: int, server: Host) -> bytes:
    capture = started(ip_version, "case 9")
    if ip_version == 6:
        solicitation = struct.pack(">BBHI", 133, 0, 0, 0) + b"\x01\x01" + mac_bytes(CAMERA.mac)  # RFC 4861 section 4.1
        icmp6(capture, 0.0, link_local(CAMERA), CAMERA.mac, "ff02::2", "33:33:00:00:00:02", solicitation)
    connection = Capture(ip_version, START_S, "case 9, connection")
    turns = [turn for _ in range(20) for turn in (Turn(True, connection.noise(3_000), 2.0), Turn(False, connection.noise(40)))]
    connection.tcp(30.0, CAMERA, server, PORT, turns)
    capture.frames += connection.frames[HANDSHAKE_FRAMES:]
    return capture.pcap()


def planted(*, ip_version: int) -> bytes:
    """60 kB to an address that no answer gave."""
    return _without_beginning(ip_version, STRANGER)


def harmless(*, ip_version: int) -> bytes:
    """60 kB to the address of the vendor's name."""
    return _without_beginning(ip_version, API_SERVER)


CAPTURES = case("case_09_midstream", planted, harmless)
