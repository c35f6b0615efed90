"""Traffic: everything observed, read-only. One device's share of it is what a detector sees.

Each table's schema stands here, one comment per column. The stages work on the tables as columns; for notebooks the same tables are pandas
DataFrames, made when asked for. Nothing in this file knows a declaration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdsi_audit.endpoints import Endpoint
from gdsi_audit.frames.index import FrameIndex
from gdsi_audit.gap import Gap, Ledger
from gdsi_audit.naming.mismatches import Network
from gdsi_audit.protocols import Message
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.words import Words

if TYPE_CHECKING:
    import pandas as pd

FLOWS = {
    "flow": "int64",  # id, see flows.CLOSED
    "parent": "int64",  # flow id of the tunnel around it, -1: none
    "tunnel": "category",  # kind of tunnel that carries it, empty: none
    "continues": "int64",  # flow id of the connection it continues, -1: none
    "start": "int64",  # UTC nanoseconds
    "duration_s": "float64",
    "transport": "category",  # tcp udp icmp icmp6 sctp arp ip-N
    "local_addr": "category",  # the device's side
    "local_port": "uint16",
    "remote_addr": "category",  # the other side
    "remote_port": "uint16",
    "remote_mac": "uint64",  # 0: unknown
    "remote_is_local": "bool",  # private, link-local, multicast or another host of the same link
    "remote_is_multicast": "bool",  # or broadcast
    "device_is_originator": "bool",  # a guess where `initiator` is unknown
    "initiator": "category",  # device, remote, unknown: a fact only if the SYN was seen or after five silent minutes
    "service": "category",  # protocol recognised by its bytes, empty: none
    "up_pkts": "int64",  # from the device
    "down_pkts": "int64",
    "up_bytes": "int64",  # payload, retransmissions once
    "down_bytes": "int64",
    "up_ip_bytes": "int64",
    "down_ip_bytes": "int64",
    "missed_bytes": "int64",  # both ways
    "cut": "bool",  # the capture kept only the beginning of a packet of it: what it says cannot be held to be all that it says
    "ip_options": "bool",  # an IPv4 packet of it carries options
    "conn_state": "category",  # Zeek's
    "history": "str",
    "handshake_rtt_s": "float64",  # NaN: unknown
    "name": "category",  # strongest own name in display form, lower case, empty: none
    "name_source": "category",  # one of endpoints.NAME_SOURCES, empty: none
    "name_frame": "int64",  # frame that shows the name, 0: none
    "ambiguous": "bool",  # several DNS answers name the address and nothing in the flow decides
    "nameable": "bool",  # the handshake was captured, or the device's own start before it, and its DNS: without a name it is `unnamed`
    "remote_country": "category",  # country that the ladder asserts, empty: none
    "organisation": "category",  # holder of the remote network, empty: unknown
    "application_data": "bool",  # more than a handshake went up: any payload, or for TLS and QUIC any bytes behind the handshake
    "app": "category",  # the app that owns the socket where the capture says, empty: unknown
    "first_capture": "int32",
    "last_capture": "int32",
    "first_frame": "int64",
    "last_frame": "int64",
    "duplicate_pkts": "int64",
    "community_id": "str",
}
"""One row per flow of one device, seen from the device. A flow between two devices is a row of each."""

CONTACTS = {
    "remote_addr": "category",
    "remote_port": "uint16",
    "transport": "category",
    "name": "category",
    "hour": "int64",  # UTC hours since 1970
    "flows": "int64",
    "up_bytes": "int64",
    "down_bytes": "int64",
    "up_pkts": "int64",
    "down_pkts": "int64",
    "first": "int64",  # UTC nanoseconds
    "last": "int64",
}
"""One row per endpoint, service and hour of one device: complete and bounded, where FLOWS may be folded."""

DNS = {
    "flow": "int64",
    "capture": "int32",
    "frame": "int64",
    "time": "int64",  # UTC nanoseconds
    "client": "category",  # who asks, address
    "server": "category",  # who answers or is asked, address
    "server_port": "uint16",
    "response": "bool",
    "query": "str",  # name asked for, display form, lower case
    "qtype": "uint16",
    "rcode": "uint8",
    "answers": "int32",  # records in the answer section
    "message_bytes": "int32",
    "solicited": "bool",  # a response that matches a query of that client to that server; True for queries
}
"""One row per unicast DNS message (over UDP or TCP, any port)."""

ANSWERS = {
    "capture": "int32",
    "frame": "int64",
    "time": "int64",
    "client": "category",  # the device that asked
    "server": "category",
    "name": "str",  # the queried name: the identity; CNAME targets are evidence
    "address": "category",
    "ttl_s": "uint32",
    "chain": "str",  # CNAME targets between name and address, joined by " > "
    "solicited": "bool",
}
"""One row per address that a DNS answer gave to a client: A, AAAA, and the hints of SVCB and HTTPS records."""

NEIGHBOURS = {
    "addr": "category",  # host of the link that sends
    "mac": "uint64",  # its MAC, 0: unknown
    "remote_addr": "category",  # beyond the link
    "flow": "int64",
    "start": "int64",  # UTC nanoseconds
    "end": "int64",
    "up_bytes": "int64",  # payload that it sent
}
"""One row per larger upload of any host of the link to the internet, the device's own included; the same for every device."""
LATEST = int(np.iinfo(np.int64).max)
NO_NEIGHBOURS = Columns({name: Words(np.empty(0, np.int64), ()) if kind == "category" else np.empty(0, kind) for name, kind in NEIGHBOURS.items()})


