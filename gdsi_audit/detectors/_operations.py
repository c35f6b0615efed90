"""Requests to industrial and building controllers that change something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._exchanges import Exchange, exchanges, frames_of
from gdsi_audit.frames.ranges import Ranges
from gdsi_audit.traffic import DeviceTraffic

PROTOCOLS = {"modbus": "Modbus", "s7comm": "S7", "dnp3": "DNP3", "iec104": "IEC 104", "bacnet": "BACnet"}

Frames = list[tuple[int, Ranges]]
"""As FrameIndex.frames gives them."""


class Operated(NamedTuple):
    """What one controller was told."""

    protocol: str
    address: str
    local: bool
    words: str
    rows: NDArray[np.intp]
    """Positions of the flows."""
    frames: Frames


def operations(traffic: DeviceTraffic) -> Iterator[Operated]:
    """One for each controller and protocol that the device changed something by."""
    if not traffic.messages.keys() & PROTOCOLS.keys():
        return
    flows = traffic.tables.flows
    found: dict[tuple[str, str], list[Exchange]] = defaultdict(list)
    for one in exchanges(traffic, *PROTOCOLS):
        if one.sent and one.message.body.changes:
            found[one.message.protocol, flows["remote_addr"][one.row]].append(one)
    for (protocol, address), sent in sorted(found.items()):
        rows = np.array(sorted({one.row for one in sent}), np.intp)
        kinds = _subjects.listed(one.message.body.name for one in sent)
        targets = _subjects.listed(one.message.body.target for one in sent)
        words = f"sent {address} at least {len(sent):,} {PROTOCOLS[protocol]} requests that change something ({kinds}{'; ' * bool(targets)}{targets})"
        local = bool(flows["remote_is_local"][rows[0]])
        yield Operated(PROTOCOLS[protocol], address, local, words, rows, frames_of([one.message for one in sent]))
