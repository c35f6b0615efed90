"""STUN by hand; addresses from the test vectors of RFC 5769."""

from __future__ import annotations

import pytest
from conftest import heads_of

from gdsi_audit.protocols import NEED_MORE, stun, stun_tcp

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")


def attribute(code: int, value: bytes) -> bytes:
    return code.to_bytes(2) + len(value).to_bytes(2) + value + bytes(-len(value) % 4)


def message(kind: int, *attributes: bytes, cookie: bytes = stun.COOKIE) -> bytes:
    body = b"".join(attributes)
    return kind.to_bytes(2) + len(body).to_bytes(2) + cookie + TRANSACTION + body


MAPPED = attribute(0x20, bytes.fromhex("0001a147e112a643"))
MAPPED6 = attribute(0x20, bytes.fromhex("0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"))


def parsed(data: bytes) -> stun.StunMessage:
    return stun.parse([data], from_responder=False)


def test_a_success_response():
    seen = parsed(message(0x0101, attribute(0x8022, b"test vector"), MAPPED, MAPPED6))
    assert (seen.method, seen.message_class, seen.classic, seen.software) == (1, 2, False, "test vector")
    assert seen.mapped == (("192.0.2.1", 32853), ("2001:db8:1234:5678:11:2233:4455:6677", 32853))


def test_an_allocation_and_its_refusal():
    seen = parsed(message(0x0103, attribute(0x16, MAPPED[4:]), attribute(0x12, MAPPED[4:])))
    assert (seen.method, seen.relayed, seen.peers) == (3, (("192.0.2.1", 32853),), (("192.0.2.1", 32853),))
    refused = parsed(message(0x0113, attribute(9, b"\0\0\4\1"), attribute(0x14, b"r.example"), attribute(6, b"user")))
    assert (refused.message_class, refused.error_code, refused.realm, refused.username) == (3, 401, "r.example", "user")


def test_classic_stun_only_by_strict_shape():
    plain = attribute(1, bytes.fromhex("00018055c0000201"))
    classic = message(0x0101, plain, cookie=b"abcd")
    assert parsed(classic).classic and parsed(classic).mapped == (("192.0.2.1", 32853),)
    loose = [message(0x0101, attribute(0x99, b"abcd"), plain, cookie=b"abcd"), classic + b"x", b"\0\1\0\0" + bytes(16)]
    assert stun.recognise(heads_of([classic, message(1), *loose])).tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("data", [b"", message(1)[:19], message(1) + b"x", b"\x40" + message(1)[1:], message(1, b"\0\6\0\x09abcd")])
def test_what_is_no_stun(data):
    with pytest.raises(ValueError, match="offset"):
        parsed(data)


def test_over_tcp():
    framed = message(3, attribute(0x19, b"\x11\0\0\0"))
    assert stun_tcp.recognise(heads_of([framed, message(3, cookie=b"abcd")], transport=6)).tolist() == [True, False]
    assert stun_tcp.parse(framed[:-1], from_responder=False) is NEED_MORE
    assert stun_tcp.parse(framed + b"next", from_responder=False) == (parsed(framed), len(framed))
    with pytest.raises(ValueError, match="offset 0"):
        stun_tcp.parse(b"GET / HTTP/1.1", from_responder=False)
