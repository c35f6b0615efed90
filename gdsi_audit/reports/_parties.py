"""Whom one device spoke with, by the column: a row per name and address. There may be hundreds of thousands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.jurisdictions import assessment
from gdsi_audit.jurisdictions.assessed_flows import place_of
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.distinct import numbered, sums
from gdsi_audit.traffic import DeviceTraffic

Word = TypeVar("Word", str, int)
Numbers = NDArray[np.int64]
SUMS = ("flows", "up_bytes", "down_bytes")
NEVER = np.iinfo(np.int64).max
NO_SOURCE = len(NAME_SOURCES)
GRAVEST_VERDICT = (
    *("undeclared", "unnamed", "ambiguous", "unstated", "not_observable", "not_assessable", "unanswered", "declared"),
    *("bench", "background", "link_upkeep"),
)
GRAVEST_ASSESSMENT = ("outside", "contested", "unknown", "multi-location", "inside")


class Sets(NamedTuple):
    """A set of words for each row."""

    rows: NDArray[np.int32]
    """Row in `known` of each."""
    known: list[frozenset[Any]]


class Parties(NamedTuple):
    """Columns of equal length, one row per name and address, ordered by these numbers."""

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    name: Numbers
    """Row in `names`; the empty name: none is known."""
    address: Numbers
    """Row in `addresses`."""
    source: Numbers
    """Row in NAME_SOURCES of the strongest, NO_SOURCE: without a name."""
    verdicts: Numbers
    """Bit n: GRAVEST_VERDICT[n] was said of a flow."""
    assessments: Numbers
    """Bit n: GRAVEST_ASSESSMENT[n]."""
    services: Sets
    """`tcp/443 tls`: the responder's port; where the device is the responder, `listens tcp/554`."""
    items: Sets
    """Rows of the declared items."""
    flows: Numbers
    up_bytes: Numbers
    down_bytes: Numbers
    first: Numbers
    """UTC nanoseconds; NEVER where nothing moved."""
    last: Numbers


def parties(device: DeviceTraffic, matched: Columns, declaration: Declaration) -> Parties:
    """Sums come from `contacts`, which is complete; verdicts from `flows`, which may be folded."""
    contacts, flows = device.tables.contacts, device.tables.flows
    names, name = _both(contacts, flows, "name")
    addresses, address = _both(contacts, flows, "remote_addr")
    rows, numbers = numbered((name, len(names)), (address, len(addresses)))
    size, moved, judged = rows.size, numbers[: len(contacts)], numbers[len(contacts) :]
    first, last = np.full(size, NEVER), np.zeros(size, np.int64)
    np.minimum.at(first, moved, contacts["first"])
    np.maximum.at(last, moved, contacts["last"])
    flows_moved, up_bytes, down_bytes = sums(moved, size, *(contacts[name] for name in SUMS))
    return Parties(
        names,
        addresses,
        name[rows],
        address[rows],
        _strongest(flows, judged, size),
        _said(judged, size, _bits(matched.words("verdict"), GRAVEST_VERDICT)[matched.codes("verdict")]),
        _said(judged, size, _sides(device, flows, matched["destination"], declaration)),
        _services(flows, judged, size),
        _items(matched["destination"], judged, size),
        flows_moved,
        up_bytes,
        down_bytes,
        first,
        last,
    )


def _both(contacts: Columns, flows: Columns, name: str) -> tuple[tuple[str, ...], Numbers]:
    """(words, their rows in `contacts` and then in `flows`)."""
    words, others = contacts.words(name), flows.words(name)
    own, other = contacts.codes(name), flows.codes(name)
    if others is not words:
        words, (_, place) = merged(words, others)
        other = place[other]
    return words, np.concatenate((own, other))


def merged(*tables: tuple[str, ...]) -> tuple[tuple[str, ...], list[Numbers]]:
    """(all words, for each table the rows of its words among them)."""
    if all(words is tables[0] for words in tables):
        return next(iter(tables), ()), [np.arange(len(words)) for words in tables]
    place: dict[str, int] = {}
    rows = [np.array([place.setdefault(word, len(place)) for word in words], np.int64) for words in tables]
    return tuple(place), rows


