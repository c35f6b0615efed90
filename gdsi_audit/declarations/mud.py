"""A Manufacturer Usage Description (RFC 8520) as a declaration: exact names, prefixes and abstractions; what is not listed is denied.

The two policies become one list of destinations: an entry to the device mirrors one from it, and whoever either of them names as the initiator
holds for both. Local DNS and NTP are allowed without saying so. What the site has to bind (`controller`, `my-controller`, `manufacturer`,
`same-manufacturer`, `model`) cannot be assessed until a [[bench]] of another file gives an address: `controller = "URI"` or `"my-controller"`,
`manufacturer = "AUTHORITY"` or `"same-manufacturer"`, `model = "URI"`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gdsi_audit.declarations import (
    AUTHORS,
    Declaration,
    Destination,
    Listener,
    Note,
    Product,
    Source,
    Statement,
    _json_lines,
    _mud_aces,
    _mud_lists,
    _over_broad,
)
from gdsi_audit.declarations import _checks as check
from gdsi_audit.declarations import _time_checks as time
from gdsi_audit.declarations._checks import Wrong
from gdsi_audit.declarations._entries import Problems
from gdsi_audit.declarations._lines import Where, nearest_line
from gdsi_audit.declarations._mud_aces import Ace, Traffic
from gdsi_audit.declarations._mud_lists import table
from gdsi_audit.wire_text import printable

SUFFIXES = (".json", ".mud")

_CONTAINER = re.compile(rb'"ietf-mud:mud"\s*:')
AUTHOR = "gdsi-audit:by"
"""A member of our own beside the standard's: who wrote the file, where that is not the manufacturer."""
KNOWN_KEYS = frozenset(
    {"mud-version", "mud-url", "last-update", "mud-signature", "cache-validity", "is-supported", "systeminfo", "mfg-name", "model-name"}
    | {"firmware-rev", "software-rev", "documentation", "extensions", AUTHOR, *_mud_lists.POLICIES}
)


@dataclass(slots=True)
class _Merged:
    """What the entries for one kind of traffic say together."""

    source: Source
    initiators: set[str] = field(default_factory=set)
    to_device: bool = False

    @property
    def initiator(self) -> str:
        """Empty: anybody, since no entry says who, or two of them say another."""
        return next(iter(self.initiators)) if len(self.initiators) == 1 else ""


def claims(raw: bytes) -> bool:
    """A JSON object that names the MUD container."""
    return raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") and _CONTAINER.search(raw) is not None


def read(path: Path, raw: bytes) -> Declaration:
    """The declaration of one MUD file. Raises ValueError naming file, line and key."""
    document, lines = _json_lines.document(path, raw)
    problems = Problems(path.name, lines)
    try:
        found = _Reader(document, problems).declaration(hashlib.sha256(raw).hexdigest())
    except Wrong as wrong:
        problems.add(wrong.inside, str(wrong))
        found = Declaration()
    problems.raise_any()
    return _over_broad.noted(found)


