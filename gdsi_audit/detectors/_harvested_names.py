"""Names of local hosts that a device asks for, one after the other: by the protocols of the link, and by reverse look-ups."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gdsi_audit.detectors._exchanges import exchanges
from gdsi_audit.detectors._probes import serves_the_link
from gdsi_audit.matching.flow_kinds import parsed_address
from gdsi_audit.protocols._dns_records import AAAA, PTR, A
from gdsi_audit.traffic import DeviceTraffic

_REVERSE = re.compile(r"\.(?:10|168\.192|(?:1[6-9]|2\d|3[01])\.172|254\.169)\.in-addr\.arpa$|\.[cd]\.f\.ip6\.arpa$|\.0\.8\.e\.f\.ip6\.arpa$")
"""Names of private and link-local addresses, as reverse look-ups write them (RFC 1035 section 3.5, RFC 3596 section 2.5)."""


class Harvest(NamedTuple):
    """One way of asking."""

    words: str
    """`asked by mDNS for 14 types of service`."""
    strong: bool
    """Far beyond what looking for one's own kind takes."""
    rows: frozenset[int]
    """Positions of the flows that asked or were answered."""


def asked_for(traffic: DeviceTraffic, fewest: int) -> Iterator[Harvest]:
    """Names that the link was asked for, and reverse look-ups of private addresses, whoever is asked."""
    names = _asked_names(traffic)
    hosts = {name: rows for name, rows in names.items() if not name.endswith(".arpa")}
    if len(hosts) >= 3 * fewest:
        yield Harvest(f"asked the local network for {len(hosts)} names of hosts", False, frozenset().union(*hosts.values()))
    dns = traffic.tables.dns
    pointers = np.flatnonzero((dns["qtype"] == PTR) & ~dns["response"])
    if pointers.size >= fewest:
        rows = np.searchsorted(traffic.tables.flows["flow"], dns["flow"][pointers])
        for name, row in zip(dns["query"][pointers].tolist(), rows.tolist(), strict=True):
            names[name].add(row)
    reverse = {name: rows for name, rows in names.items() if _REVERSE.search(name)}
    if len(reverse) >= fewest:
        yield from _looked_up(traffic, reverse, fewest)


def _looked_up(traffic: DeviceTraffic, reverse: dict[str, set[int]], fewest: int) -> Iterator[Harvest]:
    """Reverse look-ups of strangers: who serves the link, or writes names beside its peers' addresses, asks for those that it knows.

    It asks the resolver and touches no host, so that no number of names makes it more than a small case.
    """
    flows = traffic.tables.flows
    peers = set(flows.take((flows["up_bytes"] > 0) & (flows["down_bytes"] > 0)).distinct("remote_addr"))
    strangers = {name: rows for name, rows in reverse.items() if _address_of(name) not in peers}
    if len(strangers) >= fewest and not serves_the_link(traffic):
        words = f"looked up the names of {len(strangers)} local addresses that it exchanges nothing with"
        yield Harvest(words, False, frozenset().union(*strangers.values()))


def _address_of(name: str) -> str:
    """The address that a reverse look-up is for; empty for what is none (`1.168.192.in-addr.arpa` is a network)."""
    labels = name.split(".")[:-2][::-1]
    v6 = name.endswith(".ip6.arpa")
    text = ":".join("".join(labels[place : place + 4]) for place in range(0, 32, 4)) if v6 else ".".join(labels)
    parsed = parsed_address(text)
    return str(parsed) if parsed is not None else ""


def _asked_names(traffic: DeviceTraffic) -> dict[str, set[int]]:
    """Names of hosts, and of addresses, that the device asked the link for, and the flows."""
    names: dict[str, set[int]] = defaultdict(set)
    for one in exchanges(traffic, "mdns", "llmnr"):
        if one.sent and not one.message.body.response:
            for question in one.message.body.questions:
                name = str(question.name).lower()
                if question.qtype in (A, AAAA) or name.endswith(".arpa"):
                    names[name].add(one.row)
    for one in exchanges(traffic, "nbns"):
        body = one.message.body
        if one.sent and not body.response and body.opcode == 0 and body.name != "*":
            names[str(body.name).lower()].add(one.row)
    return names
