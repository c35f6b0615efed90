"""A camera whose declared names are somebody else's behind the scenes, and one whose names are only carried by others.

Reported: `metrics.cams.example` is an alias of an analyst's name, and the server of `help.cams.example` shows a certificate that was made out to a
chat service first. Benign: aliases lead to a content network, to a rented name of a cloud, to a domain that carries content by its name, to a
second domain of the vendor's, and to one that is declared; the certificates are the vendor's own, or shared by many tenants.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from captures._device import begun, found, uploads
from captures._home import CAMERA, behind_router
from captures._tls import tls12_turns
from captures._writer import Capture, Host

ANALYST = behind_router("116.202.1.1", "2a01:4f8:1::1")
CHAT = behind_router("116.202.1.2", "2a01:4f8:1::2")
CARRIER = behind_router("116.202.1.3", "2a01:4f8:1::3")
VENDOR = behind_router("116.202.1.4", "2a01:4f8:1::4")


def issued(*names: str) -> bytes:
    """DER of a certificate for `names`, made out to the first of them by an authority; the same bytes every time."""
    own, authority = (Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest()) for seed in (names[0], "authority"))
    made = x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
    made = made.issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Authority")])).public_key(own.public_key())
    made = made.serial_number(1).not_valid_before(datetime(2026, 9, 1, tzinfo=UTC)).not_valid_after(datetime(2027, 3, 1, tzinfo=UTC))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return made.sign(authority, None).public_bytes(Encoding.DER)


def shows(capture: Capture, at_s: float, server: Host, name: str, *certified: str) -> None:
    """TLS 1.2, whose certificate can be read."""
    known_s = found(capture, at_s, server, name)
    turns = tls12_turns(capture, name, [issued(*certified)], [(True, 2_000, 0.02), (False, 300, 0.03)])
    capture.tcp(known_s + 0.002, CAMERA, server, 443, turns)


def reported(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "cloaked third party")
    uploads(capture, 2.0, ANALYST, 4_000, "metrics.cams.example", "c17.audience-insight.example")
    shows(capture, 8.0, CHAT, "help.cams.example", "*.chatdesk.example", "help.cams.example")
    return capture.pcap()


def benign(*, ip_version: int) -> bytes:
    capture = begun(ip_version, "cloaked third party, benign")
    uploads(capture, 2.0, CARRIER, 4_000, "metrics.cams.example", "d111abcdef8.cloudfront.net")
    uploads(capture, 4.0, CARRIER, 4_000, "clips.cams.example", "clips.cams.example.content-delivery.example")
    uploads(capture, 6.0, CARRIER, 4_000, "relay.cams.example", "relay-1.eu-central-1.elb.amazonaws.com")
    uploads(capture, 8.0, VENDOR, 4_000, "api.cams.example", "eu.api.examplecams.example")
    uploads(capture, 10.0, VENDOR, 4_000, "voice.cams.example", "in.speech-partner.example")
    shows(capture, 14.0, VENDOR, "help.cams.example", "*.cams.example")
    tenants = [f"www.shop-{number}.example" for number in range(6)]
    shows(capture, 18.0, CARRIER, "news.cams.example", *tenants, "news.cams.example")
    return capture.pcap()


CAPTURES = {
    "cloaked_third_party.pcap": partial(reported, ip_version=4),
    "cloaked_third_party_v6.pcap": partial(reported, ip_version=6),
    "cloaked_third_party_benign.pcap": partial(benign, ip_version=4),
    "cloaked_third_party_benign_v6.pcap": partial(benign, ip_version=6),
}
