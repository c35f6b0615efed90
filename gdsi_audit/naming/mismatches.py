"""Flows that show a name at an address which no answer gave this device for it, and whose networks all these addresses are in.

Only what was answered to the device itself counts, whenever it was. Nothing is judged here: rotation among a content network's addresses, an answer
that came before the capture and a resolver that cannot be overheard look the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.geo._places import Places
from gdsi_audit.tables.columns import Columns

SHOWN = frozenset({"http-authority", "http-host", "tls-sni", "quic-sni"})
"""Sources by which the flow itself shows a name."""
TRANSLATION = ip_network("64:ff9b::/96")
"""Addresses that stand for IPv4 ones (RFC 6052)."""
MOST_ANSWERED = 64
"""Addresses of a name that are looked up."""


class Network(NamedTuple):
    """Who announces an address. What a device calls the address plays no part."""

    asn: int
    """0: unknown."""
    holder: str


class NameMismatch(NamedTuple):
    """One name."""

    name: str
    rows: NDArray[np.intp]
    """Positions of the flows that show it elsewhere."""
    answered: tuple[str, ...]
    """Addresses that it was given, the first MOST_ANSWERED."""


def name_mismatches(flows: Columns, answers: Columns, *, dns_kept_until: int) -> list[NameMismatch]:
    """One for each name that was answered to the device and is shown at other addresses; flows inside the local network do not count.

    Nor do those from `dns_kept_until` on, of which answers may be missing.
    """
    if not len(answers) or not len(flows):
        return []
    shows = flows.is_any("name_source", SHOWN) & flows["device_is_originator"] & ~flows["remote_is_local"] & (flows["start"] < dns_kept_until)
    if not shows.any():
        return []
    names, addresses = flows.words("name"), flows.words("remote_addr")
    given = _given(answers, {names[code] for code in np.unique(flows.codes("name")[shows]).tolist()})
    rows = np.flatnonzero(shows)
    pairs = flows.codes("name")[rows].astype(np.int64) * len(addresses) + flows.codes("remote_addr")[rows]
    distinct, place = np.unique(pairs, return_inverse=True)
    elsewhere = [_is_elsewhere(given.get(names[pair // len(addresses)]), addresses[pair % len(addresses)]) for pair in distinct.tolist()]
    mismatch = np.array(elsewhere, np.bool_)[place.ravel()]
    by_name: dict[str, list[int]] = defaultdict(list)
    for row, code in zip(rows[mismatch].tolist(), flows.codes("name")[rows[mismatch]].tolist(), strict=True):
        by_name[names[code]].append(row)
    return [NameMismatch(name, np.array(by_name[name], np.intp), tuple(sorted(given[name])[:MOST_ANSWERED])) for name in sorted(by_name)]


def networks(flows: Columns, answers: Columns, places: Places, *, dns_kept_until: int) -> Mapping[str, Network]:
    """The networks of the addresses of all mismatches, by address."""
    found: dict[str, Network] = {}
    for mismatch in name_mismatches(flows, answers, dns_kept_until=dns_kept_until):
        for address in {*flows.take(mismatch.rows).distinct("remote_addr"), *mismatch.answered}:
            if address not in found:
                place = places.place(address)
                found[address] = Network(place.asn, place.organisation)
    return found


def plain(address: str) -> str:
    """`address`, or the IPv4 one that it stands for."""
    if not address.startswith("64:ff9b:"):
        return address
    parsed = ip_address(address)
    return str(ip_address(int(parsed) & 0xFFFFFFFF)) if isinstance(parsed, IPv6Address) and parsed in TRANSLATION else address


def _given(answers: Columns, shown: set[str]) -> dict[str, set[str]]:
    """The addresses that were answered for each of the names `shown`."""
    wanted = answers.is_any("name", shown) & answers["solicited"]
    names, addresses = answers.words("name"), answers.words("address")
    pairs = np.unique(answers.codes("name")[wanted].astype(np.int64) * len(addresses) + answers.codes("address")[wanted])
    given: dict[str, set[str]] = defaultdict(set)
    for pair in pairs.tolist():
        given[names[pair // len(addresses)]].add(addresses[pair % len(addresses)])
    return given


def _is_elsewhere(given: set[str] | None, address: str) -> bool:
    return given is not None and address not in given and plain(address) not in given
