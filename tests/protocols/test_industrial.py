"""Modbus, S7, DNP3, IEC 60870-5-104 and BACnet by hand: what reads, what changes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from conftest import heads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.protocols import NEED_MORE, bacnet, dnp3, iec104, modbus, s7comm

CONNECT = bytes.fromhex("03000016 11e00000000100 c0010ac1020100c2020102")  # TPKT; COTP CR, TPDU size 1024, TSAPs 01.00 and 01.02
S7_SETUP = bytes.fromhex("03000019 02f080 32010000000000080000 f0000001000101e0")  # COTP data; job: set up communication
S7_READ = bytes.fromhex("0300001f 02f080 320100000100 000e0000 0401120a10020001000183000000")
S7_WRITE = bytes.fromhex("03000023 02f080 320100000200 000e0004 0501120a1001000100008300000000030001 01")[:35]
S7_STOP = bytes.fromhex("03000021 02f080 320100000300 00100000 29000000000009505f50524f4752414d")
MODBUS_READ = bytes.fromhex("0001 0000 0006 11 03 006b 0003")  # unit 17: three registers from 107
MODBUS_WRITE = bytes.fromhex("0002 0000 0006 11 06 0001 0003")  # unit 17: register 1 becomes 3
MODBUS_MANY = bytes.fromhex("0003 0000 000b 11 10 0001 0002 04 000a0102")
DNP3_LINK = bytes.fromhex("0564 05c0 0100 0004 e921")  # reset link, to station 1 from 1024
IEC_START = bytes.fromhex("6804 07000000")
IEC_READ = bytes.fromhex("680e 00000000 64 01 06 00 0100 000000 14")  # general interrogation of station 1
IEC_COMMAND = bytes.fromhex("680e 02000000 2d 01 06 00 0100 010000 01")  # single command, object 1: on
IEC_MEASURED = bytes.fromhex("680e 02000000 01 01 03 00 0100 010000 01")  # single point, spontaneous
WHO_IS = bytes.fromhex("810b0008 0100 1008")
READ_PROPERTY = bytes.fromhex("810a0011 0104 0005010c 0c00000005 1955")
WRITE_PROPERTY = bytes.fromhex("810a0018 0124 0005 01 0a ff 0005010f 0c00800001 1955 3e00")  # to network 5
FORWARDED_I_AM = bytes.fromhex("8104 0018 c0a80105bac0 0120ffff00ff 1000 c4020000012201e0")[:24]


def dnp3_frame(function: int, objects: bytes = b"", control: int = 0xC4) -> bytes:
    user = bytes([0xC0, 0xC0, function]) + objects  # transport: first and last; application: first, last, sequence 0
    header = bytes([5, 0x64, 5 + len(user), control, 1, 0, 0, 4])
    blocks = [user[place : place + 16] for place in range(0, len(user), 16)]
    return b"".join(block + dnp3.check(block).to_bytes(2, "little") for block in (header, *blocks))


CASES = [
    (modbus, MODBUS_READ, "read holding registers", "unit 17", False),
    (modbus, MODBUS_WRITE, "write single register", "unit 17", True),
    (modbus, MODBUS_MANY, "write multiple registers", "unit 17", True),
    (s7comm, S7_SETUP, "set up communication", "", False),
    (s7comm, CONNECT + S7_SETUP, "set up communication", "", False),
    (s7comm, S7_READ, "read variable", "", False),
    (s7comm, S7_WRITE, "write variable", "", True),
    (s7comm, S7_STOP, "stop", "", True),
    (dnp3, dnp3_frame(1, b"\x3c\x02\x06"), "read", "station 1", False),
    (dnp3, dnp3_frame(2, b"\x50\x01\x00\x07\x07\x00"), "write", "station 1", False),  # clears the restart bit
    (dnp3, dnp3_frame(5, b"\x0c\x01\x28\x01\x00\x00\x00\x41\x01" + bytes(9)), "direct operate", "station 1", True),
    (dnp3, dnp3_frame(13), "cold restart", "station 1", True),
    (dnp3, DNP3_LINK, "link", "station 1", False),
    (iec104, IEC_START, "start", "", False),
    (iec104, IEC_READ, "interrogation", "station 1", False),
    (iec104, IEC_COMMAND, "single command", "station 1", True),
    (iec104, IEC_MEASURED, "type 1", "station 1", False),
]


@pytest.mark.parametrize(("module", "data", "name", "target", "changes"), CASES)
def test_a_message_of_a_stream(module, data, name, target, changes):
    seen, used = module.parse(data + b"next", from_responder=False)
    assert (seen.name, seen.target, seen.changes, used) == (name, target, changes, len(data))
    assert module.parse(data[:-1], from_responder=False) is NEED_MORE
    assert module.recognise(heads_of([data], transport=6, resp_port={s7comm: 102}.get(module, 2404))).tolist() == [True]
    assert seen.routine is not changes and not seen.satisfied
    answer, _ = module.parse(data, from_responder=True)
    assert not answer.changes, "an answer changes nothing"


@pytest.mark.parametrize(
    ("data", "name", "target", "changes"),
    [
        (WHO_IS, "who is", "", False),
        (READ_PROPERTY, "read property", "", False),
        (WRITE_PROPERTY, "write property", "network 5", True),
        (FORWARDED_I_AM, "I am", "network 65535", False),
        (bytes.fromhex("8105 0006 0e10"), "link function 5", "", False),  # registers as a foreign device
        (bytes.fromhex("810b0007 0180 00"), "network message", "", False),
        (bytes.fromhex("810a0009 0100 2005 0f"), "answer", "", False),
    ],
)
def test_bacnet(data, name, target, changes):
    seen = bacnet.parse([data], from_responder=False)
    assert (seen.name, seen.target, seen.changes) == (name, target, changes)
    assert bacnet.recognise(heads_of([data, data + b"x", b"\x82" + data[1:]])).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("module", "data"),
    [
        (modbus, b"\0\1\0\1\0\6\1\3\0\0\0\1"),
        (modbus, b"\0\1\0\0\0\6\1\x63\0\0\0\1"),
        (modbus, b"\0\1\0\0\xff\6\1\3\0\0\0\1"),
        (s7comm, b"\3\0\0\7\2\xf0\x80"),  # data of another protocol
        (s7comm, b"\3\0\0\x0b\2\xf0\x80\x72\1\0\0"),
        (s7comm, b"GET / HTTP/1.1\r\n"),
        (dnp3, DNP3_LINK[:-1] + b"\0"),
        (iec104, b"\x68\3\7\0\0\0"),
        (iec104, b"\x68\4\0\0\0\0"),
    ],
)
def test_what_is_none(module, data):
    with pytest.raises(ValueError, match="offset"):
        module.parse(data, from_responder=False)


@pytest.mark.parametrize("data", [b"", WHO_IS[:3], b"\x81\x0b\0\5\1", b"\x81\x0b\0\6\1\0", b"\x81\x0b\0\x07\1\x20\0", b"\x81\x0a\0\7\1\0\0"])
def test_what_is_no_bacnet(data):
    with pytest.raises(ValueError, match="offset"):
        bacnet.parse([data], from_responder=False)


def test_neighbours_that_share_a_frame_are_left_alone():
    """Remote desktop and MMS stand on the same transport as S7; a segment with a length of its own is no Modbus."""
    desktop = bytes.fromhex("0300002b 26e00000000000") + b"Cookie: mstshash=user\r\n\x01\x00\x08\x00\x03\x00\x00\x00"
    assert s7comm.recognise(heads_of([desktop, S7_READ], transport=6, resp_port=3389)).tolist() == [False, True]
    assert modbus.recognise(heads_of([MODBUS_READ + b"x", bytes(12), MODBUS_MANY], transport=6)).tolist() == [False, False, True]
    assert iec104.recognise(heads_of([IEC_READ, IEC_START], transport=6)).tolist() == [False, True], "off its port only by its control messages"


@pytest.mark.parametrize("module", [modbus, s7comm, dnp3, iec104, bacnet])
def test_random_bytes_are_seldom_recognised(module):
    noise = np.random.default_rng(2).integers(0, 256, (20_000, 32), np.uint8)
    heads = heads_of([row.tobytes() for row in noise], transport=17 if module is bacnet else 6)
    assert module.recognise(heads).sum() <= 1


@settings(max_examples=200)
@given(
    module=st.sampled_from([modbus, s7comm, dnp3, iec104, bacnet]),
    beginning=st.sampled_from([b"", MODBUS_READ[:7], CONNECT, S7_READ[:9], dnp3_frame(1)[:10], IEC_READ[:4], WRITE_PROPERTY[:8], b"\x81\x0b\0"]),
    tail=st.binary(max_size=60),
    from_responder=st.booleans(),
)
def test_any_bytes_give_a_message_need_more_or_value_error(module, beginning, tail, from_responder):
    data = beginning + tail
    try:
        outcome = module.parse([data] if module is bacnet else data, from_responder=from_responder)
    except ValueError:
        return
    if outcome is NEED_MORE:
        return
    body, used = (outcome, len(data)) if module is bacnet else outcome
    assert dataclasses.is_dataclass(body) and body.__dataclass_params__.frozen and not hasattr(body, "__dict__")
    assert 0 < used <= len(data)
    assert not (body.changes and not body.request)
