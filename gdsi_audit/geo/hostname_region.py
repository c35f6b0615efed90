"""A cloud region told by the endpoint's name: `s3.eu-central-1.amazonaws.com`. Counts only where the address is in that cloud's own network."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from gdsi_audit.geo import ANY_NETWORK, Claim, Question, _providers, _suffix, _table

RUNG = "host-name-region"

Rule = tuple[re.Pattern[str], _providers.Provider, str]
"""What must stand before the suffix, with a group `region`; the provider; the region, where the rule is for one only."""


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `tables/hostname_regions.toml` and `tables/cloud_regions.toml`. Raises ValueError when one is malformed."""
    table = _table.read(folder, "hostname_regions")
    providers, _ = _providers.read(folder)
    source = f"host-name regions {table['as_of']}"
    rules: dict[str, list[Rule]] = {}
    for row in table["rule"]:
        for suffix in row["suffixes"]:
            rules.setdefault(suffix, []).append((_compiled(row["before"]), providers[row["provider"]], row.get("region", "")))

    def ask(question: Question) -> Claim | None:
        claims = (_claim(name, question.asn, rules, source) for name in (*question.names, *question.cname_chain))
        return next(filter(None, claims), None)

    return ask


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"hostname_regions.toml: {pattern!r}: {error}") from error


def _claim(name: str, asn: int, rules: dict[str, list[Rule]], source: str) -> Claim | None:
    suffix = _suffix.longest(name, rules)
    before = name[: -len(suffix)].rstrip(".")
    for pattern, provider, fixed in rules.get(suffix, ()):
        told = [fixed or match["region"] for match in pattern.finditer(before)] if asn in (*provider.asns, ANY_NETWORK) else []
        if told and told[-1] in provider.regions:
            return _said(source, provider.regions[told[-1]], provider.name, told[-1])
    return None


@lru_cache(maxsize=1024)
def _said(source: str, country: str, provider: str, region: str) -> Claim:
    """One object for one claim, however often it is made."""
    return Claim(source, country, "medium", provider, detail=f"{provider} {region}")
