"""MQTT 3.1, 3.1.1 and 5.0, its control packets one by one (OASIS MQTT 3.1.1 and 5.0, section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._mqtt_fields import Fields
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

CONNECT, CONNACK, PUBLISH, SUBSCRIBE = 1, 2, 3, 8
PROTOCOL_NAMES = (b"MQTT", b"MQIsdp")
PAYLOAD_PREFIX_BYTES = 4096
LONGEST_WAIT_BYTES = 16_000
REQUIRED_FLAGS = {6: 2, 8: 2, 10: 2}
"""Low bits of the first byte where they are not zero; PUBLISH has its own."""


@dataclass(frozen=True, slots=True)
class MqttConnect:
    """The password is not kept."""

    level: int
    """3: 3.1, 4: 3.1.1, 5: 5.0."""
    client_id: WireText
    username: WireText
    has_username: bool
    password_bytes: int
    """-1: no password."""
    will_topic: WireText
    keep_alive_s: int


@dataclass(frozen=True, slots=True)
class MqttConnack:
    """The server's answer to a CONNECT (OASIS MQTT 5.0 section 3.2)."""

    reason: int
    """0: accepted."""


@dataclass(frozen=True, slots=True)
class MqttPublish:
    """A message on a topic (OASIS MQTT 5.0 section 3.3)."""

    topic: WireText
    quality: int
    payload_prefix: bytes
    """At most 4 KiB; of version 5 with the properties before it."""
    payload_bytes_missing: int
    """Still to come."""


@dataclass(frozen=True, slots=True)
class MqttSubscribe:
    """Topics that a client wants to hear of (OASIS MQTT 5.0 section 3.8)."""

    topics: tuple[WireText, ...]


@dataclass(frozen=True, slots=True)
class MqttControl:
    """Any other packet."""

    packet_type: int
    body_bytes: int


MqttPacket = MqttConnect | MqttConnack | MqttPublish | MqttSubscribe | MqttControl


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A CONNECT with its protocol name from the originator, or a CONNACK from the responder."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero((heads.bytes[:, 0] == CONNECT << 4) & (heads.length >= 8)):
        head = heads.bytes[row].tobytes()
        found[row] = any(len(name).to_bytes(2) + name in head[2:14] for name in PROTOCOL_NAMES)
    size, flags, reason, properties = (heads.bytes[:, place] for place in range(1, 5))
    version_3 = (size == 2) & (reason <= 5)
    version_5 = (size >= 3) & (size < 128) & (properties == size - 3) & ((reason == 0) | (reason >= 0x80))
    connack = (heads.bytes[:, 0] == CONNACK << 4) & (flags <= 1) & (version_3 | version_5) & (heads.length >= 4)
    acknowledged: NDArray[np.bool_] = found | connack & (heads.from_responder == 1)
    return acknowledged


def parse(data: bytes, *, from_responder: bool) -> tuple[MqttPacket, int] | NeedMore:
    """The first control packet and its bytes; of a long PUBLISH what is here of it. Raises ValueError."""
    del from_responder
    if not data:
        return NEED_MORE
    kind, flags = data[0] >> 4, data[0] & 15
    if kind == 0 or (kind != PUBLISH and flags != REQUIRED_FLAGS.get(kind, 0)):
        raise ValueError(f"no MQTT packet: first byte {data[0]:#04x} at offset 0")
    size, start = _size(data)
    if start == 0:
        return NEED_MORE
    behind = start + size
    if len(data) < behind and (kind != PUBLISH or len(data) < min(behind, LONGEST_WAIT_BYTES)):
        if size > LONGEST_WAIT_BYTES and kind != PUBLISH:
            raise ValueError(f"an MQTT packet of type {kind} with {size} bytes")
        return NEED_MORE
    used = min(behind, len(data))
    return _packet(kind, flags, Fields(data[start:used]), behind - used), used


def _packet(kind: int, flags: int, fields: Fields, missing: int) -> MqttPacket:
    if kind == CONNECT:
        return _connect(fields)
    if kind == CONNACK:
        return MqttConnack(fields.take(2)[1])
    if kind == PUBLISH:
        topic = fields.text()
        if flags & 6:
            fields.take(2)
        return MqttPublish(display(topic), flags >> 1 & 3, fields.rest()[:PAYLOAD_PREFIX_BYTES], missing)
    if kind == SUBSCRIBE:
        return _subscribe(fields)
    return MqttControl(kind, len(fields.rest()))


def _connect(fields: Fields) -> MqttConnect:
    name, level, flags = fields.text(), fields.number(1), 0
    if name not in PROTOCOL_NAMES:
        raise ValueError("an MQTT CONNECT without the protocol's name at offset 2")
    flags, keep_alive_s = fields.number(1), fields.number(2)
    if level == 5:
        fields.properties()
    client_id = fields.text()
    if flags & 4 and level == 5:
        fields.properties()
    will_topic = fields.text() if flags & 4 else b""
    if flags & 4:
        fields.text()
    username = fields.text() if flags & 0x80 else b""
    password_bytes = len(fields.text()) if flags & 0x40 else -1
    return MqttConnect(level, display(client_id), display(username), bool(flags & 0x80), password_bytes, display(will_topic), keep_alive_s)


def _subscribe(fields: Fields) -> MqttSubscribe:
    """As version 3; where that does not come out, as version 5, which has properties before the topics."""
    fields.take(2)
    later = Fields(fields.rest())
    try:
        return MqttSubscribe(tuple(_topics(fields)))
    except ValueError:
        later.properties()
        return MqttSubscribe(tuple(_topics(later)))


def _topics(fields: Fields) -> list[WireText]:
    topics = []
    while fields.rest():
        topics.append(display(fields.text()))
        if not topics[-1] or fields.number(1) & 0xC0:
            raise ValueError("an MQTT subscription without topic or with reserved options")
    return topics


def _size(data: bytes) -> tuple[int, int]:
    """Remaining length and the offset behind it; offset 0: not all of it is here."""
    size = 0
    for place, byte in enumerate(data[1:5]):
        size |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return size, place + 2
    if len(data) >= 5:
        raise ValueError("an MQTT length of more than four bytes at offset 1")
    return 0, 0
