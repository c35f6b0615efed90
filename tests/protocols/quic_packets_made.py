"""Writes and protects QUIC Initial packets with the library's own HKDF and GCM, for tests of the parser that opens them."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SALTS = {
    0x00000001: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
    0x6B3343CF: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
    0xFF00001D: "afbfec289993d24c9e9786f19c6111e04390a899",
    0xFF00001B: "c3eef712c72ebb5a11a7d2432bb46365bef9f502",
    0xFF000016: "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a",
    0xFF000021: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
    0x51303530: "504574efd066fe2f9d945cfcdbd3a7f0d3b56b45",
    0x54303531: "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d",
    0xFACEB002: "c3eef712c72ebb5a11a7d2432bb46365bef9f502",
}
DCID = bytes.fromhex("8394c8f03e515708")


def expand(secret: bytes, label: str, size: int) -> bytes:
    full = b"tls13 " + label.encode()
    return HKDFExpand(hashes.SHA256(), size, size.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0").derive(secret)


def extract(salt: bytes, secret: bytes) -> bytes:
    mac = hmac.HMAC(salt, hashes.SHA256())
    mac.update(secret)
    return mac.finalize()


def varint(value: int) -> bytes:
    return (
        value.to_bytes(1, "big") if value < 64 else (value | 0x4000).to_bytes(2, "big") if value < 16_384 else (value | 0x80000000).to_bytes(4, "big")
    )


def crypto(offset: int, content: bytes, kind: int = 6) -> bytes:
    return bytes([kind]) + varint(offset) + varint(len(content)) + content


def initial(
    frames: bytes,
    *,
    version: int = 1,
    written: int | None = None,
    dcid: bytes = DCID,
    keyed_by: bytes | None = None,
    scid: bytes = b"\xcc\xdd",
    token: bytes = b"",
    number: int = 0,
    side: str = "client",
    pad_to: int = 1162,
) -> bytes:
    """One Initial packet; `keyed_by` is the connection id that the keys come from, where it is not `dcid`; `written` the version in the header, where
    it is not `version`, whose keys seal it."""
    prefix = "quicv2" if version == 0x6B3343CF else "quic"
    secret = expand(extract(bytes.fromhex(SALTS[version]), keyed_by or dcid), f"{side} in", 32)
    key, iv, header_key = (expand(secret, f"{prefix} {label}", size) for label, size in (("key", 16), ("iv", 12), ("hp", 16)))
    frames = frames.ljust(pad_to, b"\0")
    kind = 0xD0 if version == 0x6B3343CF else 0xC0
    cids = bytes([len(dcid)]) + dcid + bytes([len(scid)]) + scid
    packet_number = number.to_bytes(2, "big")
    lengths = varint(len(token)) + token + varint(2 + len(frames) + 16)
    header = bytes([kind | 1]) + (written or version).to_bytes(4, "big") + cids + lengths + packet_number
    nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, frames, header)
    mask = Cipher(algorithms.AES(header_key), modes.ECB()).encryptor().update((packet_number + sealed)[4:20])
    first = header[0] ^ mask[0] & 0x0F
    hidden = bytes(a ^ b for a, b in zip(packet_number, mask[1:3], strict=True))
    return bytes([first]) + header[1:-2] + hidden + sealed
