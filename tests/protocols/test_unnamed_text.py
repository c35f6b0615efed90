"""Readable text of protocols without a name."""

from __future__ import annotations

import base64
import os

import pytest
from conftest import heads_of

from gdsi_audit.protocols import NEED_MORE, unnamed_text, unnamed_text_udp

JSON = b'{"event": "motion", "room": "bedroom", "at": 1793527200}'
FRAMED = len(JSON).to_bytes(4, "big") + JSON
SYSLOG = b"<134>Nov  1 10:00:00 camera kernel: wlan0 up\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (JSON, True),
        (FRAMED, True),
        (SYSLOG, True),
        (b"short text", False),
        (JSON[:24], True),
        (os.urandom(8) + bytes(range(128, 160)), False),
        (b"\x17\x03\x03\x00\x40" + bytes(64), False),
        (b"12345678" + b"text and\x00zero bytes, no text", False),
    ],
)
@pytest.mark.parametrize(("module", "transport"), [(unnamed_text, 6), (unnamed_text_udp, 17)])
def test_text_behind_a_few_bytes_of_framing(module, transport, data, expected):
    assert bool(module.recognise(heads_of([data], transport=transport))[0]) is expected


def test_whether_it_can_be_read():
    body, used = unnamed_text.parse(FRAMED, from_responder=False)
    assert (body.readable, body.encoded, body.length, used, body.names_service) == (True, False, len(FRAMED), len(FRAMED), False)
    mixed, _ = unnamed_text.parse(FRAMED[:40] + bytes(200), from_responder=False)
    assert not mixed.readable
    encoded, _ = unnamed_text.parse(b"ENC:0001" + base64.b64encode(bytes(range(200))), from_responder=False)
    assert encoded.readable and encoded.encoded
    assert unnamed_text.parse(b"less than that", from_responder=False) is NEED_MORE
    assert unnamed_text_udp.parse([], from_responder=False) is NEED_MORE
    assert len(unnamed_text_udp.parse([b"x" * 5000], from_responder=False).prefix) == 1024
