"""The Certificate message of TLS up to 1.2 (RFC 5246 section 7.4.2): who the peer says it is, and who vouches for it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gdsi_audit.protocols._certificate_facts import CertificateFacts
from gdsi_audit.wire_text import display

LONGEST_CHAIN = 16
REMEMBERED_CERTIFICATES = 2048
NAMES_OF_FLOW = 8
"""How many of the leaf's names are given to the flow."""


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
    sha256, sha1 = hashlib.sha256(der).hexdigest(), hashlib.sha1(der, usedforsecurity=False).hexdigest()
    # Loading the library takes longer than reading a thousand certificates, and many captures hold none.
    from gdsi_audit.protocols import _x509

    try:
        with warnings.catch_warnings():
            # Certificates that break RFC 5280 are what an audit is here to see.
            warnings.simplefilter("ignore")
            return CertificateFacts(sha256=sha256, sha1=sha1, **_x509.read(der))
    except Exception as error:
        # The library raises many kinds, some of its own, on hostile DER.
        why = f"{type(error).__name__}: {display(str(error).encode(errors='replace'))}"
        return CertificateFacts(sha256=sha256, sha1=sha1, unreadable=why)
