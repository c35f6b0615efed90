"""Events that come from the other side, and large uploads of the device that may be its answer to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._flow_rows import row_of
from gdsi_audit.protocols.mqtt import MqttPublish
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SLOWEST_ANSWER_NS = 5_000_000_000
"""A response that comes later was held back until there was something to say."""
LINK_TYPES = tuple(range(130, 144))
"""Multicast listeners, routers and neighbours of ICMPv6 (RFC 2710, RFC 4861, RFC 3810)."""
ERROR_TYPES = (1, 2, 3, 4, 11, 12)
"""Of ICMP and ICMPv6 together (RFC 792, RFC 4443)."""
PUSHING = ("mqtt", "http")


class Events(NamedTuple):
    """What came in, ordered by time."""

    times: NDArray[np.int64]
    rows: NDArray[np.intp]
    """Position in `tables.flows` of each."""
    pushed: NDArray[np.bool_]
    """On a connection that the device had opened."""

    def at(self, places: NDArray[np.intp]) -> Events:
        """Those at `places`, in that order."""
        return Events(self.times[places], self.rows[places], self.pushed[places])


class Uploads(NamedTuple):
    """Large uploads, ordered by time."""

    times: NDArray[np.int64]
    rows: NDArray[np.intp]


def uploads(flows: Columns, least_bytes: int) -> Uploads:
    """Connections that the device opened to the outside, and that mostly carry data up."""
    large = (flows["up_bytes"] >= least_bytes) & flows["device_is_originator"] & ~flows["remote_is_local"]
    rows = np.flatnonzero(large)
    if rows.size:
        rows = rows[flows["up_bytes"][rows] >= 2 * flows["down_bytes"][rows]]
    rows = rows[np.argsort(flows["start"][rows], kind="stable")]
    return Uploads(flows["start"][rows], rows)


def events(traffic: DeviceTraffic, largest_bytes: int) -> Events:
    """Small calls from others, answered or not, and messages that others push over connections that the device keeps open."""
    flows = traffic.tables.flows
    called = ~flows["device_is_originator"] & ~flows["remote_is_multicast"] & (flows["down_bytes"] <= largest_bytes) & (flows["down_pkts"] > 0)
    called &= flows.is_any("transport", ("tcp", "udp", "icmp", "icmp6", "sctp")) & ~flows.is_any(
        "service", ("dhcp", "dhcpv6", "mdns", "ssdp", "llmnr")
    )
    rows = np.flatnonzero(called & ~flows.is_any("tunnel", ("icmp-error",)) & ~_upkeep(flows))
    resumed = _resumed(flows, largest_bytes)
    pushes = list(_pushes(traffic))
    times = np.concatenate((flows["start"][rows], flows["start"][resumed], np.array([time for _, time in pushes], np.int64)))
    places = np.concatenate((rows, resumed, np.array([row for row, _ in pushes], np.intp)))
    pushed = np.arange(times.size) >= rows.size
    order = np.argsort(times, kind="stable")
    return Events(times[order], places[order], pushed[order])


def _upkeep(flows: Columns) -> NDArray[np.bool_]:
    """Neighbour discovery, and errors."""
    icmp = flows.is_any("transport", ("icmp", "icmp6"))
    kinds = flows["remote_port"]
    found: NDArray[np.bool_] = icmp & (np.isin(kinds, LINK_TYPES) | np.isin(kinds, ERROR_TYPES))
    return found


def _resumed(flows: Columns, largest_bytes: int) -> NDArray[np.intp]:
    """Connections of the device that lay silent until the other side spoke."""
    rows = np.flatnonzero(
        (flows["continues"] >= 0) & flows["device_is_originator"] & (flows["down_bytes"] > 0) & (flows["down_bytes"] <= largest_bytes)
    )
    first = [next((letter for letter in str(history) if letter in "Dd"), "") for history in flows["history"][rows].tolist()]
    return rows[np.array([letter == "d" for letter in first], np.bool_)]


def _pushes(traffic: DeviceTraffic) -> Iterator[tuple[int, int]]:
    """(row, time) of each message that the other side sent unasked."""
    heard = [message for protocol in PUSHING for message in traffic.messages.get(protocol, ())]
    if not heard:
        return
    flows = traffic.tables.flows
    rows = row_of(traffic)
    began = flows["device_is_originator"]
    asked: dict[int, int] = {}
    for message in heard:
        row = rows.get(message.flow, -1)
        if row < 0 or not began[row]:
            continue
        if not message.from_responder:
            asked[row] = message.time
        elif isinstance(message.body, MqttPublish) or (
            message.protocol == "http" and message.time - asked.get(row, message.time) >= SLOWEST_ANSWER_NS
        ):
            yield row, message.time


def by_source(flows: Columns, came: Events) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """(who, places in `came`): by address, and by port where several addresses call the same one."""
    addresses = flows["remote_addr"][came.rows].tolist()
    yield from grouped(addresses)
    ports = [f"{transport}/{port}" for transport, port in zip(flows["transport"][came.rows], flows["local_port"][came.rows], strict=True)]
    for port, places in grouped(ports):
        own = places[~came.pushed[places]]
        if len({addresses[place] for place in own.tolist()}) > 1:
            yield f"several addresses at {port}", own
