"""A cloud region told by the endpoint's name: `s3.eu-central-1.amazonaws.com`. Counts only where the address is in that cloud's own network."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _providers, _suffix, _table

RUNG = "host-name-region"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `tables/hostname_regions.toml` and `tables/cloud_regions.toml`. Raises ValueError when one is malformed."""
    table = _table.read(folder, "hostname_regions")
    providers, _ = _providers.read(folder)
    source = f"host-name regions {table['as_of']}"
    rules: dict[str, list[tuple[re.Pattern[str], _providers.Provider, str]]] = {}
    for row in table["rule"]:
        for suffix in row["suffixes"]:
            rules.setdefault(suffix, []).append((_compiled(row["before"]), providers[row["provider"]], row.get("region", "")))

    def ask(question: Question) -> Claim | None:
        told = (_region(name, question.asn, rules) for name in (*question.names, *question.cname_chain))
        return next(
            (Claim(source, country, "medium", provider, detail=region) for found in told if found for country, provider, region in [found]), None
        )

    return ask


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"hostname_regions.toml: {pattern!r}: {error}") from error


def _region(name: str, asn: int, rules: dict[str, list[tuple[re.Pattern[str], _providers.Provider, str]]]) -> tuple[str, str, str] | None:
    suffix = next((end for end in _suffix.ends(name) if end in rules), None)
    if suffix is None:
        return None
    before = name[: -len(suffix)].rstrip(".")
    for pattern, provider, fixed in rules[suffix]:
        match = pattern.search(before) if asn in provider.asns else None
        region = match and (fixed or match["region"])
        if region and region in provider.regions:
            return provider.regions[region], provider.name, f"{provider.name} {region}"
    return None
