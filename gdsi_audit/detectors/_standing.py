"""How the declaration stands to the party of some flows, and what a structured field of it makes of a finding's severity."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gdsi_audit.declarations import Declaration, Destination, Source
from gdsi_audit.findings.finding import SEVERITIES, Broken
from gdsi_audit.matching import NOT_JUDGED, matches, possible
from gdsi_audit.tables.columns import Rows
from gdsi_audit.traffic import DeviceTraffic


class Standing(NamedTuple):
    """What is declared of the other side of some flows."""

    verdict: str
    """The commonest of matching.rules.VERDICTS among them."""
    destination: Destination | None
    """The item that covers them, or comes nearest."""
    judged: bool
    """False: the tester's own machine, background, unanswered or link upkeep; no finding above `info` is made of it."""
    stated: bool
    """Whether the declaration speaks of destinations at all."""
    possible: tuple[Destination, ...]
    """Items that may be behind them, of which no name could be seen: what one of them declares is no accusation."""
    sure: bool
    """Whether most of them are known by a sure name: weak ones are never the cause of more than a `low` finding."""

    @property
    def declared(self) -> bool:
        """Whether an item covers the party."""
        return self.verdict == "declared"

    @property
    def undeclared(self) -> bool:
        """Whether there is a list of destinations and the party is surely not on it."""
        return self.stated and self.sure and self.verdict in ("undeclared", "unnamed")

    def may_be(self, allows: Callable[[Destination], bool]) -> str:
        """Words for the first item that may be behind the flows and `allows` what they do; empty: none."""
        return next((f"no name could be seen, and {item.title} may be meant, which declares it" for item in self.possible if allows(item)), "")

    @property
    def doubt(self) -> str:
        """Words for what is said of a declared field that is broken."""
        return "" if self.sure else ", but the party is only weakly named, so this contradicts nothing for certain"

    def broken(self, field: str) -> tuple[Broken, ...]:
        """What traffic that breaks `field` of the item contradicts: nothing, where the party is only known by a weak name."""
        return broken(self.destination.source, "destination", field) if self.destination is not None and self.sure else ()


def standing(traffic: DeviceTraffic, declaration: Declaration, rows: Rows) -> Standing:
    """Of the flows at `rows` (mask or positions; at least one)."""
    matched = matches(traffic, declaration).take(rows)
    codes = matched.codes("verdict")
    code = int(np.bincount(codes).argmax())
    verdict = matched.words("verdict")[code]
    mine = matched.take(codes == code)
    item = int(mine["destination"][0])
    destination = declaration.destinations[item] if item >= 0 else None
    sure = 2 * int(np.count_nonzero(mine["confident"])) >= len(mine)
    perhaps = possible(traffic, declaration, rows) if verdict == "not_observable" else ()
    return Standing(verdict, destination, verdict not in NOT_JUDGED, bool(declaration.destinations) or declaration.closed, perhaps, sure)


def broken(source: Source, table: str, field: str) -> tuple[Broken, ...]:
    """The one declared field that the traffic contradicts."""
    return (Broken(table, field, source.file, source.line, source.by),)


def at_most(severity: str, ceiling: str) -> str:
    """The milder of two severities."""
    return SEVERITIES[min(SEVERITIES.index(severity), SEVERITIES.index(ceiling))]
