"""The DTLS parser: fragments by hand, and anything at all."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import tls_messages as made
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.protocols import HEAD_BYTES, NEED_MORE, Heads, dtls
from gdsi_audit.protocols._handshake import Alert, Encrypted

HELLO = made.client_hello_body(version=0xFEFD, cookie=b"cookie")
CHAIN = made.sized(made.sized(b"no DER", 3), 3)


def fragment(kind: int, body: bytes, number: int = 0, begin: int = 0, end: int | None = None) -> bytes:
    piece = body[begin:end]
    return bytes([kind]) + len(body).to_bytes(3, "big") + number.to_bytes(2, "big") + begin.to_bytes(3, "big") + made.sized(piece, 3)


def record(content: bytes, content_type: int = 22, epoch: int = 0, version: int = 0xFEFD) -> bytes:
    return bytes([content_type]) + made.numbers(version, epoch) + bytes(6) + made.sized(content, 2)


def parse(*datagrams: bytes, final: bool = False):
    return dtls.parse(list(datagrams), from_responder=False, final=final)


def recognised(*payloads: bytes) -> list[bool]:
    count = len(payloads)
    rows = np.frombuffer(b"".join(payload[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0") for payload in payloads), np.uint8).reshape(count, HEAD_BYTES)
    ports = np.zeros(count, np.uint16)
    lengths = np.array([len(payload) for payload in payloads], np.int32)
    return dtls.recognise(Heads(rows, lengths, np.full(count, 17, np.uint8), ports, ports, np.zeros(count, np.uint8))).tolist()


def test_client_hello_with_a_cookie():
    hello = parse(record(fragment(1, HELLO)))
    assert (hello.server_name, hello.legacy_version, hello.alpn) == ("www.example.com", 0xFEFD, ("h2", "http/1.1"))
    assert list(hello.names()) == [("www.example.com", "tls-sni")]


def test_version_counts_downwards():
    body = made.client_hello_body((made.versions(0xFEFC, 0xFEFD),), version=0xFEFD, cookie=b"")
    hello = parse(record(fragment(1, body)))
    assert (hello.version, hello.ja4[:4], hello.satisfied) == (0xFEFC, "dd3i", True)
    assert parse(record(fragment(1, made.client_hello_body((), version=0xFEFF, cookie=b"")), version=0xFEFF)).ja4[:4] == "dd1i"


def test_fragments_in_any_order():
    pieces = [record(fragment(1, HELLO, 1, begin, begin + 60)) for begin in range(0, len(HELLO), 50)]
    assert parse(*pieces[:-1]) is NEED_MORE
    assert parse(*pieces[::-1]) == parse(record(fragment(1, HELLO)))


def test_server_hello_waits_for_its_certificate():
    hello = fragment(2, made.server_hello_body(0xC030, version=0xFEFD), 1)
    verify = record(fragment(3, b"\xfe\xfd\x02ab"))
    assert parse(verify, record(hello)) is NEED_MORE
    alone = parse(verify, record(hello), final=True)
    assert (alone.cipher_suite, alone.version) == (0xC030, 0xFEFD)
    assert parse(record(hello), record(fragment(14, b"", 2))) == alone
    assert parse(record(hello), record(b"\x01", 20)) == alone
    chain = fragment(11, CHAIN, 2)
    both = parse(verify, record(hello + chain), record(fragment(14, b"", 3)))
    assert both[0] == alone and both[1].chain[0].unreadable


def test_session_already_under_way():
    assert parse(record(bytes(40), 23, epoch=1)) == Encrypted(23)
    assert parse(record(b"\x02\x28", 21)) == Alert(2, 40)
    assert parse(record(fragment(1, HELLO)) + b"\x2f\x00\x01") == parse(record(fragment(1, HELLO)))


def test_recognise():
    yes = [record(fragment(1, HELLO)), record(fragment(2, HELLO)), record(fragment(3, b"\xfe\xfd\x02ab")), record(bytes(40), 23, epoch=1)]
    assert recognised(*yes) == [True] * 4
    assert recognised(b"", b"\x16\xfe\xfd", record(fragment(9, HELLO)), record(fragment(1, HELLO))[:-1], record(bytes(40), 23)) == [False] * 5


@pytest.mark.parametrize(
    "datagram",
    [b"\x16\xfe\xfd", b"\x16\x03\x03" + bytes(20), record(fragment(1, HELLO)[:-1]), record(b"\xc8" + bytes(11)), record(fragment(1, b"short"))],
)
def test_what_cannot_be_raises(datagram):
    with pytest.raises(ValueError):
        parse(datagram)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.binary(max_size=60).map(lambda raw: record(raw)),
            st.binary(max_size=40).map(lambda raw: record(fragment(1, raw))),
        ),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
)
def test_anything_is_a_body_need_more_or_value_error(datagrams, final):
    with contextlib.suppress(ValueError):
        parse(*datagrams, final=final)
