"""DNSCrypt answers by hand."""

from __future__ import annotations

import pytest
from conftest import heads_of
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.protocols import dnscrypt

MARK = bytes.fromhex("72 36 66 6e 76 57 6a 38")  # r6fnvWj8
ANSWER = MARK + bytes(12) + bytes(range(12)) + bytes(64)  # the client's half of the nonce, the resolver's, tag and padded answer


def recognised(data: bytes, *, from_responder: bool = True) -> bool:
    heads = heads_of([data], transport=17)
    heads.from_responder[:] = from_responder
    return bool(dnscrypt.recognise(heads)[0])


def test_an_answer():
    assert dnscrypt.parse([ANSWER], from_responder=True) == dnscrypt.DnsCryptAnswer(64)
    assert recognised(ANSWER) and not recognised(ANSWER, from_responder=False)


@pytest.mark.parametrize("data", [MARK, b"x" + ANSWER, ANSWER[:40]])
def test_what_is_none(data):
    assert not recognised(data)
    with pytest.raises(ValueError, match="offset 0"):
        dnscrypt.parse([data], from_responder=True)


@given(st.binary(max_size=80))
def test_only_the_mark_is_taken(tail):
    data = MARK + tail
    if recognised(data):
        assert dnscrypt.parse([data], from_responder=True).answer_bytes == len(tail) - 24
    else:
        assert len(data) < 48
