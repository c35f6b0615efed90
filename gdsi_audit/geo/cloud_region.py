"""The providers' own lists of prefixes by region: those that came with this package, or newer ones that the user fetched.

`cloud/prefixes.csv.gz` holds `prefix,provider,region,services`, one row per prefix; its first line is a comment with the editions,
`# aws=2026-08-22-05-13-06 gcp=…`. A list that names no outposts of its regions (AWS local zones) may put a prefix in Lagos under Cape Town: the
outposts' countries stay possible. An address in a provider's network that its list leaves out gets a claim without a country, which says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _cloud_prefixes, _folder, _providers
from gdsi_audit.geo._prefix_table import PrefixTable
from gdsi_audit.geo._providers import Provider

RUNG = "cloud-region"
EVERYWHERE = frozenset({"CLOUDFRONT", "GLOBALACCELERATOR", "ROUTE53", "AZUREFRONTDOOR", "AZURETRAFFICMANAGER", "GLOBAL"})
"""Services on the edge: they outrank the region that the same prefix is listed under."""

Row = tuple[str, str, str]
"""Provider, region and services, as every row has them behind its prefix."""


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `cloud/prefixes.csv.gz` if it is there. Raises ValueError when it is malformed."""
    path = _folder.file(folder, _cloud_prefixes.LISTS)
    if not path.is_file():
        return lambda _: None
    providers, _ = _providers.read(folder)
    try:
        stored = _cloud_prefixes.read(path)
        rows = [_row(rest, providers) for rest in stored.rows]
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    editions, listed = _Editions(stored.title), {name: providers[name] for name, _, _ in rows}
    table = PrefixTable(stored.flat, [None, *_claims(rows, editions, providers)])
    spread = PrefixTable.of((prefix, _spread(provider)) for provider in listed.values() for prefix in provider.spread)
    unlisted = {asn: _unlisted(provider, editions.source(name)) for name, provider in sorted(listed.items()) for asn in provider.asns}
    return lambda question: table.find(question.number) or spread.find(question.number) or unlisted.get(question.asn)


class _Editions:
    """Of each provider's list, from the title."""

    def __init__(self, title: str) -> None:
        self._whole = title.removeprefix("#").strip()
        self._each = dict(word.split("=", 1) for word in self._whole.split() if "=" in word)

    def source(self, provider: str) -> str:
        return f"{provider} list {self._each.get(provider, self._whole)}"


def _row(rest: str, providers: dict[str, Provider]) -> Row:
    parts = rest.split(",")
    if len(parts) != 3 or parts[0] not in providers:
        raise ValueError(f"{rest!r} is not provider,region,services of a known provider")
    return parts[0], parts[1], parts[2]


def _claims(rows: list[Row], editions: _Editions, providers: dict[str, Provider]) -> list[Claim | None]:
    """What each row says of its prefixes; of a region that is not known nothing."""
    telling = {provider for provider, region, _ in rows if providers[provider].is_outpost(region)}
    return [
        _claim(providers[name], region, services, editions.source(name), () if name in telling else providers[name].outposts(region))
        for name, region, services in rows
    ]


def _claim(provider: Provider, region: str, services: str, source: str, elsewhere: tuple[str, ...]) -> Claim | None:
    if region.upper() == "GLOBAL" or EVERYWHERE.intersection(services.upper().split()):
        return Claim(source, confidence="high", organisation=provider.name, detail=f"edge service of {provider.name}", multi_location=True)
    country = provider.country(region)
    return Claim(source, country, "high", provider.name, detail=f"{provider.name} {region}", elsewhere=elsewhere) if country else None


def _spread(provider: Provider) -> Claim:
    detail = f"routers and interconnects of many regions of {provider.name}"
    return Claim("cloud regions", confidence="high", organisation=provider.name, detail=detail, multi_location=True)


def _unlisted(provider: Provider, source: str) -> Claim:
    return Claim(source, organisation=provider.name, detail=f"in a network of {provider.name}, but not on its list")
