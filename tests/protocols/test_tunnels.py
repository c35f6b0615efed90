"""Tunnels by hand: WireGuard, OpenVPN, IKE, L2TP, PPTP."""

from __future__ import annotations

import struct

import pytest
from conftest import heads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.protocols import NEED_MORE, ike, l2tp, openvpn, openvpn_tcp, pptp, wireguard

SECRET = bytes(range(1, 256)) * 2

INITIATION = b"\x01\0\0\0" + b"\xaa\xbb\xcc\xdd" + SECRET[:108] + SECRET[:16] + bytes(16)  # kind, sender, key and sealed fields, two MACs
RESPONSE = b"\x02\0\0\0" + b"\x11\x22\x33\x44" + b"\xaa\xbb\xcc\xdd" + SECRET[:64] + bytes(16)  # kind, sender, receiver, sealed, two MACs

SESSION, OTHER = bytes.fromhex("9aa6b1e434889ad3"), bytes.fromhex("e7a77eba7c1c51b5")
CLIENT = b"\x38" + SESSION + b"\0" + bytes(4)  # opcode 7 and key 0, session, nothing acknowledged, message 0
SERVER = b"\x40" + OTHER + b"\x01" + bytes(4) + SESSION + bytes(4)  # opcode 8, session, one acknowledged: message 0 of the client's session
STAMP = struct.pack(">II", 1, 1_700_000_000)  # replay counter, time

IKE_2 = SESSION + bytes(8) + bytes.fromhex("21 20 22 08 00000000 0000003c") + bytes(32)  # SPIs; SA, version 2.0, SA_INIT, initiator, number, length
IKE_1 = SESSION + bytes(8) + bytes.fromhex("01 10 04 00 00000000 00000024") + bytes(8)  # SPIs; SA, version 1.0, aggressive, number, length
L2TP = bytes.fromhex("c802 0014 0000 0000 0000 0000" + "8008 0000 0000 0001")  # control, length 20, no tunnel yet; asks for one
PPTP = bytes.fromhex("009c 0001 1a2b3c4d 0001 0000 0100") + bytes(142)  # length 156, control, magic, asks for the connection


def data(counter: int, size: int = 96) -> bytes:
    return b"\x04\0\0\0" + b"\x44\x33\x22\x11" + struct.pack("<Q", counter) + SECRET[: size - 16]


def recognised(module, payload: bytes, *, transport: int = 17) -> bool:
    return bool(module.recognise(heads_of([payload], transport=transport))[0])


@pytest.mark.parametrize(
    ("module", "payload", "body"),
    [
        (wireguard, INITIATION, wireguard.WireGuard(1, "")),
        (wireguard, RESPONSE, wireguard.WireGuard(2, "ddccbbaa")),
        (openvpn, CLIENT, openvpn.OpenVpnReset(7, SESSION.hex(), "none")),
        (openvpn, SERVER, openvpn.OpenVpnReset(8, OTHER.hex(), "none")),
        (openvpn, CLIENT[:9] + SECRET[:20] + STAMP + CLIENT[9:], openvpn.OpenVpnReset(7, SESSION.hex(), "tls-auth")),
        (openvpn, CLIENT[:9] + STAMP + SECRET[:37], openvpn.OpenVpnReset(7, SESSION.hex(), "tls-crypt")),
        (openvpn, b"\x50" + SESSION + STAMP + SECRET[:330], openvpn.OpenVpnReset(10, SESSION.hex(), "tls-crypt-v2")),
        (ike, IKE_2, ike.Ike(2, 34, SESSION.hex(), "00" * 8, False)),
        (ike, IKE_1, ike.Ike(1, 4, SESSION.hex(), "00" * 8, False)),
        (ike, bytes(4) + IKE_2, ike.Ike(2, 34, SESSION.hex(), "00" * 8, True)),
        (l2tp, L2TP, l2tp.L2tpControl(2, 1, 0)),
    ],
)
def test_datagrams(module, payload, body):
    assert recognised(module, payload)
    assert module.parse([payload], from_responder=False) == body


@pytest.mark.parametrize(
    ("module", "payload", "body"),
    [
        (openvpn_tcp, b"\0\x0e" + CLIENT, openvpn.OpenVpnReset(7, SESSION.hex(), "none")),
        (pptp, PPTP, pptp.PptpControl(1)),
    ],
)
def test_streams(module, payload, body):
    assert recognised(module, payload + b"more", transport=6)
    assert module.parse(payload + b"more", from_responder=False) == (body, len(payload))
    assert all(module.parse(payload[:cut], from_responder=False) is NEED_MORE for cut in range(len(payload)))


@pytest.mark.parametrize(
    ("module", "payload"),
    [
        (wireguard, INITIATION[:-1]),
        (wireguard, INITIATION[:8] + bytes(140)),
        (wireguard, data(1 << 60)),
        (wireguard, b"\x04\0\0\1" + data(1)[4:]),
        (openvpn, CLIENT[:-1] + b"\1"),
        (openvpn, CLIENT + b"\0"),
        (openvpn, b"\x38" + bytes(13)),
        (ike, IKE_2 + b"\0"),
        (ike, IKE_2[:17] + b"\x30" + IKE_2[18:]),
        (ike, bytes(28)),
        (l2tp, L2TP + b"\0"),
        (l2tp, b"\x02" + L2TP[1:]),
    ],
)
def test_what_is_no_tunnel(module, payload):
    assert not recognised(module, payload)


def test_data_whose_handshake_was_not_captured_needs_several_that_agree():
    assert recognised(wireguard, data(0)) and recognised(wireguard, data(9, 32))
    in_order = [data(900 + number) for number in range(4)]
    assert wireguard.parse(in_order[:3], from_responder=False) is NEED_MORE
    assert wireguard.parse(in_order, from_responder=False) == wireguard.WireGuard(4, "11223344")
    assert wireguard.parse([data(7)] * 4, from_responder=False) is NEED_MORE
    assert wireguard.parse([*in_order[:3], b"\x04\0\0\0other" + bytes(87)], from_responder=False) is NEED_MORE


def test_a_reset_by_size_alone_is_none():
    looks_like = CLIENT[:9] + SECRET[:33]
    assert recognised(openvpn, looks_like)
    assert openvpn.parse([looks_like], from_responder=False) is NEED_MORE


BEGINNINGS = st.sampled_from([b"", INITIATION, data(1), CLIENT, SERVER, b"\0\x0e" + CLIENT, IKE_2, bytes(4) + IKE_1, L2TP, PPTP, b"\x50" + SESSION])


@settings(max_examples=200)
@given(
    module=st.sampled_from([wireguard, openvpn, openvpn_tcp, ike, l2tp, pptp]),
    beginning=BEGINNINGS,
    cut=st.integers(0, 200),
    tail=st.binary(max_size=40),
)
def test_any_bytes_give_a_message_need_more_or_value_error(module, beginning, cut, tail):
    payload = beginning[:cut] + tail
    try:
        outcome = module.parse(payload if module.TRANSPORT == "tcp" else [payload], from_responder=False)
    except ValueError:
        return
    assert outcome is NEED_MORE or module.TRANSPORT == "udp" or 0 < outcome[1] <= len(payload)
