"""Who is on the other side of the devices' flows: every remote address with its names and its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.columns import numbered
from gdsi_audit.distinct import rows_of
from gdsi_audit.endpoints import NAME_SOURCES, Endpoint, Naming
from gdsi_audit.geo import Answer
from gdsi_audit.geo._places import Places
from gdsi_audit.perspective import Addresses
from gdsi_audit.wire_text import WireText

DNS = NAME_SOURCES.index("dns")
MOST_NAMES_PER_ENDPOINT = 32


def endpoints(
    remote: Addresses, serials: NDArray[np.int64], names: NDArray[np.void], answers: NDArray[np.void], texts: Sequence[str], places: Places
) -> dict[str, Endpoint]:
    """By address, in the order of addresses as text. `serials`: of the flow that each entry of `remote` is the other side of.

    `names` are facts.NAMES rows, `answers` solicited resolutions.ADDRESSES rows; of equal (name, source) the first counts.
    """
    of_flow = rows_of([serials], [names["serial"]])
    of_answer = rows_of([remote.hi, remote.lo], [answers["hi"], answers["lo"]])
    found = _named(np.where(of_flow >= 0, remote.code[of_flow], -1) if remote.code.size else of_flow, names, names["source"], texts)
    for code, more in _named(of_answer, answers, np.full(answers.size, DNS), texts).items():
        known = {(naming.name, naming.source) for naming in found[code]}
        found[code] += [naming for naming in more if (naming.name, naming.source) not in known]
    chains = _chains(of_answer, answers, texts)
    order = sorted(range(len(remote.text)), key=remote.text.__getitem__)
    return {remote.text[code]: _endpoint(remote.text[code], found[code][:MOST_NAMES_PER_ENDPOINT], chains.get(code, set()), places) for code in order}


def _named(code: NDArray[np.int64], rows: NDArray[np.void], source: NDArray[np.integer], texts: Sequence[str]) -> defaultdict[int, list[Naming]]:
    """By code of the address: each name and source once, as first seen. `code` -1: of no device's flow."""
    kept = np.flatnonzero(code >= 0)
    found: defaultdict[int, list[Naming]] = defaultdict(list)
    if not kept.size:
        return found
    keys = ((code[kept], int(code.max()) + 1), (rows["name"][kept], len(texts)), (source[kept], len(NAME_SOURCES)))
    firsts = kept[np.sort(numbered(*keys)[0])]
    columns = (rows[field][firsts].tolist() for field in ("name", "capture", "frame", "time"))
    for of, word, name, *seen in zip(code[firsts].tolist(), source[firsts].tolist(), *columns, strict=True):
        found[of].append(Naming(WireText(texts[name]), NAME_SOURCES[word], *seen))
    return found


def _chains(code: NDArray[np.int64], answers: NDArray[np.void], texts: Sequence[str]) -> dict[int, set[str]]:
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
    return Endpoint(address, tuple(ranked), places.place(address, words, sorted(chain)), Operators(address, words, places))


class Operators(Mapping[str, Answer]):
    """Seat of who runs the service behind each name of an address, where curated. Places are asked when somebody wants to know."""

    __slots__ = ("_address", "_names", "_places")

    def __init__(self, address: str, names: tuple[str, ...], places: Places) -> None:
        self._address, self._names, self._places = address, names, places

    def __getitem__(self, name: str) -> Answer:
        answer = self._places.place(self._address, [name]).operated_by if name in self._names else None
        if answer is None or not answer.country:
            raise KeyError(name)
        return answer

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if self._places.place(self._address, [name]).operated_by.country)

    def __len__(self) -> int:
        return sum(1 for _ in self)
