"""What flows hold besides the protocol of their port, and what packets hold besides their headers and payload. Counted by the column."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._kept_messages import all_kept
from gdsi_audit.detectors._ntp_fields import foreign_bytes
from gdsi_audit.messages import Unread, unread
from gdsi_audit.protocols import ntp
from gdsi_audit.protocols.dns import DNS_PORT
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.distinct import rows_of
from gdsi_audit.traffic import DeviceTraffic

MOST_MESSAGES_PER_FLOW = 64
"""So many NTP messages of a flow are kept: more cannot be told from none."""
SMALLEST_OPTIONS_BYTES = 4
ROUTER_ALERT_BYTES = 8
"""A hop-by-hop header with the one option that hosts do send (RFC 2711)."""


class Foreign(NamedTuple):
    """What flows hold besides their port's protocol; one entry per flow."""

    rows: NDArray[np.intp]
    """In the table of flows."""
    pkts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    """Bytes."""
    kind: str


def on_ports(traffic: DeviceTraffic, spoken: NDArray[np.bool_], ports: NDArray[np.uint16]) -> list[Foreign]:
    """What flows on the ports of DNS and NTP hold besides."""
    flows = traffic.tables.flows
    datagrams = flows.is_any("transport", ("udp",))
    on_53, on_123 = spoken & (ports == DNS_PORT), spoken & (ports == ntp.PORT)
    return [
        _on_53(traffic, np.flatnonzero(on_53 & datagrams & (flows["device_is_originator"] | ~flows.is_any("service", ("dns",))))),
        _on_53_stream(flows, on_53 & ~datagrams),
        _on_123(traffic, np.flatnonzero(on_123 & datagrams)),
        _fields(traffic, np.flatnonzero(spoken)),
    ]


def in_headers(flows: Columns) -> Foreign:
    """Packets larger than plain headers and payload make them: options, extension headers, bytes behind a datagram.

    Of TCP, whose own options are part of every connection, only that there are IPv4 options is known: four bytes each at least.
    """
    datagrams, pkts = flows.is_any("transport", ("udp", "icmp", "icmp6")), flows["up_pkts"]
    is_v6 = flows.fits("local_addr", lambda address: ":" in address)
    beside = flows["up_ip_bytes"] - flows["up_bytes"] - np.where(is_v6, 48, 28) * pkts
    sizes = np.where(datagrams, beside, SMALLEST_OPTIONS_BYTES * pkts * flows["ip_options"])
    rows = np.flatnonzero((sizes > np.where(is_v6, ROUTER_ALERT_BYTES, 0) * pkts) & ~flows["cut"] & ~flows["remote_is_multicast"])
    return Foreign(rows, pkts[rows], sizes[rows], "data in IP headers")


def understood(traffic: DeviceTraffic) -> NDArray[np.bool_]:
    """Flows of which every packet was a DNS message: most of them, and nothing more to look at."""
    flows, dns = traffic.tables.flows, traffic.tables.dns
    read = _sums(flows["flow"], dns["flow"], np.ones(len(dns), np.int64))
    return np.asarray((read > 0) & (read >= flows["up_pkts"] + flows["down_pkts"]))


def _sums(flows: NDArray[np.int64], given: NDArray[np.int64], amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of `amounts` of each of `flows`; `given`: the flow of each amount."""
    if not given.size:
        return np.zeros(flows.size, np.int64)
    known, place = np.unique(given, return_inverse=True)
    sums = np.bincount(place.ravel(), amounts, known.size).astype(np.int64)
    found = np.minimum(np.searchsorted(known, flows), known.size - 1)
    return np.where(known[found] == flows, sums[found], 0)


def _on_53(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Foreign:
    """Datagrams that are no DNS message."""
    rows = rows[all_kept(traffic, "dns")[rows]]
    part, asked = traffic.tables.flows.take(rows), traffic.tables.dns.take(~traffic.tables.dns["response"])
    read, read_bytes = (_sums(part["flow"], asked["flow"], amounts) for amounts in (np.ones(len(asked), np.int64), asked["message_bytes"]))
    return Foreign(rows, part["up_pkts"] - read, part["up_bytes"] - read_bytes, "no DNS on port 53")


def _on_53_stream(flows: Columns, spoken: NDArray[np.bool_]) -> Foreign:
    """Connections seen from their beginning that were recognised as something else, or as nothing."""
    begun = flows.fits("history", lambda history: history.upper().startswith("S")) & (flows["down_pkts"] > 0) & (flows["missed_bytes"] == 0)
    rows = np.flatnonzero(spoken & begun & ~flows.is_any("service", ("dns_tcp",)))
    return Foreign(rows, flows["up_pkts"][rows], flows["up_bytes"][rows], "no DNS on port 53")


def _on_123(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Foreign:
    """Datagrams of the device that are no NTP message."""
    rows = rows[all_kept(traffic, "ntp")[rows]]
    part, said = traffic.tables.flows.take(rows), unread(traffic.messages, "ntp")
    sent = said.flow[_of_device(part, said)]
    full = _sums(part["flow"], said.flow, np.ones(said.flow.size, np.int64)) >= MOST_MESSAGES_PER_FLOW
    foreign = np.where(full, 0, part["up_pkts"] - _sums(part["flow"], sent, np.ones(sent.size, np.int64)))
    sizes = np.floor(foreign / np.maximum(part["up_pkts"], 1) * part["up_bytes"]).astype(np.int64)
    return Foreign(rows, foreign, sizes, "no NTP on port 123")


def _of_device(part: Columns, said: Unread) -> NDArray[np.intp]:
    """Which of the messages the device sent in these flows."""
    place = rows_of([part["flow"]], [said.flow])
    began = np.append(part["device_is_originator"], False)[place]
    return np.flatnonzero((place >= 0) & (began != said.from_responder))


def _fields(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Foreign:
    """NTP messages of the device with fields that hold something else."""
    part, said = traffic.tables.flows.take(rows), unread(traffic.messages, "ntp")
    own = _of_device(part, said)
    sizes = foreign_bytes([said.bodies[row] for row in own.tolist()], said.time[own])
    pkts = _sums(part["flow"], said.flow[own], (sizes > 0).astype(np.int64))
    held = pkts > 0
    return Foreign(rows[held], pkts[held], _sums(part["flow"], said.flow[own], sizes)[held], "data in NTP fields")
