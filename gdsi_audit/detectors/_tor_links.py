"""Links of Tor dressed up as the web: a made-up name in the hello, and a certificate that another made-up name issued to a third."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gdsi_audit.protocols._certificate_facts import CertificateFacts

MADE_UP = re.compile(r"(?:CN=)?www\.[a-z2-7]{8,20}\.(?:com|net)")
"""As Tor makes them for certificates: base32 between `www.` and a common ending."""
SHOWN = re.compile(r"www\.[a-z2-7]{4,25}\.com")
"""As its hellos show them. Many an honest name is as short, so that it takes the port as well."""


def is_made_up(chain: Sequence[CertificateFacts]) -> bool:
    """Whether the first certificate is like those that Tor's link handshake makes: nothing in it but two made-up names, each unlike the other."""
    leaf = chain[0]
    subject, issuer = MADE_UP.fullmatch(leaf.subject), MADE_UP.fullmatch(leaf.issuer)
    return bool(subject and issuer and leaf.subject != leaf.issuer and not leaf.dns_names)


def is_made_up_name(name: str) -> bool:
    """Whether a server name is of that kind."""
    return bool(MADE_UP.fullmatch(name))


def is_shown_name(name: str) -> bool:
    """Whether a server name could be one of a hello of Tor's."""
    return bool(SHOWN.fullmatch(name))
