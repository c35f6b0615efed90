"""What is wrong with a handshake, and since when standards say so: what was in force when a capture was taken is no defect of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from gdsi_audit.detectors import _certificate_names, _cipher_suites, _tor_links
from gdsi_audit.detectors._cipher_suites import ANONYMOUS, DES, EXPORT, NULL, RC2_IDEA, RC4, TRIPLE_DES
from gdsi_audit.protocols._certificate_facts import CertificateFacts
from gdsi_audit.protocols._client_hello import ClientHello
from gdsi_audit.protocols._handshake import ServerHello, version_name

SSL_2 = 0x0002
SELF_SIGNED = "self-signed"
BROKEN, OLD = "broken", "old"
"""Anyone on the way can read or change what is sent; or this can no longer be ruled out."""


def _since(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 10**9


DAY_NS = 86_400 * 10**9
EARLIEST_CLOCK = _since(2000, 1)
"""A capture that says it is older comes from a clock that was not set."""


class Defect(NamedTuple):
    """One thing that is wrong."""

    kind: str
    grade: str
    retired: int
    """UTC nanoseconds since when it counts; 0: always did."""
    says: str

    def counts(self, time: int) -> bool:
        """Whether it had been retired at `time`, as far as the capture's clock can be believed."""
        return time >= self.retired or time < EARLIEST_CLOCK


_VERSIONS = {
    SSL_2: (BROKEN, _since(2011, 3)),  # RFC 6176
    0x0300: (BROKEN, _since(2015, 6)),  # RFC 7568
    **dict.fromkeys((0x0301, 0x0302, 0xFEFF, 0x0100), (OLD, _since(2021, 3))),  # RFC 8996
}
_SUITES = {
    NULL: (BROKEN, 0),
    EXPORT: (BROKEN, 0),
    ANONYMOUS: (BROKEN, 0),
    RC4: (OLD, _since(2015, 2)),  # RFC 7465
    DES: (OLD, _since(2009, 2)),  # RFC 5469
    RC2_IDEA: (OLD, _since(2009, 2)),  # RFC 5469
    TRIPLE_DES: (OLD, _since(2015, 5)),  # RFC 7525
}
SHORTEST_KEY_BITS = {"RSA": 2048, "DSA": 2048, "EC": 224}
KEYS_RETIRED = _since(2014, 1)  # NIST SP 800-131A, CA/Browser Forum
HASHES_RETIRED = {"md2": _since(2009, 1), "md5": _since(2009, 1), "sha1": _since(2017, 1)}  # RFC 6151, CA/Browser Forum ballot 118


def of_oldest(hello: ClientHello) -> Iterator[Defect]:
    """Of a hello that leaves no choice."""
    if hello.version == SSL_2:
        yield Defect("version", *_VERSIONS[SSL_2], f"{version_name(SSL_2)} was the only version offered, and answered")


def of_server_hello(hello: ServerHello) -> Iterator[Defect]:
    """Of what was agreed."""
    if hello.hello_retry:
        return
    version = _VERSIONS.get(hello.version)
    if version:
        yield Defect("version", *version, f"{version_name(hello.version)} was agreed on")
    for word in _cipher_suites.WEAK.get(hello.cipher_suite, ()):
        yield Defect(f"suite: {word}", *_SUITES[word], f"the cipher suite agreed on, 0x{hello.cipher_suite:04X}, means {word}")
    if hello.compression:
        yield Defect("compression", OLD, _since(2012, 10), "compression was agreed on")


def of_client_hello(hello: ClientHello) -> Iterator[str]:
    """What is broken in an offer, in words; whoever answers may still choose better."""
    if hello.version in (SSL_2, 0x0300):
        yield version_name(hello.version)
    for word in (NULL, EXPORT, ANONYMOUS):
        if any(word in _cipher_suites.WEAK.get(suite, ()) for suite in hello.cipher_suites):
            yield word


def of_chain(chain: tuple[CertificateFacts, ...], name: str, time: int, tolerance_ns: int) -> Iterator[Defect]:
    """Of the certificates that a server sent at `time` to a client that asked for `name` (empty: it did not say)."""
    if not chain or chain[0].unreadable or _tor_links.is_made_up(chain):
        return
    leaf = chain[0]
    if leaf.self_signed:
        yield Defect(SELF_SIGNED, OLD, 0, f"the certificate ({leaf.subject}) is signed by itself")
    if time >= EARLIEST_CLOCK:
        yield from _out_of_date(leaf, time, tolerance_ns)
    if name and _certificate_names.listed(leaf) and not _certificate_names.fits(leaf, name):
        yield Defect("name", OLD, 0, f"the certificate is for {', '.join(_certificate_names.listed(leaf)[:3])}, not for {name}")
    # Above it stand authorities: those that a client already trusts prove nothing by what they are signed with.
    if 0 < leaf.key_bits < SHORTEST_KEY_BITS.get(leaf.key_type, 0):
        yield Defect("key", OLD, KEYS_RETIRED, f"the certificate's key has {leaf.key_bits} bits ({leaf.key_type})")
    if leaf.signature_hash in HASHES_RETIRED and not leaf.self_signed:
        yield Defect("signature", OLD, HASHES_RETIRED[leaf.signature_hash], f"the certificate is signed over {leaf.signature_hash.upper()}")


def _out_of_date(leaf: CertificateFacts, time: int, tolerance_ns: int) -> Iterator[Defect]:
    if time > leaf.not_after + tolerance_ns:
        yield Defect("expired", OLD, 0, f"the certificate had expired {(time - leaf.not_after) // DAY_NS:,} days before")
    if time < leaf.not_before - tolerance_ns:
        yield Defect("not yet valid", OLD, 0, f"the certificate becomes valid only {(leaf.not_before - time) // DAY_NS:,} days later")
