"""Services that answer with far more than they were asked, and are used to send it to somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.messages import unread
from gdsi_audit.protocols import ntp
from gdsi_audit.protocols._dns_records import ANY
from gdsi_audit.traffic import DeviceTraffic

AMPLIFIERS = {
    17: "quote of the day", 19: "character generator", 111: "port mapper", 389: "connectionless LDAP", 1900: "SSDP", 3283: "remote desktop",
    3702: "web service discovery", 11211: "memcached",
}  # fmt: skip
"""UDP ports that nobody asks over the internet in ordinary use."""
FEWEST_DATAGRAMS = 20
FEWEST_ANY_QUERIES = 20
CONTROL_MODES = (ntp.CONTROL, ntp.PRIVATE)


class Use(NamedTuple):
    """What was asked of them."""

    service: str
    words: str
    rows: NDArray[np.intp]


def reflectors(traffic: DeviceTraffic, away: NDArray[np.bool_], *, fewest: int) -> Iterator[Use]:
    """What the device asked of them, from `fewest` servers on."""
    flows = traffic.tables.flows
    rows = np.flatnonzero(away & flows.is_any("transport", ("udp",)) & np.isin(flows["remote_port"], list(AMPLIFIERS)))
    if rows.size:
        hosts, count = np.unique(flows.codes("remote_addr")[rows]).size, int(flows["up_pkts"][rows].sum())
        if hosts >= fewest or count >= FEWEST_DATAGRAMS:
            ports = ", ".join(AMPLIFIERS[port] for port in np.unique(flows["remote_port"][rows]).tolist())
            yield Use(ports, f"sent {count:,} datagrams to {hosts:,} hosts of the internet that serve {ports}", rows)
    yield from _any_queries(traffic, away)
    yield from _clock_control(traffic, away, fewest)


def _any_queries(traffic: DeviceTraffic, away: NDArray[np.bool_]) -> Iterator[Use]:
    """DNS questions for all records of a name, which resolvers no longer need to answer (RFC 8482), to servers beyond the network."""
    dns = traffic.tables.dns
    asked = np.flatnonzero((dns["qtype"] == ANY) & ~dns["response"])
    if asked.size < FEWEST_ANY_QUERIES:
        return
    rows = np.searchsorted(traffic.tables.flows["flow"], dns["flow"][asked])
    asked, rows = asked[away[rows]], rows[away[rows]]
    if asked.size >= FEWEST_ANY_QUERIES:
        servers = np.unique(dns.codes("server")[asked]).size
        yield Use("DNS", f"asked {servers:,} servers {asked.size:,} times for all records of a name", np.unique(rows))


def _clock_control(traffic: DeviceTraffic, away: NDArray[np.bool_], fewest: int) -> Iterator[Use]:
    """NTP messages of control, whose answers list hundreds of clients."""
    flows, said = traffic.tables.flows, unread(traffic.messages, "ntp")
    control = np.fromiter((_mode(body) in CONTROL_MODES for body in said.bodies), np.bool_, len(said.bodies))
    asked = np.searchsorted(flows["flow"], said.flow[control])
    sent = (said.from_responder[control] != flows["device_is_originator"][asked]) & away[asked]
    rows, count = np.unique(asked[sent]), np.count_nonzero(sent)
    hosts = np.unique(flows.codes("remote_addr")[rows]).size
    if hosts >= fewest or count >= FEWEST_DATAGRAMS:
        yield Use("NTP", f"sent {count:,} control requests to {hosts:,} time servers", rows)


def _mode(body: ntp.NtpMessage | bytes) -> int:
    """Of a message that is parsed, or of the datagram that holds one (RFC 5905, 7.3)."""
    return body[0] & 7 if isinstance(body, bytes) else body.mode
