"""MQTT by hand."""

from __future__ import annotations

import pytest
from conftest import heads_of

from gdsi_audit.protocols import NEED_MORE, mqtt


def text(value: bytes) -> bytes:
    return len(value).to_bytes(2) + value


def packet(first: int, body: bytes) -> bytes:
    size = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 0x7F | 0x80, len(body) >> 7])
    return bytes([first]) + size + body


CONNECT = packet(0x10, text(b"MQTT") + b"\x04\xc6\0\x3c" + text(b"cam-1") + text(b"bye") + text(b"gone") + text(b"user") + text(b"secret"))


def parsed(data: bytes):
    return mqtt.parse(data, from_responder=False)


def test_a_connect_keeps_all_but_the_secret():
    assert parsed(CONNECT + b"\xc0\0") == (mqtt.MqttConnect(4, "cam-1", "user", True, 6, "bye", 60), len(CONNECT))
    assert b"secret" in CONNECT and "secret" not in repr(parsed(CONNECT))


def test_a_connect_of_version_5_with_properties():
    data = packet(0x10, text(b"MQTT") + b"\x05\x02\0\x0a\x05\x11\0\0\0\1" + text(b"c"))
    assert parsed(data)[0] == mqtt.MqttConnect(5, "c", "", False, -1, "", 10)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"\x20\2\0\5", mqtt.MqttConnack(5)),
        (packet(0x30, text(b"a/b") + b"42"), mqtt.MqttPublish("a/b", 0, b"42", 0)),
        (packet(0x32, text(b"a/b") + b"\0\1" + b"42"), mqtt.MqttPublish("a/b", 1, b"42", 0)),
        (packet(0x82, b"\0\1" + text(b"a/#") + b"\1" + text(b"+") + b"\0"), mqtt.MqttSubscribe(("a/#", "+"))),
        (packet(0x82, b"\0\1\0" + text(b"a/#") + b"\1"), mqtt.MqttSubscribe(("a/#",))),
        (b"\xc0\0", mqtt.MqttControl(12, 0)),
    ],
)
def test_packets(data, body):
    assert parsed(data + b"next") == (body, len(data))


def test_a_long_publish_is_given_before_its_end():
    data = b"\x30\xff\xff\x03" + text(b"big") + b"x" * 16_000
    body, used = parsed(data)
    assert (body.topic, len(body.payload_prefix), used, body.payload_bytes_missing) == ("big", 4096, len(data), 65_535 + 4 - len(data))
    assert parsed(data[:9000]) is NEED_MORE


@pytest.mark.parametrize("data", [b"", b"\x10", b"\x10\x80", CONNECT[:-1]])
def test_what_may_still_come(data):
    assert parsed(data) is NEED_MORE


@pytest.mark.parametrize(
    "data",
    [b"\x00\0", b"\x11\0", b"\x10\x80\x80\x80\x80\1", b"\x10\xff\xff\x7f", packet(0x10, text(b"HTTP") + b"\4\0\0\0"), b"\x20\1\0"],
)
def test_what_is_no_mqtt(data):
    with pytest.raises(ValueError, match="MQTT"):
        parsed(data)


def test_recognition():
    assert mqtt.recognise(heads_of([CONNECT, b"\x20\2\0\0\x90\3\0\1", b"\x10" + bytes(20)], transport=6)).tolist() == [True, False, False]
    answers = heads_of([b"\x20\2\0\0\x90\3\0\1", b"\x20\5\0\0\2\x21\0\0"], transport=6)
    answers.from_responder[:] = 1
    assert mqtt.recognise(answers).tolist() == [True, True]
