"""SOCKS by hand: the whole negotiation of a direction is one message."""

from __future__ import annotations

import pytest
from conftest import heads_of

from gdsi_audit.protocols import NEED_MORE, socks

GREETING = b"\5\1\0"
TO_NAME = b"\5\1\0\3\x09T.example\x01\xbb"
REQUEST_4 = b"\4\1\0\x50\xc0\0\2\1me\0"
REQUEST_4A = b"\4\1\0\x50\0\0\0\1\0t.example\0"


def parsed(data: bytes, *, from_responder: bool = False):
    return socks.parse(data, from_responder=from_responder)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (GREETING + TO_NAME, socks.Socks(5, 1, -1, "t.example", 443, "", -1)),
        (b"\5\2\0\2\1\2me\3abc" + TO_NAME, socks.Socks(5, 1, -1, "t.example", 443, "me", 3)),
        (GREETING + b"\5\1\0\1\xc0\0\2\1\0\x50", socks.Socks(5, 1, -1, "192.0.2.1", 80, "", -1)),
        (GREETING + b"\5\3\0\4" + bytes(15) + b"\1\0\x50", socks.Socks(5, 3, -1, "::1", 80, "", -1)),
        (REQUEST_4, socks.Socks(4, 1, -1, "192.0.2.1", 80, "me", -1)),
        (REQUEST_4A, socks.Socks(4, 1, -1, "t.example", 80, "", -1)),
    ],
)
def test_requests(data, body):
    assert parsed(data + b"\x16\x03\x01") == (body, len(data))
    assert list(body.names()) == [(body.host, "socks")]
    for cut in range(len(data)):
        assert parsed(data[:cut]) is NEED_MORE
    assert socks.recognise(heads_of([data + b"\x16\x03\x01"], transport=6))[0]


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"\5\0\5\0\0\1\xc0\0\2\1\0\x50", socks.Socks(5, 0, 0, "192.0.2.1", 80, "", -1)),
        (b"\5\2\1\0\5\0\0\1\xc0\0\2\1\0\x50", socks.Socks(5, 0, 0, "192.0.2.1", 80, "", -1)),
        (b"\0\x5a\0\x50\xc0\0\2\1", socks.Socks(4, 0, 90, "192.0.2.1", 80, "", -1)),
    ],
)
def test_answers(data, body):
    assert parsed(data + b"\x16\x03\x01", from_responder=True) == (body, len(data))
    assert list(body.names()) == []
    heads = heads_of([data + b"\x16\x03\x01"], transport=6)
    heads.from_responder[:] = 1
    assert socks.recognise(heads)[0]


@pytest.mark.parametrize(
    "data",
    [b"\6\1\0", b"\5\0\0", b"\5\1\x20\5", GREETING + b"\5\4\0\1", GREETING + b"\5\1\0\2", b"\4\3\0\x50" + bytes(8), REQUEST_4[:8] + b"x" * 300],
)
def test_what_is_no_request(data):
    with pytest.raises(ValueError, match="offset"):
        parsed(data)


@pytest.mark.parametrize("data", [b"\6\0", b"\5\0\6\0\0", b"\5\2\1\1", b"\5\xff\5\0\0\1" + bytes(6)])
def test_what_is_no_answer(data):
    with pytest.raises(ValueError, match="offset"):
        parsed(data, from_responder=True)


def test_other_first_bytes_are_not_socks():
    payloads = [b"\5\1\0GET / HTTP", b"\4\x22\4\1" + bytes(20), b"\0\x5a" + bytes(20), b"\5\x0b" + bytes(20)]
    assert not socks.recognise(heads_of(payloads, transport=6)).any()
