"""Regions of the cloud providers: which country each is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gdsi_audit.geo import _table


@dataclass(frozen=True, slots=True)
class Provider:
    """One cloud."""

    name: str
    asns: frozenset[int]
    """Networks that its regions announce from. A region told by a name counts only in one of these."""
    regions: dict[str, str]
    """Country (ISO 3166-1 alpha-2) by region code, in every spelling the provider uses."""


def read(folder: Path) -> tuple[dict[str, Provider], str]:
    """Providers by id, and the day the table stands for: `tables/cloud_regions.toml`. Raises ValueError when it is malformed."""
    table = _table.read(folder, "cloud_regions")
    providers = {
        row["id"]: Provider(row["name"], frozenset(row["asns"]), {code: country for country, codes in row["regions"].items() for code in codes})
        for row in table["provider"]
    }
    return providers, str(table["as_of"])
