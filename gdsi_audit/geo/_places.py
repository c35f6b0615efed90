"""All sources on the shelf, asked together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gdsi_audit import discover
from gdsi_audit.geo import RUNGS, Claim, Place, Question, _ladder
from gdsi_audit.geo._address import number, unwrapped
from gdsi_audit.geo._folder import embedded
from gdsi_audit.geo._suffix import canonical

Ask = Callable[[Question], Claim | None]
MOST_REMEMBERED = 1 << 17
"""Answers kept; beyond that the oldest are asked for again, so memory does not grow with the capture."""

NOT_AN_ADDRESS = Place(reason="not an address")


class Places:
    """Where addresses are, as far as anyone says. Opens the databases at the first question; one object may serve a whole run."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is laid out as `geodb`; None: the embedded one. Raises FileNotFoundError when that is missing."""
        self.folder = folder or embedded()
        self._sources: dict[str, list[tuple[str, Ask]]] | None = None
        self._remembered: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Place] = {}

    def place(self, address: str, names: Sequence[str] = (), cname_chain: Sequence[str] = ()) -> Place:
        """The place of `address` as the flow named it: `names` strongest first, `cname_chain` from DNS. Never raises for what is on the wire."""
        key = (address, tuple(names), tuple(cname_chain))
        found = self._remembered.get(key)
        if found is None:
            if len(self._remembered) >= MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            found = self._remembered[key] = self._asked(*key)
        return found

    def claims(self, address: str, names: Sequence[str] = (), cname_chain: Sequence[str] = ()) -> dict[str, list[Claim]]:
        """What every source says, by rung. Raises ValueError when `address` is none."""
        parsed = unwrapped(address)
        question = Question(str(parsed), number(parsed), tuple(map(canonical, names)), tuple(map(canonical, cname_chain)))
        sources = self._opened()
        special = _answers(sources["special-purpose"], question)
        if special:
            return {"special-purpose": special}
        network = _answers(sources["network"], question)
        if network:
            question = replace(question, asn=network[0].asn)
        return {"network": network} | {rung: _answers(sources[rung], question) for rung in RUNGS[2:]}

    def named(self, name: str) -> list[Claim]:
        """What is known of `name` without an address: who runs the service behind it."""
        question = Question("", 0, (canonical(name),))
        return _answers(self._opened()["service-operator"], question)

    def editions(self) -> list[dict[str, Any]]:
        """The data files in force: path, name, edition, build_epoch, licence, attribution, sha256, rows, upstream, transform."""
        listed: list[dict[str, Any]] = json.loads((self.folder / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
        return listed

    def _asked(self, address: str, names: tuple[str, ...], cname_chain: tuple[str, ...]) -> Place:
        self._opened()  # a malformed database is the user's to mend, and must not pass for a malformed address
        try:
            return _ladder.place(self.claims(address, names, cname_chain))
        except ValueError:
            return NOT_AN_ADDRESS

    def _opened(self) -> dict[str, list[tuple[str, Ask]]]:
        if self._sources is None:
            sources: dict[str, list[tuple[str, Ask]]] = {rung: [] for rung in RUNGS}
            for module in discover.modules("gdsi_audit.geo"):
                sources[module.RUNG].append((module.__name__, module.load(self.folder)))
            self._sources = sources
        return self._sources


def _answers(sources: list[tuple[str, Ask]], question: Question) -> list[Claim]:
    return [claim for _, ask in sources if (claim := ask(question)) is not None]
