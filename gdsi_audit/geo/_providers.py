"""Regions of the cloud providers: which country each is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gdsi_audit.geo import _table


@dataclass(frozen=True, slots=True)
class Provider:
    """One cloud."""

    name: str
    asns: frozenset[int]
    """Networks that its regions announce from. A region told by a name counts only in one of these."""
    regions: dict[str, str]
    """Country (ISO 3166-1 alpha-2) by region code, in every spelling the provider uses."""
    spread: tuple[str, ...] = ()
    """Prefixes with addresses of many regions: nothing in them has a place but what a list says."""

    def country(self, region: str) -> str:
        """Country of `region`, or nothing; of a region in the form of ISO 3166-2 (`NL-NH`), as DigitalOcean's list has it, what it begins with."""
        begun = region[:2] if region[2:3] == "-" and region[:2].isupper() else ""
        return self.regions.get(region, "") or begun

    def is_outpost(self, region: str) -> bool:
        """Whether `region` is part of another: `af-south-1-los-1`, the local zone of `af-south-1` in Lagos."""
        return any(region[:place] in self.regions for place, letter in enumerate(region) if letter == "-")

    def outposts(self, region: str) -> tuple[str, ...]:
        """Countries, sorted, of the parts of `region` that are abroad."""
        own = self.regions.get(region, "")
        return tuple(sorted({country for code, country in self.regions.items() if code.startswith(f"{region}-")} - {own}))


def read(folder: Path) -> tuple[dict[str, Provider], str]:
    """Providers by id, and the day the table stands for: `tables/cloud_regions.toml`. Raises ValueError when it is malformed."""
    table = _table.read(folder, "cloud_regions")
    providers = {row["id"]: _provider(row) for row in table["provider"]}
    return providers, str(table["as_of"])


def _provider(row: dict[str, Any]) -> Provider:
    regions = {code: country for country, codes in row["regions"].items() for code in codes}
    return Provider(row["name"], frozenset(row["asns"]), regions, tuple(row.get("spread", ())))