def _strongest(flows: Columns, number: Numbers, size: int) -> Numbers:
    rank = np.array([NAME_SOURCES.index(word) if word else NO_SOURCE for word in flows.words("name_source")], np.int64)
    found = np.full(size, NO_SOURCE)
    np.minimum.at(found, number, rank[flows.codes("name_source")])
    return found


def _bits(words: Sequence[str], order: Sequence[str]) -> Numbers:
    return np.array([1 << order.index(word) for word in words], np.int64)


def _said(number: Numbers, size: int, bits: Numbers) -> Numbers:
    found = np.zeros(size, np.int64)
    np.bitwise_or.at(found, number, bits)
    return found


def _sides(device: DeviceTraffic, flows: Columns, items: NDArray[Any], declaration: Declaration) -> Numbers:
    """Bit of each flow's assessment: where its address is, held against what its item allows."""
    addresses = flows.words("remote_addr")
    rows, numbers = numbered((flows.codes("remote_addr"), len(addresses)), (items + 1, len(declaration.destinations) + 1))
    places = [place_of(device, address) for address in flows.take(rows)["remote_addr"].tolist()]
    known: dict[tuple[int, int], str] = {}  # thousands of addresses share a place: each is assessed once
    for place, item in zip(places, items[rows].tolist(), strict=True):
        if (id(place), item) not in known:
            destination = declaration.destinations[item] if item >= 0 else None
            known[id(place), item] = assessment.assess(place, *assessment.limits(destination, declaration.jurisdictions))
    words = [known[id(place), item] for place, item in zip(places, items[rows].tolist(), strict=True)]
    return _bits(words, GRAVEST_ASSESSMENT)[numbers]


def _services(flows: Columns, number: Numbers, size: int) -> Sets:
    began = flows["device_is_originator"]
    port = np.where(began, flows["remote_port"], flows["local_port"]).astype(np.int64)
    words = {name: (flows.codes(name), len(flows.words(name))) for name in ("transport", "service")}
    rows, kind = numbered(words["transport"], words["service"], (port, 1 << 16), (began.astype(np.int64), 2))
    shown = flows.take(rows)
    columns = (shown["transport"], shown["service"], port[rows], began[rows])
    texts = [_service(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]
    return _gathered(number, kind, texts, size)


def _service(transport: str, service: str, port: int, device_began: bool) -> str:
    ported = transport in ("tcp", "udp", "sctp")
    text = f"{transport}/{port}" if ported else transport
    return " ".join(filter(None, ("listens" if ported and not device_began else "", text, service)))


def _items(items: NDArray[Any], number: Numbers, size: int) -> Sets:
    declared = np.flatnonzero(items >= 0)
    rows, kind = numbered((items[declared].astype(np.int64), int(items.max(initial=0)) + 1))
    return _gathered(number[declared], kind, items[declared][rows].tolist(), size)


def _gathered(number: Numbers, kind: NDArray[Any], words: Sequence[Word], size: int) -> Sets:
    """For each of the `size` parties the set of `words` that `kind` names in its rows of `number`."""
    rows, _ = numbered((number, size), (kind, len(words)))
    party, code = number[rows], kind[rows]
    known: list[frozenset[Any]] = [frozenset(), *(frozenset((word,)) for word in words)]
    found = np.zeros(size, np.int32)
    found[party] = code + 1
    place: dict[frozenset[Any], int] = {}
    several = np.flatnonzero(np.bincount(party, minlength=size) > 1)
    begins, ends = np.searchsorted(party, several).tolist(), np.searchsorted(party, several, "right").tolist()
    for one, begin, end in zip(several.tolist(), begins, ends, strict=True):
        group = frozenset(words[row] for row in code[begin:end].tolist())
        found[one] = place.setdefault(group, len(known))
        if found[one] == len(known):
            known.append(group)
    return Sets(found, known)
