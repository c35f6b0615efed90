"""Facts of certificates that were made here, and of bytes that are none."""

from __future__ import annotations

import contextlib
import hashlib

import made_certificates as making
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from tls_messages import sized

from gdsi_audit.protocols._certificate import LONGEST_CHAIN, Certificate, certificate, facts
from gdsi_audit.protocols._certificate_facts import MOST_NAMES

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP384R1())
SELF_SIGNED = making.make("camera.example", "camera.example", KEY, KEY, ("camera.example", "www.camera.example"))


def body(*ders: bytes) -> bytes:
    return sized(b"".join(sized(der, 3) for der in ders), 3)


def test_facts_of_a_self_signed_certificate():
    der = making.der(SELF_SIGNED)
    (found,) = certificate(body(der)).chain
    assert found.sha256 == hashlib.sha256(der).hexdigest()
    assert (found.subject, found.common_name, found.issuer) == ("CN=camera.example", "camera.example", "CN=camera.example")
    assert found.dns_names == ("camera.example", "www.camera.example")
    assert (found.not_before, found.not_after) == (1_577_836_800_000_000_000, 1_609_459_200_000_000_000)
    assert (found.key_type, found.key_bits, found.self_signed, found.unreadable) == ("EC", 256, True, "")


@pytest.mark.parametrize(
    ("key", "kind", "bits"),
    [(rsa.generate_private_key(65537, 1024), "RSA", 1024), (OTHER, "EC", 384), (ed25519.Ed25519PrivateKey.generate(), "Ed25519", 256)],
)
def test_kinds_of_keys(key, kind, bits):
    found = facts(making.der(making.make("a", "a", key, key)))
    assert (found.key_type, found.key_bits, found.self_signed) == (kind, bits, True)


def test_same_name_but_another_key_is_not_self_signed():
    assert not facts(making.der(making.make("a", "a", KEY, OTHER))).self_signed
    assert not facts(making.der(making.make("a", "b", KEY, KEY))).self_signed


def test_names_of_the_leaf_only_and_the_common_name_where_there_is_no_other():
    issuer = making.der(making.make("Authority", "Authority", OTHER, OTHER))
    assert list(certificate(body(making.der(SELF_SIGNED), issuer)).names()) == [
        ("camera.example", "certificate"),
        ("www.camera.example", "certificate"),
    ]
    assert list(certificate(body(issuer)).names()) == [("Authority", "certificate")]
    assert list(Certificate(()).names()) == []


def test_what_is_bounded():
    many = facts(making.der(making.make("a", "a", KEY, KEY, tuple(f"n{number}.example" for number in range(150)))))
    assert len(many.dns_names) == MOST_NAMES
    assert len(certificate(body(*[b"x"] * 40)).chain) == LONGEST_CHAIN


def test_text_is_stored_in_display_form():
    assert facts(making.der(making.make("a\nb\x1b[31m", "x", KEY, KEY))).common_name == "a\\x0ab\\x1b[31m"


def test_no_certificate_at_all():
    assert certificate(b"\0\0\0").chain == ()


@given(st.data())
def test_a_broken_certificate_is_unreadable_or_read(data):
    der = bytearray(making.der(SELF_SIGNED))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    found = facts(bytes(der[: data.draw(st.integers(0, len(der)))]))
    assert found.unreadable or found.key_type is not None


@given(st.binary(max_size=60))
def test_any_message_is_a_chain_or_value_error(message):
    with contextlib.suppress(ValueError):
        certificate(message)
