"""A camera that fetches code in clear text, and one whose readable downloads are pictures, lists and documents.

Reported: a SquashFS image over HTTP whose head the server sends by itself, a package from a host that nobody declared, the first part of a U-Boot
image asked for by range, a script over a connection of its own, and an image from a TFTP server in the house. Benign: a picture, a list of
versions with https addresses, a zipped document and a later part of something over HTTP; the image itself comes over TLS.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from functools import partial

from captures._device import begun, found
from captures._home import CAMERA, CAMERA_INSIDE, ROUTER, behind_router
from captures._tls import tls13
from captures._writer import Capture, Host, Turn

UPDATES = behind_router("116.202.1.1", "2a01:4f8:1::1")
PACKAGES = behind_router("116.202.1.2", "2a01:4f8:1::2")
BOOT = behind_router("116.202.1.3", "2a01:4f8:1::3")
SHELL = behind_router("116.202.1.4", "2a01:4f8:1::4")


def squashfs(capture: Capture) -> bytes:
    return b"hsqs" + struct.pack("<IIIIHHHHHH", 512, 1_790_000_000, 131_072, 12, 4, 17, 192, 1, 4, 0) + capture.noise(8_000)


def uboot(capture: Capture) -> bytes:
    """A legacy image header: magic, checksum, time, size, load and entry addresses, kind and name."""
    body = capture.noise(6_000)
    return (
        struct.pack(">IIIIIII4B32s", 0x27051956, 0, 1_790_000_000, len(body), 0x80008000, 0x80008000, zlib.crc32(body), 5, 2, 2, 1, b"Linux") + body
    )


def package() -> bytes:
    """A tar archive with the file that marks an IPK package, gzipped the same way every time."""
    entry = b"./debian-binary".ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"00000000004\0" + b"00000000000\0"
    head = (entry + b" " * 8 + b"0").ljust(257, b"\0") + b"ustar\x0000"
    total = sum(head)
    head = head[:148] + f"{total:06o}\0 ".encode() + head[156:]
    return gzip.compress(head.ljust(512, b"\0") + b"2.0\n".ljust(512, b"\0") + bytes(1024), mtime=0)


def document() -> bytes:
    name, body = b"[Content_Types].xml", b"<Types/>"
    return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0, zlib.crc32(body), len(body), len(body), len(name), 0) + name + body


def get(capture: Capture, at_s: float, server: Host, host: str, path: str, body: bytes, *lines: str, status: str = "200 OK", kind: str = "") -> None:
    """The server sends its head first, the body behind it."""
    known_s = found(capture, at_s, server, host)
    asked = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: camera/1.4\r\n\r\n"
    told = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Type: {kind or 'application/octet-stream'}", *lines, f"Content-Length: {len(body)}", "", ""])
    capture.tcp(known_s + 0.002, CAMERA, server, 80, [Turn(True, asked.encode()), Turn(False, told.encode()), Turn(False, body)])


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "insecure update")
    get(capture, 2.0, UPDATES, "update.cams.example", "/c1/1.4.3", squashfs(capture))
    get(capture, 10.0, PACKAGES, "feed.packages.example", "/c1/agent.ipk", package())
    image = uboot(capture)
    part = f"Content-Range: bytes 0-{len(image) - 1}/900000"
    get(capture, 20.0, BOOT, "boot.cams.example", "/c1/image", image, part, status="206 Partial Content")
    known_s = found(capture, 30.0, SHELL, "setup.shell.example")
    script = b"#!/bin/sh\ncd /tmp && ./agent --install\n" * 4
    capture.tcp(known_s + 0.01, CAMERA, SHELL, 9000, [Turn(True, b"\x01\x02"), Turn(False, script)])
    capture.udp(40.0, CAMERA_INSIDE, 50_000, ROUTER, 69, b"\0\1boot.img\0octet\0")
    capture.udp(40.01, ROUTER, 50_001, CAMERA_INSIDE, 50_000, b"\0\3\0\1" + image[:512])
    capture.udp(40.02, CAMERA_INSIDE, 50_000, ROUTER, 50_001, b"\0\4\0\1")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "insecure update, benign")
    picture = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + capture.noise(9_000)
    get(capture, 2.0, UPDATES, "update.cams.example", "/c1/icon", picture, kind="image/jpeg")
    listed = b'{"model": "C1", "version": "1.4.3", "url": "https://update.cams.example/c1/firmware-1.4.3.bin"}'
    get(capture, 6.0, UPDATES, "update.cams.example", "/c1/versions", listed, kind="application/json")
    get(capture, 10.0, UPDATES, "update.cams.example", "/c1/manual", document())
    part = "Content-Range: bytes 4096-9999/900000"
    get(capture, 14.0, UPDATES, "update.cams.example", "/c1/map", b"\x7fELF" + capture.noise(5_000), part, status="206 Partial Content")
    known_s = found(capture, 20.0, UPDATES, "update.cams.example")
    tls13(capture, known_s + 0.01, CAMERA, UPDATES, "update.cams.example", [(True, 200, 0.01), (False, 30_000, 0.02)])
    return capture.pcap()


CAPTURES = {
    "insecure_update.pcap": partial(reported, ip_version=4),
    "insecure_update_v6.pcap": partial(reported, ip_version=6),
    "insecure_update_benign.pcap": partial(benign, ip_version=4),
    "insecure_update_benign_v6.pcap": partial(benign, ip_version=6),
}
