"""NAT-PMP and PCP by hand."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import heads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.protocols import nat_pmp, pcp

MAP_TCP = bytes.fromhex("0002 0000 22b8 0050 00000e10")  # port 8888, wanted outside: 80, for an hour
MAPPED = bytes.fromhex("0082 0000 00000064 22b8 1f90 00000e10")
REFUSED = bytes.fromhex("0082 0002 00000064 22b8 0000 00000000")
ASK_ADDRESS = bytes.fromhex("0000")
ADDRESS = bytes.fromhex("0080 0000 00000064 cb007109")
CLIENT = bytes.fromhex("00000000000000000000ffffc0a80132")
NONCE = bytes(range(12))
PCP_MAP = bytes.fromhex("0201 0000 00001c20") + CLIENT + NONCE + bytes.fromhex("06000000 22b8 0000") + bytes(16)
PCP_MAPPED = bytes.fromhex("0281 0000 00001c20 00000064") + bytes(12) + NONCE + bytes.fromhex("06000000 22b8 c350 00000000000000000000ffffcb007109")
PCP_PEER = bytes.fromhex("0202 0000 00001c20") + CLIENT + NONCE + bytes.fromhex("11000000 22b8 0000") + bytes(16)
PCP_PEER += bytes.fromhex("01bb 0000 00000000000000000000ffffcb007163")


def test_nat_pmp():
    asked, mapped, refused = (nat_pmp.parse([data], from_responder=False) for data in (MAP_TCP, MAPPED, REFUSED))
    assert (asked.response, asked.operation, asked.internal_port, asked.external_port, asked.lifetime_s) == (False, 2, 8888, 80, 3600)
    assert (mapped.response, mapped.result, mapped.internal_port, mapped.external_port) == (True, 0, 8888, 8080)
    assert (refused.result, refused.external_port) == (2, 0)
    assert nat_pmp.parse([ADDRESS], from_responder=True).external_address == "203.0.113.9"
    assert nat_pmp.parse([ASK_ADDRESS], from_responder=False).operation == 0


def test_pcp():
    asked, mapped, peer = (pcp.parse([data], from_responder=False) for data in (PCP_MAP, PCP_MAPPED, PCP_PEER))
    assert (asked.response, asked.operation, asked.protocol, asked.internal_port, asked.lifetime_s) == (False, 1, 6, 8888, 7200)
    assert (mapped.response, mapped.result, mapped.external_port, mapped.external_address) == (True, 0, 50_000, "203.0.113.9")
    assert (peer.operation, peer.protocol, peer.remote_port, peer.remote_address) == (2, 17, 443, "203.0.113.99")
    assert pcp.parse([bytes.fromhex("0200 0000 00000000") + CLIENT], from_responder=False).operation == 0


def test_recognised_on_their_port_alone():
    whole = [MAP_TCP, MAPPED, ASK_ADDRESS, ADDRESS, PCP_MAP, PCP_PEER]
    at_port, elsewhere = heads_of(whole, resp_port=5351), heads_of(whole)
    assert nat_pmp.recognise(at_port).tolist() == [True] * 4 + [False] * 2
    assert pcp.recognise(at_port).tolist() == [False] * 4 + [True] * 2
    assert not nat_pmp.recognise(elsewhere).any() and not pcp.recognise(elsewhere).any()
    assert not nat_pmp.recognise(heads_of([MAP_TCP + b"x", b"\0\2\1\0" + MAP_TCP[4:]], resp_port=5351)).any()


@pytest.mark.parametrize(
    ("module", "data"), [(nat_pmp, b""), (nat_pmp, MAP_TCP[:-1]), (nat_pmp, b"\1" + MAP_TCP[1:]), (pcp, b""), (pcp, PCP_MAP[:40])]
)
def test_what_is_neither(module, data):
    with pytest.raises(ValueError, match="offset 0"):
        module.parse([data], from_responder=False)


@pytest.mark.parametrize("module", [nat_pmp, pcp])
def test_random_bytes_are_seldom_recognised(module):
    noise = np.random.default_rng(2).integers(0, 256, (20_000, 32), np.uint8)
    assert module.recognise(heads_of([row.tobytes() for row in noise], resp_port=5351)).sum() <= 2


@settings(max_examples=100)
@given(
    module=st.sampled_from([nat_pmp, pcp]), beginning=st.sampled_from([b"", MAP_TCP, PCP_MAP[:24], b"\2\2", b"\0\x82"]), tail=st.binary(max_size=90)
)
def test_any_bytes_give_a_message_or_value_error(module, beginning, tail):
    try:
        body = module.parse([beginning + tail], from_responder=False)
    except ValueError:
        return
    assert 0 <= body.internal_port < 65_536 and not hasattr(body, "__dict__")
