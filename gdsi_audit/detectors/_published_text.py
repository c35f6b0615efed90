"""Shells whose commands and output travel as messages of MQTT, through a broker that both sides call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from gdsi_audit.protocols import Message
from gdsi_audit.protocols.mqtt import MqttPublish
from gdsi_audit.protocols.terminal import shown_in
from gdsi_audit.traffic import DeviceTraffic

LONGEST_COMMAND_BYTES = 256
FEWEST = 2
"""Commands, and outputs: `reboot` is a word of home automation too, and a report may hold the kernel's version."""


def published(traffic: DeviceTraffic) -> Iterator[Message]:
    """What messages of MQTT show of a terminal, in flows in which the broker hands on commands and the client answers with their output."""
    said = [one for one in traffic.messages.get("mqtt", ()) if isinstance(one.body, MqttPublish)]
    short = [one for one in said if one.from_responder and len(one.body.payload_prefix) <= LONGEST_COMMAND_BYTES]
    commands = [one for one in map(_read, short) if one.body.commands]
    told = _often(commands)
    outputs = [one for one in map(_read, (one for one in said if one.flow in told and not one.from_responder)) if one.body.signs]
    shown = _often(outputs)
    yield from (one for one in (*commands, *outputs) if one.flow in shown)


def _read(message: Message) -> Message:
    return replace(message, body=shown_in(message.body.payload_prefix))


def _often(messages: list[Message]) -> set[int]:
    return {flow for flow, count in Counter(one.flow for one in messages).items() if count >= FEWEST}
