"""Who is on the other side of the devices' flows: every remote address with its names and its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.assembly.addresses import Addresses, distinct_addresses
from gdsi_audit.endpoints import NAME_SOURCES, Endpoint, Naming
from gdsi_audit.geo import Answer
from gdsi_audit.geo._places import Places
from gdsi_audit.naming import OF_RESPONDER
from gdsi_audit.tables.distinct import numbered, rows_of
from gdsi_audit.tables.stored_table import Table
from gdsi_audit.wire_text import WireText

DNS = NAME_SOURCES.index("dns")
MOST_NAMES_PER_ENDPOINT = 32
NO_OPERATORS: Mapping[str, Answer] = MappingProxyType({})


def endpoints(
    remote: Addresses,
    serials: NDArray[np.int64],
    called: NDArray[np.bool_],
    names: Table,
    answers: Table,
    texts: Sequence[str],
    places: Places,
) -> dict[str, Endpoint]:
    """By address, in the order of addresses as text. `serials`: of the flow that each entry of `remote` is the other side of; `called`: by
    the device.

    `names` are facts.NAMES rows, `answers` solicited resolutions.ADDRESSES rows; of equal (name, source) the earliest counts.
    """
    of_responder = np.isin(names["source"], OF_RESPONDER)
    of_flow = np.where(of_responder, rows_of([np.where(called, serials, -1)], [names["serial"]]), rows_of([serials], [names["serial"]]))
    of_answer = rows_of([remote.hi, remote.lo], [answers["hi"], answers["lo"]])
    found = _named(np.where(of_flow >= 0, remote.code[of_flow], -1) if remote.code.size else of_flow, names, names["source"], texts)
    for code, more in _named(of_answer, answers, np.full(answers.size, DNS), texts).items():
        known = {(naming.name, naming.source) for naming in found[code]}
        found[code] += [naming for naming in more if (naming.name, naming.source) not in known]
    chains = _chains(of_answer, answers, texts)
    order = sorted(range(len(remote.text)), key=remote.text.__getitem__)
    return {remote.text[code]: _endpoint(remote.text[code], found[code][:MOST_NAMES_PER_ENDPOINT], chains.get(code, set()), places) for code in order}


def _named(code: NDArray[np.int64], rows: Table, source: NDArray[np.integer], texts: Sequence[str]) -> defaultdict[int, list[Naming]]:
    """By code of the address: each name and source once, as first seen on the wire. `code` -1: of no device's flow."""
    kept = np.flatnonzero(code >= 0)
    kept = kept[np.lexsort((rows["frame"][kept], rows["capture"][kept]))]
    found: defaultdict[int, list[Naming]] = defaultdict(list)
    if not kept.size:
        return found
    keys = ((code[kept], int(code.max()) + 1), (rows["name"][kept], len(texts)), (source[kept], len(NAME_SOURCES)))
    firsts = kept[np.sort(numbered(*keys)[0])]  # of equal ones the first, in this order
    columns = (rows[field][firsts].tolist() for field in ("name", "capture", "frame", "time"))
    for of, word, given, name, *seen in zip(code[firsts].tolist(), source[firsts].tolist(), _resolved(rows[firsts], texts), *columns, strict=True):
        found[of].append(Naming(WireText(texts[name]), NAME_SOURCES[word], *seen, *given))
    return found


def _resolved(rows: Table, texts: Sequence[str]) -> list[tuple[str, ...]]:
    """(resolver, CNAME chain) of each answer; nothing for names that DNS did not give."""
    if "chain" not in (rows.dtype.names or ()):
        return [()] * rows.size
    servers = distinct_addresses(rows["server_hi"], rows["server_lo"])
    return [(servers.text[code], texts[chain]) for code, chain in zip(servers.code.tolist(), rows["chain"].tolist(), strict=True)]


def _chains(code: NDArray[np.int64], answers: Table, texts: Sequence[str]) -> dict[int, set[str]]:
    """By code of the address: the CNAME targets between a name and it."""
    kept = np.flatnonzero((code >= 0) & (answers["chain"] > 0))
    chains: dict[int, set[str]] = {}
    for of, chain in {*zip(code[kept].tolist(), answers["chain"][kept].tolist(), strict=True)}:
        chains.setdefault(of, set()).update(filter(None, texts[chain].split(" > ")))
    return chains


_RANK = {source: rank for rank, source in enumerate(NAME_SOURCES)}


def _endpoint(address: str, found: list[Naming], chain: set[str], places: Places) -> Endpoint:
    ranked = sorted(found, key=lambda naming: (_RANK[naming.source], naming.time, naming.name)) if len(found) > 1 else found
    words = tuple(dict.fromkeys(naming.name for naming in ranked))
    operators = Operators(address, words, places) if words else NO_OPERATORS
    return Endpoint(address, tuple(ranked), places.place(address, words, sorted(chain)), operators)


class Operators(Mapping[str, Answer]):
    """Seat of who runs the service behind each name of an address, where curated. Places are asked when somebody wants to know."""

    __slots__ = ("_address", "_names", "_places")

    def __init__(self, address: str, names: tuple[str, ...], places: Places) -> None:
        self._address, self._names, self._places = address, names, places

    def __getitem__(self, name: str) -> Answer:
        answer = self._places.operated_by(self._address, name) if name in self._names else None
        if answer is None or not answer.country:
            raise KeyError(name)
        return answer

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if self._places.operated_by(self._address, name).country)

    def __len__(self) -> int:
        return sum(1 for _ in self)