class _Reader:
    def __init__(self, document: object, problems: Problems) -> None:
        self.document = document
        self.by = _author(document)
        self.problems = problems
        self.merged: dict[Traffic, _Merged] = {}
        self.oddities: Counter[str] = Counter()
        self.first: dict[str, Source] = {}

    def declaration(self, sha256: str) -> Declaration:
        for where, from_device, ace in _mud_lists.entries(self.document):
            try:
                self._take(_mud_aces.read(ace, from_device=from_device), where, from_device)
            except Wrong as wrong:
                self.problems.add((*where, *wrong.inside), f"{str(ace.get('name', 'an entry'))[:60]}: {wrong}")
        mud = table(table(self.document).get("ietf-mud:mud"), "ietf-mud:mud")
        destinations = tuple(_destination(traffic, merged) for traffic, merged in self.merged.items())
        return Declaration(
            statements=(self._statement(mud, sha256),),
            product=self._product(mud),
            destinations=(*destinations, *self._implied()),
            listeners=tuple(self._listeners()),
            notes=tuple(self._notes(mud)),
            closed=True,
        )

    def _source(self, where: Where) -> Source:
        return Source(self.problems.file, nearest_line(self.problems.lines, where), self.by)

    def _take(self, ace: Ace, where: Where, from_device: bool) -> None:
        source = self._source(where)
        for oddity in (*ace.unused, *([] if ace.accepts else ["an entry that drops"]), *([] if ace.traffic else ["an entry without IP"])):
            self.oddities[oddity] += 1
            self.first.setdefault(oddity, source)
        if ace.traffic is None or not ace.accepts:
            return
        merged = self.merged.setdefault(ace.traffic, _Merged(source))
        merged.initiators |= {ace.initiator} - {""}
        merged.to_device |= not from_device

    def _implied(self) -> Iterator[Destination]:
        """RFC 8520 section 1.6: access to local DNS and NTP needs no entry."""
        stated = {item.klass for item in self.merged}
        for klass in ("resolver", "time"):
            if klass not in stated:
                yield Destination(klass=klass, source=self._source(("ietf-mud:mud",)))

    def _listeners(self) -> Iterator[Listener]:
        """Ports of the device at which the local network, or a prefix whatever its own port, may call."""
        for traffic, merged in self.merged.items():
            sender = "local" if traffic.klass == "local-network" else "" if traffic.ports or traffic.network is None else str(traffic.network)
            if sender and merged.to_device and merged.initiator != "device" and traffic.transport in ("tcp", "udp"):
                for low, high in traffic.source_ports:
                    if low == high and low:
                        yield Listener(port=low, transport=traffic.transport, sender=sender, source=merged.source)

    def _notes(self, mud: Mapping[str, object]) -> Iterator[Note]:
        for oddity, count in sorted(self.oddities.items()):
            text = f"{oddity}: in {count} access control entr{'y' if count == 1 else 'ies'}, not compared with traffic"
            yield Note(kind="not_compared", text=printable(text), source=self.first[oddity])
        for key in sorted(set(mud) - KNOWN_KEYS):
            text = printable(f"{key[:60]}: an unknown part of the MUD container")
            yield Note(kind="not_compared", text=text, source=self._source(("ietf-mud:mud", key)))
        if mud.get("is-supported") is False:
            yield Note(kind="unsupported", text="the maker no longer supports this device", source=self._source(("ietf-mud:mud", "is-supported")))
        needs = sorted({traffic.needs for traffic in self.merged if traffic.needs})
        if needs:
            yield Note(kind="unbound", text=f"to be bound in a bench file: {', '.join(needs)}", source=self._source(("ietf-mud:mud",)))

    def _product(self, mud: Mapping[str, object]) -> Product:
        keys = {"vendor": ("mfg-name",), "model": ("model-name", "systeminfo"), "firmware": ("firmware-rev", "software-rev")}
        used = {ours: next((key for key in theirs if key in mud), "") for ours, theirs in keys.items()}
        said = {ours: self._text(mud, key) for ours, key in used.items() if key}
        sources = tuple((ours, self._source(("ietf-mud:mud", key))) for ours, key in used.items() if key)
        return Product(**said, sources=sources, source=self._source(("ietf-mud:mud",)))

    def _statement(self, mud: Mapping[str, object], sha256: str) -> Statement:
        if mud.get("mud-version") is True or mud.get("mud-version") != 1:
            raise Wrong('"mud-version" must be 1 (RFC 8520)', "ietf-mud:mud", "mud-version")
        date = _day(self._text(mud, "last-update")) if "last-update" in mud else ""
        return Statement(by=self.by, text=self._text(mud, "mud-url"), date=date, file=self.problems.file, sha256=sha256)

    def _text(self, mud: Mapping[str, object], key: str) -> str:
        try:
            return check.text(mud.get(key, ""))
        except Wrong as wrong:
            raise Wrong(f'"{key}" {wrong}', "ietf-mud:mud", key) from wrong


def _author(document: object) -> str:
    """The manufacturer, unless the file says that it is not: `declare --mud` marks its drafts."""
    mud = document.get("ietf-mud:mud") if isinstance(document, dict) else None
    by = mud.get(AUTHOR) if isinstance(mud, dict) else None
    return by if isinstance(by, str) and by in AUTHORS else "vendor"


def _day(updated: str) -> str:
    try:
        return time.day(updated[:10])
    except Wrong as wrong:
        raise Wrong(f'"last-update" {wrong}', "ietf-mud:mud", "last-update") from wrong


def _destination(traffic: Traffic, merged: _Merged) -> Destination:
    reason = f"{traffic.needs} has to be bound in a bench file" if traffic.needs else ""
    return Destination(
        name=traffic.name,
        network=traffic.network,
        klass=traffic.klass,
        transport=traffic.transport,
        ports=traffic.ports,
        source_ports=traffic.source_ports,
        initiator=merged.initiator,
        needs=traffic.needs,
        not_assessable=reason,
        source=merged.source,
    )
