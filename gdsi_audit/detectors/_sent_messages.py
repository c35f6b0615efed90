"""Readable messages that carry content, with the bytes of it: what of a connection can be told to the instant."""

from __future__ import annotations

from collections.abc import Iterator

from gdsi_audit.protocols import Message
from gdsi_audit.traffic import DeviceTraffic


def sent(traffic: DeviceTraffic) -> Iterator[tuple[Message, int]]:
    """HTTP requests with a body of known length, and MQTT publications."""
    for message in traffic.messages.get("http", ()):
        if hasattr(message.body, "method"):
            size = max(message.body.content_length, len(message.body.body_prefix))
            if size > 0:
                yield message, size
    for message in traffic.messages.get("mqtt", ()):
        if hasattr(message.body, "payload_prefix"):
            size = len(message.body.payload_prefix) + max(message.body.payload_bytes_missing, 0)
            if size > 0:
                yield message, size
