"""Whose a name is, as far as the curated tables say: an organisation of its own, or somebody who carries content for others.

What carries content is told by its role: a domain that is rented out, a service that steers many names to its edges, a private suffix.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gdsi_audit.geo import _folder, _organisations, _suffix, _table
from gdsi_audit.naming import names

CARRYING_CATEGORIES = frozenset({"cdn", "hosting"})
_CARRYING_WORDS = re.compile(
    r"(?:^|[-.0-9])(?:cdns?|content|edges?|cache|static|host(?:ing|ed)?|clouds?|lb|elb|gslb|dns|vps|servers?|compute|storage|waf|ddos|proxy|front|anycast|"
    r"delivery|balancer|dyndns|ddns)(?:$|[-.0-9])|cdn|hosting|hosted|cloud|cache|gslb|dns"
)
"""In a registered name of which nothing is curated: words of those who carry content for others."""


class Owner(NamedTuple):
    """Who is behind a name."""

    organisation: str
    """Empty: nobody has written it down."""
    carries: bool
    """It carries content for others: a content network, a cloud, a host."""
    source: str
    """Which table says so."""


@lru_cache(maxsize=65_536)
def owner(name: str, geodb: Path | None = None) -> Owner:
    """Of a name in lower case, from the tables in `geodb`; what that folder lacks, or all with None, is embedded."""
    tables = _tables(geodb or _folder.embedded())
    if _suffix.find(name, tables.steered) or (
        _suffix.longest(name, tables.claimed) and tables.claimed[_suffix.longest(name, tables.claimed)] is None
    ):
        return Owner("", True, "curated content networks and clouds")
    domain = names.registered_domain(name)
    if names.is_shared_suffix(f"*.{domain}") or names.is_shared_suffix(f"*.{domain.partition('.')[2]}"):
        return Owner("", True, "public suffix list")
    found = _suffix.longest(name, tables.claimed)
    if found:
        return Owner(str(tables.claimed[found]), False, "curated organisations")
    entity = _suffix.find(name, tables.entities)
    if entity is not None:
        return Owner(entity[0], entity[1] in CARRYING_CATEGORIES, f"third-party-web, {entity[1]}")
    return Owner("", bool(_CARRYING_WORDS.search(domain.partition(".")[0])), "its registered name")


class Tables(NamedTuple):
    """Names by their ends."""

    steered: dict[str, bool]
    """Services that answer from many places."""
    claimed: dict[str, str | None]
    """Organisation by domain; None: rented out."""
    entities: dict[str, tuple[str, str]]
    """(company, category) by domain."""


@lru_cache(maxsize=4)
def _tables(folder: Path) -> Tables:
    steered = {suffix: True for row in _table.read(folder, "multi_location")["name"] for suffix in row["suffixes"]}
    organisations = _organisations.read(folder).by_domain
    claimed = {domain: claim.organisation if claim is not None else None for domain, claim in organisations.items()}
    listed = json.loads(gzip.decompress(_folder.file(folder, "entities/third-party-web.json.gz").read_bytes()))
    entities = {domain.removeprefix("*."): (each["name"], each["category"]) for each in listed for domain in each["domains"]}
    return Tables(steered, claimed, entities)


def akin(name: str, other: str, geodb: Path | None = None) -> bool:
    """Whether two names plainly belong together: one registered domain, one organisation, or a registered name that contains the other's."""
    one, two = (names.registered_domain(each) for each in (name, other))
    if one == two:
        return True
    known, also = owner(name, geodb).organisation, owner(other, geodb).organisation
    if known and known == also:
        return True
    stems = sorted((each.partition(".")[0] for each in (one, two)), key=len)
    return len(stems[0]) >= 4 and stems[0] in stems[1]
