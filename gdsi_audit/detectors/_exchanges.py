"""Messages of a device's flows, with the flow's position in the table and who sent them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gdsi_audit.frames.ranges import Ranges, by_capture
from gdsi_audit.protocols import Message
from gdsi_audit.traffic import DeviceTraffic


class Exchange(NamedTuple):
    """One message."""

    message: Message
    row: int
    """Position of its flow in `traffic.tables.flows`."""
    sent: bool
    """By the device."""


def exchanges(traffic: DeviceTraffic, *protocols: str) -> Iterator[Exchange]:
    """Messages of `protocols`, in the order of each."""
    flows = traffic.tables.flows
    for protocol in protocols:
        messages = traffic.messages.get(protocol, ())
        if messages:
            rows = np.searchsorted(flows["flow"], [message.flow for message in messages])
            began = flows["device_is_originator"][rows]
            for message, row, is_originator in zip(messages, rows.tolist(), began.tolist(), strict=True):
                yield Exchange(message, row, message.from_responder != is_originator)


def by_flow(traffic: DeviceTraffic, *protocols: str) -> dict[int, list[Message]]:
    """Messages of `protocols` by the id of their flow, in the order of each protocol."""
    found: dict[int, list[Message]] = {}
    for protocol in protocols:
        for message in traffic.messages.get(protocol, ()):
            found.setdefault(message.flow, []).append(message)
    return found


def frames_of(messages: Sequence[Message]) -> list[tuple[int, Ranges]]:
    """Where `messages` stand, as FrameIndex.frames gives them."""
    return by_capture(*(np.array([getattr(message, name) for message in messages], np.int64) for name in ("capture", "frame")))
