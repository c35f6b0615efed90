"""Platforms that strangers share: a name or network of theirs tells who runs the machines, not whose service runs on them.

The Public Suffix List has the platforms that asked for it; the curated tables have those that did not, and the networks.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from gdsi_audit.geo import _folder, _providers, _table
from gdsi_audit.naming import names


def covers_tenants(pattern: str) -> bool:
    """Whether `pattern` is a wildcard over a platform whose names below it, or further below, are strangers' to each other."""
    if not pattern.startswith("*."):
        return False
    return names.is_shared_suffix(pattern) or pattern[2:] in _rented_names()


def network_operator(asn: int) -> str:
    """Who rents this network out to tenants; empty: nobody is known to."""
    return _rented_networks().get(asn, "")


@cache
def _rented_names() -> frozenset[str]:
    """Domains that are rented out, and those above them."""
    rented = [domain.split(".") for row in _organisations() for domain in row.get("shared_domains", ())]
    above = {".".join(labels[start:]) for labels in rented for start in range(len(labels) - 1)}
    return frozenset(domain for domain in above if not names.is_public_suffix(domain))


@cache
def _rented_networks() -> dict[int, str]:
    """By number: the clouds whose regions are listed, and organisations that rent out names."""
    providers, _ = _providers.read(_folder.embedded())
    clouds = {asn: provider.name for provider in providers.values() for asn in provider.asns}
    return clouds | {asn: row["name"] for row in _organisations() if row.get("shared_domains") for asn in row.get("asns", ())}


def _organisations() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _table.read(_folder.embedded(), "organisations")["organisation"]
    return rows
