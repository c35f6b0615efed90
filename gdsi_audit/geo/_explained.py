"""What `gdsi-audit geodb` prints: the data in force, and how one place was decided."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import maxminddb

from gdsi_audit.geo import Answer, Claim, Place
from gdsi_audit.geo._age import WARN_DAYS
from gdsi_audit.geo._places import Places

MOST_GEOLITE_DAYS = 30
FIELDS = ("located_in", "registered_in", "hosted_by", "operated_by")


def info(places: Places, today: date) -> list[dict[str, Any]]:
    """Rows of `geodb info`: the editions with their age, and last the folder and how MMDB files are read (pure Python is 16 times slower)."""
    compiled = "maxminddb.extension" in sys.modules
    reader = {"name": "maxminddb", "edition": maxminddb.__version__, "transform": "compiled reader" if compiled else "pure Python reader"}
    aged = [{**row, **_age_on(row, today)} for row in places.editions()]
    return [*aged, reader | {"path": str(places.folder)}]


def warnings(rows: Sequence[Mapping[str, Any]], today: date) -> Iterator[str]:
    """What the user should do about old files among the rows of `info`."""
    for row in rows:
        age_days = _age_on(row, today).get("age_days", 0)
        path = str(row.get("path", ""))
        if "GeoLite2" in str(row.get("licence", "")) and age_days > MOST_GEOLITE_DAYS:
            yield f"{path}: {age_days} days old; its licence asks to delete it within 30 days of a newer release: geodb update --source maxmind"
        elif age_days > WARN_DAYS and path.endswith((".mmdb", "prefixes.csv.gz")):
            remedy = "comes newer with the next release" if path.startswith("second-opinion/") else "gdsi-audit geodb update brings a newer one"
            yield f"{path}: {age_days} days old; {remedy}"


def _age_on(row: Mapping[str, Any], today: date) -> dict[str, int]:
    """Nothing where the edition is not a day."""
    try:
        return {"age_days": (today - date.fromisoformat(str(row.get("edition", "")))).days}
    except ValueError:
        return {}


def lookup(places: Places, text: str, names: Sequence[str] = ()) -> list[str]:
    """Lines of `geodb lookup ADDRESS|NAME`: every claim by rung, then what the ladder makes of them.

    A name is not resolved, for that would take a network: only what the name itself gives away is printed.
    """
    try:
        claims = places.claims(text, names)
    except ValueError:
        return _of_name(places, text)
    said = [f"{rung}: {_claim(claim)}" for rung, each in claims.items() for claim in each]
    return [*said, *_decided(places.place(text, names))]


def _of_name(places: Places, name: str) -> list[str]:
    known = {rung: claims for rung, claims in places.named(name).items() if claims}
    if not known:
        return [f"nothing is known of the name {name}"]
    said = [f"{rung}: {_claim(claim)}" for rung, each in known.items() for claim in each]
    condition = "; region and edge count only for an address in that operator's network" if len(known) > ("service-operator" in known) else ""
    return [*said, f"the name was not resolved: look up an address for where it is{condition}"]


def _decided(place: Place) -> list[str]:
    answers = [f"{field}: {_answer(getattr(place, field))}" for field in FIELDS]
    return [*answers, f"organisation: {place.organisation or 'unknown'}", f"decided by: {place.reason}"]


def _claim(claim: Claim) -> str:
    network = f"AS{claim.asn}" if claim.asn else ""
    return ", ".join(filter(None, (claim.country, network, claim.organisation, claim.detail))) + f" ({claim.source})"


def _answer(answer: Answer) -> str:
    word = answer.country or ("one of " + ", ".join(answer.candidates) if answer.candidates else "unknown")
    return f"{word}, confidence {answer.confidence}" + (f" ({'; '.join(answer.sources)})" if answer.sources else "")
