"""What one X.509 certificate says."""

from __future__ import annotations

from dataclasses import dataclass

from gdsi_audit.wire_text import WireText

MOST_NAMES = 100
NO_TEXT = WireText("")


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """One X.509 certificate (RFC 5280)."""

    sha256: str
    """Of its DER, in hexadecimal."""
    sha1: str = ""
    """The same by the hash that lists of bad certificates are written in; it identifies, and proves nothing."""
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
