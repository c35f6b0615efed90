"""Certificates (RFC 5280) as the cryptography library reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from gdsi_audit.protocols._certificate_facts import MOST_NAMES, NO_TEXT
from gdsi_audit.wire_text import WireText, display


def read(der: bytes) -> dict[str, Any]:
    """The fields of CertificateFacts, the digest apart. Raises whatever the library raises on hostile DER."""
    read = x509.load_der_x509_certificate(der)
    key_type, key_bits = _key(read)
    return dict(
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
