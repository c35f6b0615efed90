"""Events that come from the other side, what the device does soon after, and how often chance alone would bring that about."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, lgamma, log
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
PUSHING = ("mqtt", "http")


class Events(NamedTuple):
    """What came in, ordered by time."""

    times: NDArray[np.int64]
    rows: NDArray[np.intp]
    """Position in `tables.flows` of each."""
    pushed: NDArray[np.bool_]
    """On a connection that the device had opened."""

    def at(self, places: NDArray[np.intp]) -> Events:
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
    found: NDArray[np.bool_] = icmp & (((kinds >= 130) & (kinds <= 143)) | np.isin(kinds, (1, 2, 3, 4, 11, 12)))
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


def apart(times: NDArray[np.int64], within_ns: int) -> NDArray[np.intp]:
    """Places of the events that begin a group: a knock of several packets is one event. `times` ascend."""
    kept, last = [], -within_ns - 1
    for place, time in enumerate(times.tolist()):
        if time - last > within_ns:
            kept.append(place)
            last = time
    return np.array(kept, np.intp)


def followed(times: NDArray[np.int64], starts: NDArray[np.int64], within_ns: int) -> NDArray[np.intp]:
    """For each event the place of the first of `starts` that comes within `within_ns` behind it; -1: none does. Both ascend."""
    place = np.searchsorted(starts, times, side="right")
    there = place < starts.size
    close = there & (starts[np.minimum(place, max(starts.size - 1, 0))] - times <= within_ns) if starts.size else there
    return np.where(close, place, -1).astype(np.intp)


def share_of_time(starts: NDArray[np.int64], within_ns: int, span_ns: int) -> float:
    """Share of the time observed that lies within `within_ns` before one of `starts`: the chance that any instant is followed by one."""
    covered = int(np.minimum(np.diff(starts, append=starts[-1:] + within_ns), within_ns).sum())
    return min(1.0, covered / max(span_ns, 1))


def chance(hits: int, tries: int, share: float) -> float:
    """Probability of `hits` or more among `tries` where each has the probability `share`: the upper tail of a binomial distribution."""
    if hits <= 0 or share >= 1.0:
        return 1.0
    if share <= 0.0:
        return 0.0
    terms = (_log_choose(tries, k) + k * log(share) + (tries - k) * log(1 - share) for k in range(hits, tries + 1))
    return min(1.0, sum(map(exp, terms)))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
