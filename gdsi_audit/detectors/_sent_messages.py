"""Readable messages that carry content, with the bytes of it: what of a connection can be told to the instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._quiet_times import Span
from gdsi_audit.protocols import Message
from gdsi_audit.tables.columns import Columns
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


def carried_up(traffic: DeviceTraffic, flows: Columns, outlasting: NDArray[np.bool_], spans: Sequence[Span]) -> NDArray[np.int64]:
    """Of each flow the bytes that its readable messages carried up within `spans`; 0 where it is not `outlasting`."""
    sizes = np.zeros(len(flows), np.int64)
    place = {flow: number for number, flow in enumerate(flows["flow"].tolist()) if outlasting[number]}
    originator = flows["device_is_originator"]
    for message, size in sent(traffic):
        number = place.get(message.flow, -1)
        if number >= 0 and message.from_responder != originator[number] and any(span.start <= message.time <= span.end for span in spans):
            sizes[number] += size
    return sizes
