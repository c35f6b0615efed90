"""NTP by hand: what is it, and what only stands on its port."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import heads_of
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.protocols import ntp

TRANSMIT = (ntp.UNIX_EPOCH_S + 1_700_000_000) << 32 | 1 << 31
SERVER = b"\x24\2\6\xec" + bytes(8) + bytes([192, 0, 2, 1]) + bytes(24) + TRANSMIT.to_bytes(8)
EXTENSION = b"\x01\x04\0\x1c" + bytes(24)


def parsed(data: bytes) -> ntp.NtpMessage:
    return ntp.parse([data], from_responder=False)


def test_a_server_message():
    message = parsed(SERVER)
    assert (message.mode, message.version, message.stratum, message.reference) == (4, 4, 2, "192.0.2.1")
    assert (message.transmit_time, message.timestamps[3]) == (1_700_000_000_500_000_000, TRANSMIT)
    assert (message.extensions, message.mac_bytes) == ((), 0)


def test_the_era_that_begins_in_2036():
    assert parsed(SERVER[:40] + (1 << 32).to_bytes(8)).transmit_time == (ntp.ERA_S - ntp.UNIX_EPOCH_S + 1) * 1_000_000_000
    assert parsed(SERVER[:40] + bytes(8)).transmit_time == 0


def test_a_clock_is_named_at_stratum_one():
    assert parsed(b"\x24\1" + SERVER[2:12] + b"GPS\0" + SERVER[16:]).reference == "GPS"


@pytest.mark.parametrize(
    ("tail", "extensions", "mac_bytes"),
    [(EXTENSION, ((0x104, 28),), 0), (bytes(20), (), 20), (EXTENSION + bytes(24), ((0x104, 28),), 24), (bytes(4), (), 4)],
)
def test_extension_fields_and_a_mac(tail, extensions, mac_bytes):
    message = parsed(SERVER + tail)
    assert (message.extensions, message.mac_bytes) == (extensions, mac_bytes)


def test_a_control_message():
    assert parsed(b"\x16\2" + bytes(14)).payload_bytes == 4
    assert parsed(b"\x17\0\3\x2a" + bytes(4)).mode == 7


@pytest.mark.parametrize("data", [b"", b"\x20" + SERVER[1:], b"\x3c" + SERVER[1:], SERVER[:47], SERVER + b"x" * 40, SERVER + b"secret!!", b"\x16\2"])
def test_what_is_no_ntp(data):
    with pytest.raises(ValueError, match=r"NTP|offset"):
        parsed(data)


def test_recognition():
    payloads = [SERVER, SERVER + EXTENSION, b"\x24\x20" + SERVER[2:], b"SSH-2.0-" + bytes(40)]
    assert ntp.recognise(heads_of(payloads, resp_port=123)).tolist() == [True, True, False, False]
    assert ntp.recognise(heads_of([SERVER, SERVER + EXTENSION])).tolist() == [True, False]


LIKE_NTP = st.builds(lambda front, size: front + SERVER[2:] + bytes(size), st.binary(min_size=2, max_size=2), st.integers(0, 60))


@given(st.lists(st.one_of(st.binary(max_size=80), LIKE_NTP)))
def test_sound_is_what_parse_accepts(datagrams):
    data = np.frombuffer(bytearray(b"".join(datagrams) + b"\xff"), np.uint8)
    length = np.array([len(datagram) for datagram in datagrams], np.int32)
    sound = ntp.sound(data, np.cumsum(length, dtype=np.int64) - length, length)
    assert sound.tolist() == [accepted(datagram) for datagram in datagrams]


def accepted(datagram: bytes) -> bool:
    try:
        parsed(datagram)
    except ValueError:
        return False
    return True
