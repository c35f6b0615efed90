"""The providers' own lists of prefixes by region, where a user has fetched them. Nothing is said without them.

`cloud/prefixes.csv.gz` holds `prefix,provider,region,services`, one row per published prefix; its first line is a comment with the
editions, `# aws=2026-08-22-05-13-06 gcp=…`.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _folder, _providers
from gdsi_audit.geo._prefix_table import PrefixTable

RUNG = "cloud-region"
EVERYWHERE = frozenset({"CLOUDFRONT", "GLOBALACCELERATOR", "ROUTE53", "AZUREFRONTDOOR", "AZURETRAFFICMANAGER", "GLOBAL"})
"""Services on the edge: they outrank the region that the same prefix is listed under."""


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `cloud/prefixes.csv.gz` if it is there. Raises ValueError when it is malformed."""
    path = _folder.file(folder, "cloud/prefixes.csv.gz")
    if not path.is_file():
        return _silent
    providers, _ = _providers.read(folder)
    table = PrefixTable(_claims(path, providers))
    return lambda question: table.find(question.number)


def _silent(_: Question) -> Claim | None:
    return None


def _claims(path: Path, providers: dict[str, _providers.Provider]) -> Iterator[tuple[str, Claim | None]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        title = stream.readline().removeprefix("#").strip()
        editions = dict(word.split("=", 1) for word in title.split() if "=" in word)
        for row in csv.reader(stream):
            if len(row) != 4 or row[1] not in providers:
                raise ValueError(f"{path.name}: {','.join(row)!r} is not prefix,provider,region,services of a known provider")
            prefix, provider, region, services = row
            yield prefix, _claim(providers[provider], region, services, f"{provider} list {editions.get(provider, title)}")


def _claim(provider: _providers.Provider, region: str, services: str, source: str) -> Claim | None:
    if region.upper() == "GLOBAL" or EVERYWHERE.intersection(services.upper().split()):
        return Claim(source, confidence="high", organisation=provider.name, detail=f"edge service of {provider.name}", multi_location=True)
    country = provider.regions.get(region, "")
    return Claim(source, country, "high", provider.name, detail=f"{provider.name} {region}") if country else None
