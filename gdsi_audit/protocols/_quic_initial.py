"""Initial packets of QUIC, opened (RFC 9001 section 5), and the bytes of the handshake in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import NamedTuple

from cryptography.exceptions import InvalidTag

from gdsi_audit.protocols import _quic_packet as layout
from gdsi_audit.protocols._pieces import joined, keep
from gdsi_audit.protocols._quic_keys import Keys, keyed_as, keys
from gdsi_audit.protocols._quic_packet import Packet, varint

MOST_CANDIDATES = 4
"""Connection ids that are tried as the first one: a Retry brings one more, the server's own id another."""
LARGEST_CRYPTO_BYTES = 65_536
MOST_PACKETS = 32
MOST_FRAMES = 256
"""In one packet. What is beyond these bounds is not read: a hello needs a few packets of a few frames."""


class Opened(NamedTuple):
    """An Initial packet, its protection removed."""

    packet: Packet
    number: int
    """As far as it is written out: its last bytes, which are all of the first ones."""
    frames: bytes


def open_packet(packet: Packet, opener: Keys) -> Opened | None:
    """None where `opener` is not its key, or where the capture cut it."""
    data, at = packet.datagram, packet.payload
    if packet.end > len(data) or at + 20 > packet.end:
        return None
    mask = opener.header.encryptor().update(data[at + 4 : at + 20])
    first = data[packet.begin] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    number = int.from_bytes(data[at : at + size]) ^ int.from_bytes(mask[1 : 1 + size])
    header = bytes([first]) + data[packet.begin + 1 : at] + number.to_bytes(size)
    try:
        frames = opener.packet.decrypt((opener.iv ^ number).to_bytes(12), data[at + size : packet.end], header)
    except InvalidTag:
        return None
    return Opened(packet, number, frames)


def crypto_bytes(packets: Iterable[Packet], side: str, client_dcids: Iterable[bytes]) -> tuple[bytes, Opened | None]:
    """The bytes of the handshake from its beginning as far as they are there, and the first packet that could be opened."""
    candidates = list(dict.fromkeys(client_dcids))[:MOST_CANDIDATES]
    pieces: dict[int, bytes] = {}
    first: Opened | None = None
    for packet in islice(packets, MOST_PACKETS):
        opened = _opened(packet, side, candidates)
        if opened:
            first = first or opened
            for offset, piece in crypto_frames(opened.frames, layout.is_google_framed(packet.version)):
                keep(pieces, offset, piece)
    return joined(pieces), first


def _opened(packet: Packet, side: str, client_dcids: list[bytes]) -> Opened | None:
    tried = (open_packet(packet, keys(version, dcid, side)) for version, dcid in product(keyed_as(packet.version), client_dcids))
    return next(filter(None, tried), None)


def crypto_frames(frames: bytes, google: bool) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) of the CRYPTO frames (RFC 9000 section 19.6), up to the first frame that may not be in an Initial packet or does not fit."""
    padding, crypto = (b"\0\x07", 0x08) if google else (b"\0\x01", 0x06)
    at = 0
    try:
        for _ in range(MOST_FRAMES):
            at += len(frames) - at - len(frames[at:].lstrip(padding))
            if at >= len(frames):
                return
            kind, at = frames[at], at + 1
            if kind == crypto:
                offset, at = varint(frames, at)
                size, at = varint(frames, at)
                if at + size > len(frames) or offset + size > LARGEST_CRYPTO_BYTES:
                    return
                yield offset, frames[at : at + size]
                at += size
            elif kind in (0x02, 0x03) and not google:
                at = _behind_ack(frames, at, kind == 0x03)
            else:
                return
    except ValueError:
        return


def _behind_ack(frames: bytes, at: int, counts_congestion: bool) -> int:
    _, at = varint(frames, at)
    _, at = varint(frames, at)
    ranges, at = varint(frames, at)
    for _ in range(min(2 * ranges, len(frames)) + 1 + 3 * counts_congestion):
        _, at = varint(frames, at)
    return at
