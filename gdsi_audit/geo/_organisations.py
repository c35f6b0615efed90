"""The curated table of who stands behind networks and names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gdsi_audit.geo import Claim, _table

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Organisations:
    """Claims by AS number and by domain; a shared domain maps to None: its tenants are not known."""

    by_asn: dict[int, Claim]
    by_domain: dict[str, Claim | None]


def read(folder: Path) -> Organisations:
    """Reads `tables/organisations.toml`. Raises ValueError when it is malformed or gives one AS or domain to two organisations."""
    table = _table.read(folder, "organisations")
    by_asn: dict[int, Claim] = {}
    by_domain: dict[str, Claim | None] = {}
    for row in table["organisation"]:
        parent = row.get("parent", "")
        held = f"ultimate parent {parent}" if parent else ""
        claim = Claim(
            f"curated organisations {row.get('as_of', table['as_of'])}", row["seat"], row.get("confidence", "high"), row["name"], detail=held
        )
        _add(by_asn, dict.fromkeys(row.get("asns", ()), claim))
        _add(by_domain, dict.fromkeys(row.get("domains", ()), claim) | dict.fromkeys(row.get("shared_domains", ()), None))
    return Organisations(by_asn, by_domain)


def _add(table: dict[Key, Value], rows: dict[Key, Value]) -> None:
    for key, value in rows.items():
        if key in table:
            raise ValueError(f"organisations.toml: {key} belongs to two organisations")
        table[key] = value