@dataclass(frozen=True, slots=True)
class Capture:
    """One input, and what became of its frames."""

    path: str
    sha256: str
    format: str
    linktypes: tuple[int, ...]
    frame_count: int
    first: int | None
    """UTC nanoseconds of the earliest frame."""
    last: int | None
    snaplen: int
    """0: unlimited or unknown."""
    dropped_pkts: int | None
    """None: the format does not say."""
    ledger: Ledger
    wire_bytes: int
    bytes_on_disk: int
    incomplete: str = ""
    """Why the input was not read to its end, with the offset; empty: it was."""


@dataclass(frozen=True, slots=True)
class Device:
    """A host under audit: a set of time-bounded (MAC, address) bindings."""

    id: str
    """Declared name, else MAC, else address."""
    macs: tuple[str, ...]
    addresses: tuple[str, ...]
    hostnames: tuple[str, ...] = ()
    """From DHCP, mDNS, NBNS, SSDP; display form."""
    vendor: str = ""
    declared: bool = False
    aliases: tuple[str, ...] = ()
    """Other devices that may be this one (randomised MAC, new privacy address): suggested, never merged."""


@dataclass(frozen=True)
class Coverage:
    """How much of a device's traffic could be seen and understood. Shares are 0 to 1, of bytes where not said otherwise."""

    observed_s: float
    flows: int
    up_bytes: int
    down_bytes: int
    loss: float
    """missed_bytes over all payload bytes, and capture drops over packets: the larger."""
    midstream: float
    """Share of TCP flows whose beginning was not captured."""
    one_sided: float
    """Share of TCP flows of which only one direction was captured."""
    named: float
    """Upload bytes to endpoints named by a confident source."""
    readable: float
    """Upload bytes in clear text or decrypted."""
    located: float
    """Upload bytes whose country the ladder asserts."""
    cut_by_snaplen: float
    """Share of packets."""
    notes: tuple[str, ...] = ()
    """What an auditor must know: analyst-selected, device never appears, inbound not visible from this vantage …"""


class Tables(NamedTuple):
    """One device's tables as columns."""

    flows: Columns
    """FLOWS, ordered by flow id."""
    contacts: Columns
    """CONTACTS."""
    dns: Columns
    """DNS, of this client."""
    answers: Columns
    """ANSWERS, to this client."""


@dataclass(frozen=True, eq=False)
class DeviceTraffic:
    """One device's bounded tables: all that a detector sees."""

    device: Device
    tables: Tables
    messages: Mapping[str, tuple[Message, ...]]
    """By protocol: what was parsed in this device's flows, bounded per flow; of DNS only answers that offer to hide names."""
    endpoints: Mapping[str, Endpoint]
    """By remote address."""
    captures: tuple[Capture, ...]
    coverage: Coverage
    frames: FrameIndex
    offered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses that the network offered to this device, by DHCP or router advertisement: `resolver`, `time`. Missing: no offer was captured."""
    neighbours: Columns = field(default_factory=lambda: NO_NEIGHBOURS)
    """NEIGHBOURS."""
    networks: Mapping[str, Network] = field(default_factory=dict)
    """By address: of names that the device's flows show elsewhere than DNS said, these addresses and the answered ones. See `name_mismatches`."""
    geodb: Path | None = None
    """Where the databases in force lie, for tables of whose a name is; None: the embedded ones."""
    folded: int = 0
    """Flows beyond those that stand in memory: counted, not in `flows`."""
    kept_until: Mapping[str, int] = field(default_factory=dict)
    """By protocol, UTC nanoseconds: of its messages some that came then or later are not kept, for want of room. `dns`: of `dns` and `answers`."""

    def __repr__(self) -> str:
        return f"<DeviceTraffic of {self.device.id}: {len(self.tables.flows):,} flows, {len(self.endpoints):,} endpoints>"

    def complete_until(self, protocol: str) -> int:
        """UTC nanoseconds before which all messages of `protocol` are here: from then on nothing can be told from their absence."""
        return self.kept_until.get(protocol, LATEST)

    @cached_property
    def flows(self) -> pd.DataFrame:
        """FLOWS, ordered by flow id; a row's index is its position in `tables.flows`."""
        return self.tables.flows.frame().astype(FLOWS)

    @cached_property
    def contacts(self) -> pd.DataFrame:
        """CONTACTS."""
        return self.tables.contacts.frame().astype(CONTACTS)

    @cached_property
    def dns(self) -> pd.DataFrame:
        """DNS, of this client."""
        return self.tables.dns.frame().astype(DNS)

    @cached_property
    def answers(self) -> pd.DataFrame:
        """ANSWERS, to this client."""
        return self.tables.answers.frame().astype(ANSWERS)


@dataclass(frozen=True)
class Traffic:
    """Everything observed."""

    captures: tuple[Capture, ...]
    devices: tuple[DeviceTraffic, ...]
    background: tuple[Device, ...]
    """Hosts that are not under audit."""
    endpoints: Mapping[str, Endpoint]
    gaps: tuple[Gap, ...]
    databases: tuple[Mapping[str, str], ...]
    """Geo databases in force: name, edition, licence, sha256."""

    def __repr__(self) -> str:
        return f"<Traffic of {len(self.captures)} captures: {len(self.devices):,} devices, {len(self.endpoints):,} endpoints>"
