"""When devices were seen to start: from then on, the beginning of everything that they do is in the capture.

A host that starts asks for an address (DHCP discover, DHCPv6 solicit) or for a router (RFC 4861 section 6.3.7). Nothing is carried over to another
capture, since nobody watched in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.hosts.devices import Hosts
from gdsi_audit.protocols import Message
from gdsi_audit.tables.stored_table import Table, picked

NEVER = np.iinfo(np.int64).max
FIRST_ASK = 1
"""DHCP discover, DHCPv6 solicit: both are of type 1."""
ICMP6, ROUTER_SOLICITATION = 58, 133


def starts(messages: Mapping[str, Sequence[Message]], rows: Table, hosts: Hosts, captures: int) -> NDArray[np.int64]:
    """UTC nanoseconds of the first start, by device (index in Hosts.devices) and capture; NEVER where none was seen. `rows` are CLOSED."""
    first = np.full((max(1, len(hosts.devices)), max(1, captures)), NEVER, np.int64)
    asked = np.array(list(_asked(messages)), np.int64).reshape(-1, 3)
    soliciting = (rows["transport"] == ICMP6) & (rows["orig_port"] == ROUTER_SOLICITATION) & (rows["orig_pkts"] > 0)
    sought = picked(rows, ("orig_mac", "first_capture", "start"), np.flatnonzero(soliciting))
    macs = np.concatenate((asked[:, 0].astype(np.uint64), sought["orig_mac"].astype(np.uint64)))
    capture = np.concatenate((asked[:, 1], sought["first_capture"].astype(np.int64)))
    time = np.concatenate((asked[:, 2], sought["start"].astype(np.int64)))
    none = np.zeros(macs.size, np.uint64)
    device = hosts.device_of(macs, none, none)
    known = (device >= 0) & (macs > 0)
    np.minimum.at(first, (device[known], capture[known]), time[known])
    return first


def _asked(messages: Mapping[str, Sequence[Message]]) -> Iterator[tuple[int, int, int]]:
    """(MAC, capture, time) of each host that asks for an address as if it had none."""
    for protocol in ("dhcp", "dhcpv6"):
        for message in messages.get(protocol, ()):
            if message.body.message_type == FIRST_ASK and message.body.client_mac:
                yield message.body.client_mac, message.capture, message.time
