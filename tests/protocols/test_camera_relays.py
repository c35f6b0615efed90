"""PPPP and Kalay by hand."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import heads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.protocols import kalay, pppp

HELLO = bytes.fromhex("f1000000")
LOG_IN = bytes.fromhex("f1100004") + b"DEMO"
DATA = bytes.fromhex("f1d00008 d1000000") + b"\x01\x02\x03\x04"
RELAY = bytes.fromhex("f1800002 0001")


@pytest.mark.parametrize(
    ("data", "name", "relays"),
    [(HELLO, "hello", False), (LOG_IN, "log-in", False), (DATA, "data", False), (RELAY, "relay asked", True)],
)
def test_pppp(data, name, relays):
    seen = pppp.parse([data], from_responder=False)
    assert (seen.name, seen.relays, seen.payload_bytes) == (name, relays, len(data) - 4)
    assert pppp.recognise(heads_of([data, data + b"x", b"\xf0" + data[1:]])).tolist() == [True, False, False]


def test_the_scrambled_search():
    seen = pppp.parse([HELLO, pppp.SCRAMBLED_SEARCH], from_responder=False)
    assert (seen.kind, seen.relays) == (-1, False), "the last datagram is the one that counts"
    assert pppp.recognise(heads_of([pppp.SCRAMBLED_SEARCH, pppp.SCRAMBLED_SEARCH + b"x"])).tolist() == [True, False]


def header(payload_bytes: int, kind: int = 0x0601) -> bytes:
    return kalay.MARKS + b"\x1a\x02" + payload_bytes.to_bytes(2, "little") + b"\0\0" + kind.to_bytes(2, "little") + b"\x21\0" + bytes(4)


def test_kalay():
    data = kalay.scrambled(header(72)) + bytes(72)
    seen = kalay.parse([data], from_responder=False)
    assert (seen.version, seen.kind, seen.payload_bytes) == (0x1A, 0x0601, 72)
    assert kalay.recognise(heads_of([data, data + b"x", header(72) + bytes(72)])).tolist() == [True, False, False]


def test_the_scrambling():
    assert kalay.scrambled(bytes(16)).hex().startswith("6e2e8d8c"), "as captured from a device whose block was all zeros"
    block = bytes(range(16))
    assert kalay.unscrambled(kalay.scrambled(block)) == block == kalay.scrambled(kalay.unscrambled(block))


@pytest.mark.parametrize(("module", "data"), [(pppp, b""), (pppp, HELLO + b"x"), (pppp, b"\xf1\xaa\0\0"), (kalay, b""), (kalay, bytes(40))])
def test_what_is_neither(module, data):
    with pytest.raises(ValueError, match="offset 0"):
        module.parse([data], from_responder=False)


@pytest.mark.parametrize("module", [pppp, kalay])
def test_random_bytes_are_seldom_recognised(module):
    noise = np.random.default_rng(2).integers(0, 256, (20_000, 32), np.uint8)
    assert module.recognise(heads_of([row.tobytes() for row in noise])).sum() == 0


@settings(max_examples=100)
@given(module=st.sampled_from([pppp, kalay]), beginning=st.sampled_from([b"", HELLO[:2], kalay.scrambled(header(10))]), tail=st.binary(max_size=60))
def test_any_bytes_give_a_message_or_value_error(module, beginning, tail):
    try:
        body = module.parse([beginning + tail], from_responder=False)
    except ValueError:
        return
    assert body.payload_bytes == len(beginning + tail) - (4 if module is pppp else 16) or body.kind == -1
