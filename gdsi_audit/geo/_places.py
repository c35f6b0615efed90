"""All sources on the shelf, asked together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from gdsi_audit import discover
from gdsi_audit.geo import ANY_NETWORK, RUNGS, UNKNOWN, Answer, Claim, Place, Question, _age, _ladder
from gdsi_audit.geo._address import unwrapped
from gdsi_audit.geo._folder import ANYWHERE, embedded, layers
from gdsi_audit.geo._suffix import canonical

Ask = Callable[[Question], Claim | None]
Answers = tuple[Claim | None, ...]
Key = TypeVar("Key")
Value = TypeVar("Value")
OPERATOR, NETWORKS, NAMES = "service-operator", "networks", "names"
MOST_REMEMBERED = 1 << 14
"""Answers kept; beyond that all are asked for again, so memory does not grow with the capture."""

BY_NAME = ("multi-location", "host-name-region", "service-operator")
"""Rungs that a name alone can speak on."""

WITHOUT_ADDRESS = frozenset({"host-name-region", "network-operator", "service-operator"})
"""Rungs that ask for nothing but names and the number of the network: hundreds of addresses get the same answers."""

NOT_AN_ADDRESS = Place(reason="not an address")


class Places:
    """Where addresses are, as far as anyone says. Opens the databases at the first question; one object may serve a whole run."""

    def __init__(self, folder: Path | None = None, on: date | None = None) -> None:
        """`folder` is laid out as `geodb`; what it lacks, or all with None, comes from GDSI_GEODB, the user's files or the embedded ones.

        `on`: the day that is asked about; what rests on a source over a year older is less sure. None: age counts for nothing.
        Raises FileNotFoundError when there is none at all.
        """
        self.folder = folder or embedded()
        self._named = folder or ANYWHERE
        self._on = on
        self._sources: list[tuple[str, Ask]] = []
        self._by_kind: dict[str, list[Ask]] = {}
        self._remembered: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Place] = {}
        self._decided: dict[tuple[int, ...], tuple[Answers, Place]] = {}
        self._said: dict[tuple[int, tuple[str, ...], tuple[str, ...]], Answers] = {}

    def place(self, address: str, names: Sequence[str] = (), cname_chain: Sequence[str] = ()) -> Place:
        """The place of `address` as the flow named it: `names` strongest first, `cname_chain` from DNS. Never raises for what is on the wire."""
        key = (address, tuple(names), tuple(cname_chain))
        found = self._remembered.get(key)
        if found is None:
            self._opened()  # a malformed database is the user's to mend, and must not pass for a malformed address
            try:
                found = self._decide(self._answers(*key))
            except ValueError:
                found = NOT_AN_ADDRESS
            _remember(self._remembered, key, found)
        return found

    def operated_by(self, address: str, name: str) -> Answer:
        """Who runs the service behind `name` at `address`: `place(address, [name]).operated_by`, without asking where that is."""
        asks = self._asks()
        try:
            question = Question(*unwrapped(address), (canonical(name),))
        except ValueError:
            return UNKNOWN
        if any(ask(question) for ask in asks["special-purpose"]):
            return UNKNOWN
        network = [claim for claim in [ask(question) for ask in asks["network"]] if claim]
        question = question._replace(asn=network[0].asn) if network else question
        found = _ladder.operator({"network": network, OPERATOR: [claim for claim in [ask(question) for ask in asks[OPERATOR]] if claim]})
        return _age.aged_answer(found, self._on) if self._on else found

    def claims(self, address: str, names: Sequence[str] = (), cname_chain: Sequence[str] = ()) -> dict[str, list[Claim]]:
        """What every source says, by rung. Raises ValueError when `address` is none."""
        return self._by_rung(self._answers(address, tuple(names), tuple(cname_chain)))

    def named(self, name: str) -> dict[str, list[Claim]]:
        """What every source says of `name` without an address, by rung: edge network, region in the name, who runs the service behind it."""
        question = Question("", 0, (canonical(name),), (), ANY_NETWORK)
        claims: dict[str, list[Claim]] = {rung: [] for rung in BY_NAME}
        for rung, claim in ((rung, ask(question)) for rung, ask in self._opened() if rung in BY_NAME):
            claims[rung].extend([claim] if claim else [])
        return claims

    def editions(self) -> list[dict[str, Any]]:
        """The data files in force: path, name, edition, build_epoch, licence, attribution, sha256, rows, upstream, transform."""
        in_force: dict[str, dict[str, Any]] = {}
        for layer in reversed(layers(self._named)):
            in_force.update((entry["path"], entry) for entry in _listed(layer))
        return [in_force[path] for path in sorted(in_force)]

    def _opened(self) -> list[tuple[str, Ask]]:
        """Every source with its rung, in the order of RUNGS and then of names; those without an address last."""
        if not self._sources:
            order = sorted(RUNGS, key=WITHOUT_ADDRESS.__contains__)
            modules = sorted(discover.modules("gdsi_audit.geo"), key=lambda module: (order.index(module.RUNG), module.__name__))
            self._sources = [(module.RUNG, module.load(self._named)) for module in modules]
        return self._sources

    def _asks(self) -> dict[str, list[Ask]]:
        """By rung; NETWORKS and NAMES: of all rungs that know the network, with an address and without one, in order."""
        if not self._by_kind:
            opened = self._opened()
            self._by_kind = {rung: [ask for one, ask in opened if one == rung] for rung in RUNGS}
            self._by_kind[NAMES] = [ask for rung, ask in opened if rung in WITHOUT_ADDRESS]
            self._by_kind[NETWORKS] = [ask for rung, ask in opened if rung not in {"special-purpose", "network", *WITHOUT_ADDRESS}]
        return self._by_kind

    def _answers(self, address: str, names: tuple[str, ...], cname_chain: tuple[str, ...]) -> Answers:
        """What each source says, in the order of `_opened`; a special address is asked about no further."""
        asks = self._asks()
        question = Question(*unwrapped(address), tuple(map(canonical, names)), tuple(map(canonical, cname_chain)))
        answers = [ask(question) for ask in asks["special-purpose"]]
        if any(answers):
            return tuple(answers)
        answers += [ask(question) for ask in asks["network"]]
        asn = next((claim.asn for claim in answers if claim), 0)
        question = Question(*question[:-1], asn)
        return (*answers, *[ask(question) for ask in asks[NETWORKS]], *self._named_answers(question))

    def _named_answers(self, question: Question) -> Answers:
        """What the sources say that need no address."""
        key = (question.asn, question.names, question.cname_chain)
        found = self._said.get(key)
        if found is None:
            found = tuple([ask(question) for ask in self._asks()[NAMES]])
            _remember(self._said, key, found)
        return found

    def _by_rung(self, answers: Answers) -> dict[str, list[Claim]]:
        claims: dict[str, list[Claim]] = {rung: [] for rung in RUNGS}
        for (rung, _), claim in zip(self._opened(), answers, strict=False):
            if claim:
                claims[rung].append(claim)
        return claims

    def _decide(self, answers: Answers) -> Place:
        """Sources give one claim object over and over: by their identity, for as long as they are kept, the same answers are found at once."""
        key = tuple(map(id, answers))
        known = self._decided.get(key)
        if known is None:
            found = _ladder.place(self._by_rung(answers))
            known = answers, _age.aged(found, self._on) if self._on else found
            _remember(self._decided, key, known)
        return known[1]


def _listed(folder: Path) -> list[dict[str, Any]]:
    """Rows of a folder's manifest; without one, a row with the hash of every database in it."""
    try:
        listed: list[dict[str, Any]] = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
    except FileNotFoundError:
        found = sorted(path for pattern in ("*/*.mmdb", "*/*.csv.gz") for path in folder.glob(pattern))
        hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
        return [{"path": path.relative_to(folder).as_posix(), "name": path.name, "sha256": digest} for path, digest in hashes.items()]
    return [entry for entry in listed if (folder / entry["path"]).is_file()]


def _remember(kept: dict[Key, Value], key: Key, value: Value) -> None:
    if len(kept) >= MOST_REMEMBERED:
        kept.clear()  # the first key of a dict that lost thousands is slow to find
    kept[key] = value
