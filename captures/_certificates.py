"""Certificates as a certification authority issues them, and as it should not: keys, signatures and dates to order, the same bytes every time."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
AUTHORITY = "Example Trust CA"
SHA256_WITH_RSA = bytes.fromhex("2a864886f70d01010b")
WITH_RSA = {"md5": bytes.fromhex("2a864886f70d010104"), "sha1": bytes.fromhex("2a864886f70d010105")}
"""Object identifiers of as many bytes (RFC 8017, appendix C)."""
Key = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked of the authority."""

    names: tuple[str, ...]
    issuer: str = AUTHORITY
    """The first of `names`: signed by itself."""
    rsa_bits: int = 0
    """0: an Ed25519 key."""
    digest: str = "sha256"
    """With an authority that has an RSA key: sha256, sha1, md5. The last two only in name: the signature does not fit."""
    valid_from: datetime = FROM
    valid_until: datetime = UNTIL
    bare: bool = False
    """Without alternative names."""


def issued(order: Order) -> bytes:
    """DER of a certificate for all of `order.names`."""
    key = _key(order.names[0], order.rsa_bits)
    by_itself = order.issuer == order.names[0]
    signer = key if by_itself else _key(order.issuer, 0 if order.digest == "sha256" else 2048)
    made = x509.CertificateBuilder().subject_name(_named(order.names[0])).issuer_name(_named(order.issuer)).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(order.valid_from).not_valid_after(order.valid_until)
    if not order.bare:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in order.names]), critical=False)
    der = made.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else SHA256()).public_bytes(Encoding.DER)
    return der.replace(SHA256_WITH_RSA, WITH_RSA.get(order.digest, SHA256_WITH_RSA))


def chain(*names: str) -> list[bytes]:
    """A sound certificate for `names`, and the authority's own."""
    return [issued(Order(names=names)), issued(Order(names=(AUTHORITY,)))]


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key(owner: str, rsa_bits: int) -> Key:
    """Always the same for the same owner."""
    seed = hashlib.sha256(f"{owner} {rsa_bits}".encode()).digest()
    return _rsa(random.Random(seed), rsa_bits) if rsa_bits else ed25519.Ed25519PrivateKey.from_private_bytes(seed)


def _rsa(numbers: random.Random, bits: int) -> rsa.RSAPrivateKey:
    exponent = 65_537
    p, q = (_prime(numbers, bits // 2, exponent) for _ in range(2))
    d = pow(exponent, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(exponent, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def _prime(numbers: random.Random, bits: int, exponent: int) -> int:
    """Probably prime: good enough to look at."""
    while True:
        candidate = numbers.getrandbits(bits) | 3 << (bits - 2) | 1
        if candidate % exponent != 1 and all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7)):
            return candidate
