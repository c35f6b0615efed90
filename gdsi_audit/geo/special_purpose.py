"""Addresses that are nowhere: IANA's special-purpose registries (RFC 6890) and multicast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _table
from gdsi_audit.geo._prefix_table import PrefixTable

RUNG = "special-purpose"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `tables/special_purpose.toml`. Raises ValueError when it is malformed."""
    table = _table.read(folder, "special_purpose")
    source = f"IANA special-purpose registries {table['as_of']}"
    prefixes = PrefixTable.of(
        (row["prefix"], Claim(source, confidence="high", detail=row["kind"]) if row["kind"] else None) for row in table["prefix"]
    )
    return lambda question: prefixes.find(question.number)
