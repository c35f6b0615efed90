"""Writes the malformed captures: what a reader must refuse, keep or stop at. Run it in this folder; it always writes the same bytes.

Every frame is one UDP datagram to a documentation address, made here.
"""

from __future__ import annotations

import struct
from pathlib import Path

PACKETS = 12
SNAPLEN_BYTES = 65_535


def datagram(number: int) -> bytes:
    """An Ethernet frame with a UDP datagram of 20 bytes from 192.0.2.1 to 198.51.100.1."""
    payload = b"datagram %011d" % number
    udp = struct.pack(">HHHH", 40_000, 9, 8 + len(payload), 0) + payload
    ip = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0, bytes((192, 0, 2, 1)), bytes((198, 51, 100, 1))))
    total = sum(struct.unpack(">10H", ip))
    struct.pack_into(">H", ip, 10, 0xFFFF - (total + (total >> 16)) % 0x10000)
    return bytes.fromhex("020000000002 020000000001 0800") + bytes(ip) + udp


def file_header(
    *, order: str = "<", magic: int = 0xA1B2C3D4, snaplen: int = SNAPLEN_BYTES, network: int = 1, version: tuple[int, int] = (2, 4)
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snaplen, network)


def record(
    frame: bytes, *, seconds: int = 1_700_000_000, fraction: int = 0, order: str = "<", caplen: int | None = None, wire: int | None = None
) -> bytes:
    captured = len(frame) if caplen is None else caplen
    return struct.pack(order + "IIII", seconds, fraction, captured, len(frame) if wire is None else wire) + frame


def whole() -> bytes:
    return file_header() + b"".join(record(datagram(number), seconds=1_700_000_000 + number) for number in range(PACKETS))


CAPTURES = {
    "empty.pcap": b"",
    "header_cut.pcap": file_header()[:10],
    "header_only.pcap": file_header(),
    "tail_cut.pcap": whole()[:-7],
    "wrong_magic.pcap": b"\xde\xad\xbe\xef" + whole()[4:],
    "bad_caplen.pcap": file_header() + record(datagram(0), caplen=0x7FFFFFFF) + whole()[24:],
}

if __name__ == "__main__":
    for name, content in CAPTURES.items():
        Path(__file__).with_name(name).write_bytes(content)
