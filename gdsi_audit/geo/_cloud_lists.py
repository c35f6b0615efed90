"""The providers' own lists of prefixes, each in its provider's form, as rows of `cloud/prefixes.csv.gz`: prefix,provider,region,services."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from gdsi_audit.geo._prefix_table import PrefixTable, span

Row = tuple[str, str, str]
"""Prefix, region, service."""

ANYCAST, FASTLY, CLOUDFLARE = "anycast", "fastly", "cloudflare"
OF_CLOUDFLARE = frozenset({"173.245.48.0/20", "2400:cb00::/32"})
"""Prefixes that are on Cloudflare's list for IPv4, and on the one for IPv6: nothing else tells them from other lists of bare prefixes."""
PROBES = 2000


@dataclass(frozen=True, slots=True)
class Listed:
    """One provider's list."""

    provider: str
    edition: str
    """As the provider dates it."""
    rows: dict[str, tuple[str, str]]
    """Region and services, joined by spaces, by prefix."""


def read(text: str) -> Listed | None:
    """Recognises a list by its form; None: it is none. Bare prefixes are Cloudflare's, or a census of anycast.

    Raises ValueError when it is a list and malformed.
    """
    if text.lstrip().startswith("{"):
        try:
            return _of_json(json.loads(text))
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"a provider's list that is malformed: {error!r}") from error
    lines = text.split()
    if lines and all("/" in line and "," not in line for line in lines):
        provider = ANYCAST if OF_CLOUDFLARE.isdisjoint(lines) else CLOUDFLARE
        return _listed(provider, "", ((prefix, "GLOBAL", "CDN") for prefix in lines))
    return None


def _of_json(whole: Any) -> Listed:
    for key, provider, edition, rows in FORMS:
        if key in whole:
            return _listed(provider, str(whole.get(edition, "")), rows(whole))
    raise ValueError("JSON, but no provider's list of prefixes that is known here")


def _aws(whole: Any) -> Iterator[Row]:
    """The network border group says where a prefix is; the region only to whom it belongs."""
    for each in whole["prefixes"]:
        yield each["ip_prefix"], each["network_border_group"], each["service"]
    for each in whole["ipv6_prefixes"]:
        yield each["ipv6_prefix"], each["network_border_group"], each["service"]


def _gcp(whole: Any) -> Iterator[Row]:
    for each in whole["prefixes"]:
        yield each.get("ipv4Prefix") or each["ipv6Prefix"], each["scope"], each["service"].replace(" ", "")


def _azure(whole: Any) -> Iterator[Row]:
    """Regions from the tags of the whole cloud; edge services from their own."""
    for each in whole["values"]:
        service, _, _ = each["name"].partition(".")
        region = each["properties"].get("region", "")
        if (service == "AzureCloud" and region) or service in ("AzureFrontDoor", "AzureTrafficManager"):
            yield from ((prefix, region or "GLOBAL", service) for prefix in each["properties"]["addressPrefixes"])


def _oracle(whole: Any) -> Iterator[Row]:
    for each in whole["regions"]:
        yield from ((block["cidr"], each["region"], "OCI") for block in each["cidrs"])


def _fastly(whole: Any) -> Iterator[Row]:
    yield from ((prefix, "GLOBAL", "CDN") for prefix in (*whole["addresses"], *whole["ipv6_addresses"]))


FORMS: tuple[tuple[str, str, str, Callable[[Any], Iterator[Row]]], ...] = (
    ("ipv6_prefixes", "aws", "createDate", _aws),
    ("prefixes", "gcp", "creationTime", _gcp),
    ("values", "azure", "changeNumber", _azure),
    ("regions", "oracle", "last_updated_timestamp", _oracle),
    ("ipv6_addresses", FASTLY, "", _fastly),
)
"""A key that only this form has, the provider, the key of its edition, and its rows."""


def _listed(provider: str, edition: str, rows: Iterable[Row]) -> Listed:
    """Services of one prefix together; the more particular of two regions of one prefix stays."""
    merged: dict[str, tuple[str, set[str]]] = {}
    for prefix, region, service in rows:
        canonical = str(ip_network(prefix))
        before, services = merged.get(canonical, (region, set()))
        chosen = region if before.upper() == "GLOBAL" else before
        merged[canonical] = (chosen, services | {"".join(character for character in service if character.isalnum() or character == "_")})
    if not merged:
        raise ValueError(f"a list of {provider} without prefixes")
    return Listed(provider, edition, {prefix: (region, " ".join(sorted(services))) for prefix, (region, services) in sorted(merged.items())})


def merged(existing: str, listed: Listed) -> tuple[str, int]:
    """(the stored text with this provider's rows replaced, its number of rows). The first line carries every provider's edition."""
    head, *lines = existing.splitlines() or ["#"]
    editions = dict(word.split("=", 1) for word in head.removeprefix("#").split() if "=" in word) | {listed.provider: listed.edition or "undated"}
    kept = [line for line in lines if line.split(",")[1] != listed.provider]
    kept += [f"{prefix},{listed.provider},{region},{services}" for prefix, (region, services) in listed.rows.items()]
    title = "# " + " ".join(f"{provider}={edition.replace(' ', '_')}" for provider, edition in sorted(editions.items()))
    return "\n".join((title, *sorted(kept))) + "\n", len(kept)


def likeness(new: str, old: str) -> tuple[float, float]:
    """(share of the old text's prefixes that their provider still lists, share of those that are still in the same region): of the worst provider.

    Asked of at most PROBES prefixes of each.
    """
    table = PrefixTable.of(_places(new))
    before: dict[str, list[tuple[str, str]]] = {}
    for prefix, (provider, region) in _places(old):
        before.setdefault(provider, []).append((prefix, region))
    shares = [_likeness(provider, rows[:: len(rows) // PROBES + 1], table) for provider, rows in before.items()]
    return min((kept for kept, _ in shares), default=1.0), min((same for _, same in shares), default=1.0)


def _likeness(provider: str, rows: list[tuple[str, str]], table: PrefixTable[tuple[str, str]]) -> tuple[float, float]:
    found = [(region, table.find(span(prefix)[0] >> 8)) for prefix, region in rows]
    kept = [(region, now[1]) for region, now in found if now and now[0] == provider]
    return len(kept) / len(rows), sum(_is_same(then, now) for then, now in kept) / len(kept) if kept else 1.0


def _places(text: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """(prefix, (provider, region)) of each row."""
    for line in text.splitlines()[1:]:
        prefix, provider, region, _ = line.split(",")
        yield prefix, (provider, region)


def _is_same(one: str, other: str) -> bool:
    """Whether two regions are one, or one is an outpost of the other, or either is everywhere."""
    return "GLOBAL" in (one.upper(), other.upper()) or f"{one}-".startswith(f"{other}-") or f"{other}-".startswith(f"{one}-")
