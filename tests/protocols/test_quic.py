"""The QUIC parser: published keys, packets protected here, and anything at all."""

from __future__ import annotations

import contextlib
import struct

import numpy as np
import pytest
import quic_packets_made as made
import tls_messages as tls_made
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.protocols import HEAD_BYTES, NEED_MORE, Heads, NeedMore, _quic_keys, quic

HELLO = tls_made.message(1, tls_made.client_hello_body())
WHOLE = made.crypto(0, HELLO)


def heads(*payloads: bytes) -> Heads:
    count = len(payloads)
    rows = np.frombuffer(b"".join(payload[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0") for payload in payloads), np.uint8).reshape(count, HEAD_BYTES)
    lengths = np.array([len(payload) for payload in payloads], np.int32)
    ports = np.zeros(count, np.uint16)
    return Heads(rows, lengths, np.full(count, 17, np.uint8), ports, ports, np.zeros(count, np.uint8))


def parse(*datagrams: bytes, **more: bool) -> quic.Body | NeedMore:
    return quic.parse(list(datagrams), **{"from_responder": False, **more})


def test_expansion_of_rfc_9001_appendix_a():
    secret = bytes.fromhex("c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea")
    assert _quic_keys.expand(secret, "quic key", 16).hex() == "1f369613dd76d5467730efcbe3b1a22d"
    assert f"{_quic_keys.keys(1, made.DCID, 'client').iv:024x}" == "fa044b2f42a3fd3b46fb255c"
    assert f"{_quic_keys.keys(1, made.DCID, 'server').iv:024x}" == "0ac1493ca1905853b0bba03e"


def test_keys_of_rfc_9369_appendix_a():
    assert f"{_quic_keys.keys(0x6B3343CF, made.DCID, 'client').iv:024x}" == "91f73e2351d8fa91660e909f"


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (1, "1"),
        (0x6B3343CF, "2"),
        (0xFF00001D, "draft-29"),
        (0xFF00001B, "draft-27"),
        (0xFF000016, "draft-22"),
        (0xFF000021, "draft-33"),
        (0xFACEB002, "0xfaceb002"),
    ],
)
def test_hello_in_one_datagram(version, name):
    datagram = made.initial(WHOLE, version=version)
    body = parse(datagram)
    assert (body.version, body.dcid, body.scid) == (name, made.DCID.hex(), "ccdd")
    assert list(body.names()) == [("www.example.com", "quic-sni")]
    assert body.client_hello.ja4.startswith("q13d0208h2_")
    assert quic.recognise(heads(datagram)).tolist() == [True]


@pytest.mark.parametrize("sealed_as", [1, 0xFF00001D])
def test_hello_of_a_reserved_version_that_asks_for_negotiation(sealed_as):
    datagram = made.initial(WHOLE, version=sealed_as, written=0x1A2A3A4A, number=3)
    body = parse(datagram)
    assert (body.version, list(body.names()), body.number) == ("0x1a2a3a4a", [("www.example.com", "quic-sni")], 3)
    assert quic.recognise(heads(datagram)).tolist() == [True]


def test_reserved_version_with_anything_behind_its_connection_ids():
    header = bytes([0xC0]) + (0x0A0A0A0A).to_bytes(4, "big") + bytes([8]) + made.DCID + bytes([0])
    for rest in (bytes(1200), b"\xff" * 1200, b"\x7f\xff" + bytes(1200)):
        assert parse(header + rest, final=True).version == "0x0a0a0a0a"


def test_google_frames_around_a_tls_hello():
    assert parse(made.initial(b"\x07" + made.crypto(0, HELLO, 8), version=0x54303531)).version == "T051"


def test_pieces_in_any_order_over_datagrams_with_other_frames_between():
    third = len(HELLO) // 3
    ack = b"\x02\x05\x00\x01\x00\x00\x00"  # largest 5, delay 0, one range more
    one = made.initial(made.crypto(2 * third, HELLO[2 * third :]) + b"\0\0\x01" + made.crypto(0, HELLO[:third]), number=1)
    two = made.initial(ack + made.crypto(third - 5, HELLO[third - 5 : 2 * third]), number=2)
    assert parse(one) is NEED_MORE
    assert parse(one, two).client_hello == parse(made.initial(WHOLE)).client_hello == parse(two, one).client_hello


def test_lost_datagram_leaves_a_cut_hello():
    body = parse(made.initial(made.crypto(0, HELLO[:150])), final=True)
    assert (body.client_hello.cut, body.client_hello.ja4, list(body.names())) == (True, "", [("www.example.com", "quic-sni")])


def test_keys_stay_those_of_the_first_connection_id():
    half = len(HELLO) // 2
    one = made.initial(made.crypto(0, HELLO[:half]))
    two = made.initial(made.crypto(half, HELLO[half:]), dcid=b"server's", keyed_by=made.DCID, number=1)
    assert parse(one, two).dcid == made.DCID.hex()
    assert parse(one, two).client_hello


def test_after_a_retry_the_keys_are_new():
    half = len(HELLO) // 2
    one = made.initial(made.crypto(0, HELLO[:half]))
    two = made.initial(WHOLE, dcid=b"from-retry", token=b"t" * 80, number=1)
    assert parse(one, two).client_hello


def test_coalesced_packets():
    half = len(HELLO) // 2
    one = made.initial(made.crypto(half, HELLO[half:]), pad_to=400)
    two = made.initial(made.crypto(0, HELLO[:half]), number=1, pad_to=400)
    assert parse(one + two).client_hello
    assert parse(one + two[:20] + b"\xff" * 9, final=True).client_hello is None


def test_server_hello_with_the_clients_connection_id():
    hello = tls_made.message(2, tls_made.server_hello_body(0x1301, (tls_made.extension(0x2B, b"\x03\x04"),)))
    datagram = made.initial(
        b"\x02\x00\x00\x00\x00" + made.crypto(0, hello), dcid=b"\xcc\xdd", scid=b"server", keyed_by=made.DCID, side="server", pad_to=200
    )
    assert quic.server_hello([datagram], made.DCID.hex()).cipher_suite == 0x1301
    assert quic.server_hello([datagram], "00") is NEED_MORE
    body = parse(datagram, from_responder=True)
    assert (body.client_hello, body.scid, list(body.names())) == (None, b"server".hex(), [])


def test_packets_without_an_initial():
    zero_rtt = b"\xd0\x00\x00\x00\x01\x04abcd\x00\x40\x10" + bytes(16)
    assert parse(zero_rtt) is NEED_MORE
    assert parse(zero_rtt, made.initial(WHOLE)).client_hello
    assert parse(*[zero_rtt] * 16) == quic.LongHeader("0-RTT", "1", b"abcd".hex(), "")
    assert parse(b"\xe0" + zero_rtt[1:]).kind == "Handshake"
    assert parse(b"\xf0\x00\x00\x00\x01\x00\x04abcdtokenintegrity-tag-16b", from_responder=True) == quic.LongHeader("Retry", "1", "", b"abcd".hex())
    assert parse(b"\xc0\x6b\x33\x43\xcf\x00\x04abcdtokenintegrity-tag-16b", from_responder=True).kind == "Retry"


def test_version_negotiation():
    datagram = b"\xaa\x00\x00\x00\x00\x01A\x02BC" + bytes.fromhex("00000001 6b3343cf 1a2a3a4a ff00001d 51303433")
    assert parse(datagram, from_responder=True) == quic.VersionNegotiation("41", "4243", ("1", "2", "0x1a2a3a4a", "draft-29", "Q043"))
    assert quic.recognise(heads(datagram)).tolist() == [True]


def test_gives_up_once_other_keys_are_in_use():
    lost = made.initial(WHOLE, keyed_by=b"never captured")
    assert parse(lost) is NEED_MORE
    assert parse(lost, b"\x41" + bytes(30)).client_hello is None
    assert parse(lost, final=True).client_hello is None
    assert parse(lost[:500], final=True).client_hello is None


def chlo(name: bytes, agent: bytes) -> bytes:
    values = [(b"PAD\0", b"-" * 700), (b"SNI\0", name), (b"UAID", agent)]
    ends, at = [], 0
    for tag, value in values:
        at += len(value)
        ends.append(struct.pack("<4sI", tag, at))
    return b"CHLO" + struct.pack("<HH", len(values), 0) + b"".join(ends) + b"".join(value for _, value in values)


@pytest.mark.parametrize(
    "header",
    [
        b"\x09" + b"connect." + b"Q043" + b"\x01" + bytes(12) + b"\xa0\x01\x00\x04",  # flags, id, version, number, hash, stream frame
        b"\xc3Q046\x50" + b"connect." + b"\0\0\0\1" + bytes(12) + b"\xa0\x01\x00\x04",
    ],
)
def test_google_quic(header):
    datagram = header + chlo(b"www.google.com", b"Chrome/70")
    body = parse(datagram)
    assert (body.server_name, body.user_agent, list(body.names())) == ("www.google.com", "Chrome/70", [("www.google.com", "quic-sni")])
    assert body.version == ("Q046" if header[0] == 0xC3 else "Q043")
    assert quic.recognise(heads(datagram)).tolist() == [True]


def test_google_quic_in_a_protected_packet():
    body = parse(made.initial(made.crypto(0, chlo(b"www.google.com", b""), 8), version=0x51303530))
    assert (body.server_name, body.version) == ("www.google.com", "Q050")


def test_recognise_leaves_others_alone():
    dns = bytes.fromhex("c0de 0100 0001 0000 0000 0000 03777777 00 0001 0001")
    rtp = b"\x80\x60" + bytes(40)
    assert quic.recognise(heads(dns, rtp, b"\xc3" * 40, b"", b"\xc0\x00\x00\x00\x01\xff" + bytes(40))).tolist() == [False] * 5


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\x40" + bytes(30), b"\xc0\0\0\0\1", b"\xc0\0\0\0\1\x15" + bytes(30), b"\x80\0\0\0\0\0\0" + b"\x12" * 8, b"\x09connect.Q043" + bytes(20)],
)
def test_what_cannot_be_raises(datagram):
    with pytest.raises(ValueError):
        parse(datagram)


def test_a_crypto_stream_that_is_no_hello_raises():
    with pytest.raises(ValueError, match="no message of type 1"):
        parse(made.initial(made.crypto(0, b"\x02\x00\x00\x01\x00")))


@given(
    st.lists(
        st.one_of(st.binary(max_size=80), st.sampled_from([made.initial(WHOLE), made.initial(WHOLE)[:700], b"\x09connect.Q043" + chlo(b"a", b"")])),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_anything_is_a_body_need_more_or_value_error(datagrams, final):
    with contextlib.suppress(ValueError):
        parse(*datagrams, final=final)


@given(st.binary(max_size=60))
def test_any_protected_frames_are_a_body_need_more_or_value_error(frames):
    with contextlib.suppress(ValueError):
        parse(made.initial(frames, pad_to=60))
        parse(made.initial(made.crypto(0, frames, 8), version=0x51303530, pad_to=60))
