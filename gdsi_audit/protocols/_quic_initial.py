"""Initial packets of QUIC, opened: their keys come from the connection id that the client chose first (RFC 9001 section 5.2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice, product
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from gdsi_audit.protocols import _quic_packet as layout
from gdsi_audit.protocols._pieces import joined, keep
from gdsi_audit.protocols._quic_packet import Packet, varint

MOST_CANDIDATES = 4
"""Connection ids that are tried as the first one: a Retry brings one more, the server's own id another."""
LARGEST_CRYPTO_BYTES = 65_536
MOST_PACKETS = 32
MOST_FRAMES = 256
"""In one packet. What is beyond these bounds is not read: a hello needs a few packets of a few frames."""

LAST_DEPLOYED_DRAFT = 0xFF00001D

_SALT_1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001, drafts 33 and 34
_SALT_2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")  # RFC 9369
_SALT_2_DRAFT = bytes.fromhex("a707c203a59b47184a1d62ca570406ea7ae3e5d3")
_SALT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")  # drafts 29 to 32
_SALT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")  # drafts 23 to 28
_SALT_22 = bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a")
_SALTS = {
    layout.VERSION_1: _SALT_1,
    layout.VERSION_2: _SALT_2,
    layout.VERSION_2_DRAFT: _SALT_2_DRAFT,
    layout.Q050: bytes.fromhex("504574efd066fe2f9d945cfcdbd3a7f0d3b56b45"),
    layout.T050: bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310"),
    layout.T051: bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"),
    0xFACEB001: _SALT_22,
    0xFACEB002: _SALT_23,
    0xFACEB00E: _SALT_23,
}


class Keys(NamedTuple):
    """Of one direction."""

    packet: AESGCM
    iv: int
    header: Cipher[ECB]


def keyed_as(version: int) -> tuple[int, ...]:
    """The versions whose keys a packet of `version` may be sealed with; none where no salt is known.

    No version stands behind a reserved one (RFC 9000 section 15): a client that sends it, so that the server lists its own, seals the packet as the
    version that it would rather speak.
    """
    if layout.is_reserved(version):
        return layout.VERSION_1, LAST_DEPLOYED_DRAFT
    return (version,) if salt(version) else ()


def salt(version: int) -> bytes:
    """The salt of a version; empty: not known."""
    if version >> 8 == 0xFF0000:
        draft = version & 0xFF
        return b"" if not 22 <= draft <= 34 else _SALT_22 if draft == 22 else _SALT_23 if draft < 29 else _SALT_29 if draft < 33 else _SALT_1
    return _SALTS.get(version, b"")


@lru_cache(maxsize=1024)
def keys(version: int, client_dcid: bytes, side: str) -> Keys:
    """The Initial keys of `side`, client or server."""
    prefix = "quicv2" if version in (layout.VERSION_2, layout.VERSION_2_DRAFT) else "quic"
    initial = hmac.digest(salt(version), client_dcid, "sha256")
    secret = expand(initial, f"{side} in", 32)
    return Keys(
        packet=AESGCM(expand(secret, f"{prefix} key", 16)),
        iv=int.from_bytes(expand(secret, f"{prefix} iv", 12)),
        header=Cipher(AES(expand(secret, f"{prefix} hp", 16)), ECB()),
    )


def expand(secret: bytes, label: str, size_bytes: int) -> bytes:
    """HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1) with an empty context, for at most one hash of output."""
    full = b"tls13 " + label.encode()
    info = size_bytes.to_bytes(2) + bytes([len(full)]) + full + b"\0\x01"
    return hmac.digest(secret, info, hashlib.sha256)[:size_bytes]


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
