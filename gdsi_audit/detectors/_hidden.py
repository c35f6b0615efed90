"""Hellos that hide a name: which do, and how that can be told from random filling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _encrypted_dns, _subjects
from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._handshakes import handshakes
from gdsi_audit.matching.outer_names import STAND_INS, offered
from gdsi_audit.naming import names
from gdsi_audit.traffic import DeviceTraffic

CLIENT_HELLO, SERVER_NAME, ABSENT, UNDECIDED = "encrypted client hello", "encrypted server name", "no server name", "undecided"


class Hidden(NamedTuple):
    """One way of hiding."""

    kind: str
    rows: NDArray[np.intp]
    sign: str
    confidence: str
    behind: tuple[str, ...] = ()
    """Names for which the configuration was looked up."""


def hidden(traffic: DeviceTraffic) -> Iterator[Hidden]:
    """All ways in use; of client hellos that may be filling, one at the end."""
    hellos = [one for one in handshakes(traffic).hellos if one.body.ech or one.body.esni or not one.body.server_name]
    if not hellos:
        return
    flows = traffic.tables.flows
    outgoing = flows["device_is_originator"] & ~flows["remote_is_local"]
    by_front: dict[str, list[int]] = defaultdict(list)
    for hello in hellos:
        if hello.body.ech:
            by_front[hello.body.server_name.lower()].extend(hello.flows)
    yield from _encrypted(traffic, by_front, outgoing)
    esni = rows_of(traffic, (flow for hello in hellos if hello.body.esni for flow in hello.flows))
    if (esni := esni[outgoing[esni]]).size:
        yield Hidden(SERVER_NAME, esni, "the hello carries the extension of the draft for it", "high")
    nameless = [flow for hello in hellos if not (hello.body.server_name or hello.body.ech or hello.body.esni) for flow in hello.flows]
    yield from _nameless(traffic, rows_of(traffic, nameless), outgoing)


def leads_to_declared(declaration: Declaration, one: Hidden) -> bool:
    """Whether each name behind it is declared."""
    return bool(one.behind) and all(is_declared(declaration, name) for name in one.behind)


def is_declared(declaration: Declaration, name: str) -> bool:
    """Whether an item has this name."""
    return any(item.name and names.matches(item.name, name) for item in declaration.destinations)


def _encrypted(traffic: DeviceTraffic, by_front: dict[str, list[int]], outgoing: NDArray[np.bool_]) -> Iterator[Hidden]:
    offers = offered(traffic) if by_front else {}
    undecided: list[int] = []
    for front, flows in sorted(by_front.items()):
        rows = rows_of(traffic, flows)
        rows = rows[outgoing[rows]]
        behind = offers.get(front, frozenset()) or _looked_up_instead(traffic, front, rows, offers)
        if not rows.size or not (behind or front in STAND_INS):
            undecided.extend(flows if rows.size else ())
            continue
        told = f"an answer for {_subjects.listed(sorted(behind))} gave this device a configuration for it, and the hello shows {front or 'no name'}"
        sign = told if behind else f"{front} is a name that only stands in for others"
        yield Hidden(CLIENT_HELLO, rows, sign, "high" if behind else "medium", tuple(sorted(behind)))
    if undecided:
        rows = rows_of(traffic, undecided)
        yield Hidden(UNDECIDED, rows[outgoing[rows]], "", "low")


def _looked_up_instead(traffic: DeviceTraffic, front: str, rows: NDArray[np.intp], offers: dict[str, frozenset[str]]) -> frozenset[str]:
    """The names with a configuration that gave the device these addresses, where it never looked up the name that it shows."""
    answers, dns = traffic.tables.answers, traffic.tables.dns
    if not offers or not len(answers) or (len(dns) and dns.is_any("query", (front,)).any()):
        return frozenset()
    owners = frozenset().union(*offers.values())
    here = answers.is_any("address", traffic.tables.flows.take(rows).distinct("remote_addr")) & answers["solicited"]
    return owners & set(answers.take(here).distinct("name"))


def _nameless(traffic: DeviceTraffic, rows: NDArray[np.intp], outgoing: NDArray[np.bool_]) -> Iterator[Hidden]:
    """Hellos without a name, where DNS gives none either and the device names others; known resolvers are a question of their own."""
    flows = traffic.tables.flows
    others = flows.is_any("name_source", ("tls-sni", "quic-sni")) & outgoing
    unnamed = outgoing & flows.is_any("name", ("",)) & flows["nameable"] & flows["application_data"]
    rows = rows[unnamed[rows]]
    if not rows.size or not others.any():
        return
    resolving = [one.rows for one in _encrypted_dns.lookups(traffic)]
    rows = np.setdiff1d(rows, np.concatenate(resolving)) if resolving else rows
    if rows.size:
        count = int(np.unique(flows.codes("name")[others]).size)
        yield Hidden(ABSENT, rows, f"the hello shows none and DNS gave none, while the device shows {count:,} names to others", "medium")
