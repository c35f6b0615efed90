"""The Certificate message of TLS up to 1.2 (RFC 5246 section 7.4.2): who the peer says it is, and who vouches for it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from gdsi_audit.wire_text import WireText, display

LONGEST_CHAIN = 16
MOST_NAMES = 100
NO_TEXT = WireText("")
REMEMBERED_CERTIFICATES = 2048
NAMES_OF_FLOW = 8
"""How many of the leaf's names are given to the flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """One X.509 certificate (RFC 5280)."""

    sha256: str
    """Of its DER, in hexadecimal."""
    unreadable: str = ""
    """Why nothing else is known; empty: it could be read."""
    subject: WireText = NO_TEXT
    """RFC 4514 form."""
    common_name: WireText = NO_TEXT
    issuer: WireText = NO_TEXT
    dns_names: tuple[WireText, ...] = ()
    """Subject alternative names, the first MOST_NAMES."""
    not_before: int = 0
    """UTC nanoseconds."""
    not_after: int = 0
    key_type: str = ""
    """RSA, EC, DSA, Ed25519, Ed448; empty: another."""
    key_bits: int = 0
    self_signed: bool = False
    """Subject and issuer are the same and its own key made the signature."""
    signature_hash: str = ""
    """Digest that was signed, as `sha256`; empty: the algorithm has none of its own (Ed25519), or it is not known."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A chain as sent, the peer's own certificate first."""

    chain: tuple[CertificateFacts, ...]
    """The first LONGEST_CHAIN; empty: the peer has none."""

    satisfied = True

    def names(self) -> Iterator[tuple[str, str]]:
        """The leaf's DNS names, or its common name where it has none."""
        for leaf in self.chain[:1]:
            for name in leaf.dns_names[:NAMES_OF_FLOW] or (leaf.common_name,):
                if name:
                    yield name, "certificate"


def certificate(body: bytes) -> Certificate:
    """The chain in the body of a Certificate message. Raises ValueError where lengths do not fit."""
    if len(body) < 3 or int.from_bytes(body[:3]) + 3 != len(body):
        raise ValueError(f"Certificate message of {len(body)} bytes: the length of its list at offset 0 does not fit")
    chain: list[CertificateFacts] = []
    at = 3
    while at < len(body) and len(chain) < LONGEST_CHAIN:
        end = at + 3 + int.from_bytes(body[at : at + 3])
        if at + 3 > len(body) or end > len(body):
            raise ValueError(f"Certificate message of {len(body)} bytes: the certificate at offset {at} does not fit")
        chain.append(facts(body[at + 3 : end]))
        at = end
    return Certificate(tuple(chain))


@lru_cache(maxsize=REMEMBERED_CERTIFICATES)
def facts(der: bytes) -> CertificateFacts:
    """What one certificate says. Never raises: one that cannot be read says so in `unreadable`."""
    digest = hashlib.sha256(der).hexdigest()
    try:
        with warnings.catch_warnings():
            # Certificates that break RFC 5280 are what an audit is here to see.
            warnings.simplefilter("ignore")
            return _facts(x509.load_der_x509_certificate(der), digest)
    except Exception as error:
        # The library raises many kinds, some of its own, on hostile DER.
        return CertificateFacts(sha256=digest, unreadable=f"{type(error).__name__}: {display(str(error).encode(errors='replace'))}")


def _facts(read: x509.Certificate, digest: str) -> CertificateFacts:
    key_type, key_bits = _key(read)
    return CertificateFacts(
        sha256=digest,
        subject=_text(read.subject.rfc4514_string()),
        common_name=_common_name(read.subject),
        issuer=_text(read.issuer.rfc4514_string()),
        dns_names=_dns_names(read),
        not_before=_nanoseconds(read.not_valid_before_utc),
        not_after=_nanoseconds(read.not_valid_after_utc),
        key_type=key_type,
        key_bits=key_bits,
        self_signed=_is_self_signed(read),
        signature_hash=_signature_hash(read),
    )


def _text(text: str) -> WireText:
    return display(text.encode("utf-8", "surrogatepass"))


def _common_name(name: x509.Name) -> WireText:
    for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME):
        value = attribute.value
        return _text(value) if isinstance(value, str) else display(value)
    return NO_TEXT


def _dns_names(read: x509.Certificate) -> tuple[WireText, ...]:
    try:
        alternatives = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError):
        # Other extensions may be broken while the certificate itself is readable.
        return ()
    return tuple(_text(name) for name in alternatives.get_values_for_type(x509.DNSName)[:MOST_NAMES])


def _key(read: x509.Certificate) -> tuple[str, int]:
    try:
        key = read.public_key()
    except Exception:
        # An algorithm or a curve that the library does not know: the rest is still worth having.
        return "", 0
    match key:
        case rsa.RSAPublicKey():
            return "RSA", key.key_size
        case ec.EllipticCurvePublicKey():
            return "EC", key.key_size
        case dsa.DSAPublicKey():
            return "DSA", key.key_size
        case ed25519.Ed25519PublicKey():
            return "Ed25519", 256
        case ed448.Ed448PublicKey():
            return "Ed448", 456
    return "", 0


def _signature_hash(read: x509.Certificate) -> str:
    try:
        digest = read.signature_hash_algorithm
    except Exception:
        # An algorithm that the library does not know.
        return ""
    return digest.name if digest is not None else ""


def _is_self_signed(read: x509.Certificate) -> bool:
    if read.subject != read.issuer:
        return False
    try:
        read.verify_directly_issued_by(read)
    except Exception:
        # A wrong signature, or an algorithm that the library refuses to check: not shown to be self-signed.
        return False
    return True


def _nanoseconds(instant: datetime) -> int:
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000
