"""Anycast and edge networks: one address or one name served from many countries, so no database can place it.

Three kinds of evidence: the whole AS serves from everywhere, a prefix does, or the name belongs to a service that steers by DNS. A name
counts only where the address is in a network of that service, if the service keeps to its own networks: a device chooses the names it shows.
Services with caches in the networks of carriers (Akamai) do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gdsi_audit.geo import ANY_NETWORK, Claim, Question, _suffix, _table
from gdsi_audit.geo._prefix_table import PrefixTable

RUNG = "multi-location"

Named = tuple[frozenset[int], Claim]


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `tables/multi_location.toml`. Raises ValueError when it is malformed."""
    table = _table.read(folder, "multi_location")
    source = f"multi-location table {table['as_of']}"
    networks = {asn: _claim(source, row, f"AS{asn}") for row in table["network"] for asn in row["asns"]}
    prefixes = PrefixTable.of((prefix, _claim(source, row, prefix)) for row in table["range"] for prefix in row["prefixes"])
    names = {suffix: (frozenset(row.get("asns", ())), _claim(source, row, suffix)) for row in table["name"] for suffix in row["suffixes"]}

    def ask(question: Question) -> Claim | None:
        found = networks.get(question.asn) or prefixes.find(question.number)
        return found or (_by_name(question, names) if question.names or question.cname_chain else None)

    return ask


def _claim(source: str, row: dict[str, Any], by: str) -> Claim:
    return Claim(source, confidence="high", detail=f"{row['reason']} ({row['operator']}, by {by})", multi_location=True)


def _by_name(question: Question, names: dict[str, Named]) -> Claim | None:
    every: Iterable[str] = (*question.names, *question.cname_chain)
    found = (_suffix.find(name, names) for name in every)
    return next((claim for each in found if each for asns, claim in [each] if not asns or question.asn in asns or question.asn == ANY_NETWORK), None)
