"""QUIC version 1 Initial packets with their protection (RFC 9000 section 17.2.2, RFC 9001 section 5)."""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

INITIAL_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
LEAST_BYTES = 1_200


def number(value: int) -> bytes:
    """A variable-length integer of one, two or four bytes (RFC 9000 section 16)."""
    if value < 64:
        return bytes([value])
    return struct.pack(">H", 0x4000 | value) if value < 16_384 else struct.pack(">I", 0x80000000 | value)


def parameter(identity: int, value: bytes) -> bytes:
    return number(identity) + number(len(value)) + value


def expanded(secret: bytes, label: str, size: int) -> bytes:
    """HKDF-Expand-Label of TLS 1.3."""
    full = b"tls13 " + label.encode()
    return HKDFExpand(SHA256(), size, struct.pack(">HB", size, len(full)) + full + b"\x00").derive(secret)


def initial(destination_id: bytes, source_id: bytes, first_id: bytes, frames: bytes, *, side: str, packet_number: int = 0) -> bytes:
    """A protected Initial packet, padded to 1,200 bytes. `first_id`: the client's first destination id, of which keys are made."""
    extractor = HMAC(INITIAL_SALT, SHA256())
    extractor.update(first_id)
    secret = expanded(extractor.finalize(), f"{side} in", 32)
    key, vector, mask_key = expanded(secret, "quic key", 16), expanded(secret, "quic iv", 12), expanded(secret, "quic hp", 16)
    ids = bytes([len(destination_id)]) + destination_id + bytes([len(source_id)]) + source_id
    padded = frames + bytes(max(0, LEAST_BYTES - 5 - len(ids) - 1 - 2 - 2 - 16 - len(frames)))
    header = b"\xc1\x00\x00\x00\x01" + ids + b"\x00" + number(2 + len(padded) + 16) + struct.pack(">H", packet_number)
    nonce = (int.from_bytes(vector, "big") ^ packet_number).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, padded, header)
    # The mask is made of what begins four bytes behind the start of the packet number, which has two.
    encryptor = Cipher(algorithms.AES(mask_key), modes.ECB()).encryptor()
    mask = encryptor.update(sealed[2:18])
    hidden = bytes(byte ^ mask[1 + place] for place, byte in enumerate(header[-2:]))
    return bytes([header[0] ^ (mask[0] & 0x0F)]) + header[1:-2] + hidden + sealed


def crypto_frame(data: bytes) -> bytes:
    return b"\x06\x00" + number(len(data)) + data
