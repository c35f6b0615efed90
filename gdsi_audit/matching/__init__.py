"""Which declared item, if any, covers each flow of a device.

A flow is held against the declaration by its own strongest name, its address, the network's number, or as a class of traffic; a name learned from
another flow never declares this one, nor does the outer name of an encrypted client hello. Work is done once per kind of flow, not per flow.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.matching import outer_names
from gdsi_audit.matching.declared_items import DeclaredItems, deviations
from gdsi_audit.matching.flow_kinds import kinds_of
from gdsi_audit.matching.proxies import Proxies
from gdsi_audit.matching.rules import Matcher
from gdsi_audit.tables.columns import Column, Columns, Rows
from gdsi_audit.tables.words import narrow, words_of
from gdsi_audit.traffic import DeviceTraffic

MATCHES = {
    "verdict": "category",  # one of rules.VERDICTS
    "destination": "int64",  # row in declaration.destinations that covers it, or comes nearest where `deviates` is not empty; -1: none
    "deviates": "category",  # fields of that item which the flow breaks, joined by a space: transport, port, initiator; empty: none
    "confident": "bool",  # False: rests on a weak name or an offer that was not captured; never the cause of more than a low finding
    "reason": "category",  # in words
}
"""One row per flow, in the order of `DeviceTraffic.tables.flows`."""

NOT_JUDGED = ("bench", "background", "unanswered", "link_upkeep")
"""Verdicts on flows that no detector speaks of."""


class Matched(NamedTuple):
    """One device's flows held against one declaration."""

    declaration: Declaration
    table: Columns
    used: frozenset[int]
    """Rows of declaration.destinations that cover or nearly cover any flow, less specific ones included."""


_MATCHED: WeakKeyDictionary[DeviceTraffic, Matched] = WeakKeyDictionary()
"""The last result for each device: every detector asks the same question."""


def matches(traffic: DeviceTraffic, declaration: Declaration) -> Columns:
    """MATCHES: one row per flow, in the order of `traffic.tables.flows`."""
    return _matched(traffic, declaration).table


def used(traffic: DeviceTraffic, declaration: Declaration) -> frozenset[int]:
    """Rows of declaration.destinations that cover or nearly cover any flow, less specific ones included."""
    return _matched(traffic, declaration).used


def possible(traffic: DeviceTraffic, declaration: Declaration, rows: Rows) -> tuple[Destination, ...]:
    """The named items that may be behind the flows at `rows`: none of these could show a name, and all else of the item fits each of them."""
    kinds, _ = kinds_of(traffic.tables.flows.take(rows), device_ports=_names_device_ports(declaration))
    if any(kind.name or kind.nameable or kind.remote_is_local for kind in kinds):
        return ()
    named = (item for item in declaration.destinations if item.name and not item.not_assessable)
    return tuple(item for item in named if not any(deviations(item, kind) for kind in kinds))


def through_declared_proxies(traffic: DeviceTraffic, declaration: Declaration, rows: Rows) -> bool:
    """Whether the other side of all flows at `rows`, whomever it was asked for, is or may be declared at its port."""
    kinds, _ = kinds_of(traffic.tables.flows.take(rows), device_ports=_names_device_ports(declaration))
    proxies = Proxies(traffic, declaration, DeclaredItems(traffic, declaration))
    return all(proxies.carriers(kind) for kind in kinds)


def _matched(traffic: DeviceTraffic, declaration: Declaration) -> Matched:
    known = _MATCHED.get(traffic)
    if known is None or known.declaration is not declaration:
        known = _MATCHED[traffic] = _match_all(traffic, declaration)
    return known


def _match_all(traffic: DeviceTraffic, declaration: Declaration) -> Matched:
    """Each kind of flow is matched once; its flows take over the result."""
    hidden = outer_names.outer(traffic)
    flows = outer_names.without(traffic, hidden) if hidden.any() else traffic.tables.flows
    listened = sorted({listener.port for listener in declaration.listeners})
    kinds, numbers = kinds_of(flows, device_ports=_names_device_ports(declaration), listened=listened)
    judge = Matcher(traffic, declaration)
    found = [judge.match(kind) for kind in kinds]
    verdict, destination, deviates, confident, reason = zip(*found, strict=True) if found else ((), (), (), (), ())
    texts = {"verdict": verdict, "deviates": deviates, "reason": reason}
    codes = {name: words_of(given) for name, given in texts.items()}
    table: dict[str, Column] = {
        **{name: narrow(column.codes[numbers], column.words) for name, column in codes.items()},
        "destination": np.array(destination, np.int64)[numbers],
        "confident": np.array(confident, np.bool_)[numbers],
    }
    return Matched(declaration, Columns({name: table[name] for name in MATCHES}), judge.used)


def _names_device_ports(declaration: Declaration) -> bool:
    """Whether an item says which port the device itself uses."""
    return any(item.source_ports for item in declaration.destinations)
