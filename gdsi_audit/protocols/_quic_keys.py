"""Keys of QUIC's Initial packets: they come from the version and the connection id that the client chose first (RFC 9001 section 5.2)."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from gdsi_audit.protocols import _quic_packet as layout

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
