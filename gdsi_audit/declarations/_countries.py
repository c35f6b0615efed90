"""ISO 3166-1 countries and the groups of countries that a declaration may name."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import iso3166

from gdsi_audit.geo import _folder

MOST_COUNTRIES = 150
"""A list longer than this allows nearly everything: it is reported as over-broad."""

EVERYDAY_WORDS = {"UK": "GB", "EL": "GR", "USA": "US", "AFRICANUNION": "AFRICAN-UNION", "FVEY": "FIVE-EYES", "5EYES": "FIVE-EYES"}


@dataclass(frozen=True, slots=True)
class Group:
    """A bloc of geodb/tables/blocs.toml."""

    name: str
    countries: frozenset[str]
    """Members and their territories."""
    as_of: str
    condition: str
    conditions: Mapping[str, str]
    """Country to what has to hold beside its membership."""


def is_country(word: str) -> bool:
    """Whether `word` is an ISO 3166-1 alpha-2 code, in capitals. XK, user-assigned and in common use for Kosovo, counts."""
    return word in iso3166.countries_by_alpha2


@cache
def groups(folder: Path | None = None) -> Mapping[str, Group]:
    """All groups by their word. Raises ValueError for a table that names a country twice or an unknown one, FileNotFoundError without a table."""
    text = ((folder or _folder.embedded()) / "tables" / "blocs.toml").read_text(encoding="utf-8")
    return {word: _group(word, table) for word, table in tomllib.loads(text).items()}


def expand(words: Iterable[str]) -> frozenset[str]:
    """The countries of `words`. Raises ValueError naming the nearest word for one that is neither a country nor a group."""
    return frozenset(country for word in words for country in _countries_of(word))


def nearest(word: str, *, with_groups: bool) -> str:
    """The word that was probably meant: by everyday use, by the country's English name, by spelling. Empty: none is near."""
    folded = word[:60].strip().upper()
    words = sorted(iso3166.countries_by_alpha2) + (sorted(groups()) if with_groups else [])
    meant = EVERYDAY_WORDS.get(folded.replace(" ", "").replace("-", ""), folded)
    if meant in words:
        return meant
    by_name = {country.apolitical_name.upper(): country.alpha2 for country in iso3166.countries_by_alpha2.values()}
    by_name |= {country.alpha3: country.alpha2 for country in iso3166.countries_by_alpha2.values()}
    near = difflib.get_close_matches(folded, [*by_name, *words], n=1, cutoff=0.6)
    return by_name.get(near[0], near[0]) if near else ""


def _group(word: str, table: Mapping[str, object]) -> Group:
    members, territories, conditions = (table.get(key, default) for key, default in (("members", []), ("territories", []), ("conditions", {})))
    assert isinstance(members, list) and isinstance(territories, list) and isinstance(conditions, dict)
    countries = [*members, *territories]
    wrong = [country for country in countries if not is_country(country)]
    if wrong or len(set(countries)) != len(countries) or is_country(word):
        raise ValueError(f"blocs.toml: [{word}] holds {wrong or 'a country twice'}, or its word is a country's code")
    return Group(str(table["name"]), frozenset(countries), str(table["as_of"]), str(table.get("condition", "")), conditions)


def _countries_of(word: str) -> frozenset[str]:
    if is_country(word):
        return frozenset({word})
    if word in groups():
        return groups()[word].countries
    near = nearest(word, with_groups=True)
    raise ValueError(f'unknown country or group "{word[:60]}"' + (f'; did you mean "{near}"?' if near else ""))
