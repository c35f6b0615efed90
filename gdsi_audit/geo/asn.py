"""The autonomous system that announces an address, and the country it is registered in. Registration is not location."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import maxminddb

from gdsi_audit.geo import Claim, Question, _folder
from gdsi_audit.geo._country_database import normalised

RUNG = "network"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Opens `as/asn.mmdb` and `as/asn-table.csv.gz`. Raises ValueError when one of them is malformed."""
    try:
        reader = maxminddb.open_database(_folder.file(folder, "as/asn.mmdb"))
    except maxminddb.InvalidDatabaseError as error:
        raise ValueError(f"asn.mmdb: not an MMDB database ({error})") from error
    edition = datetime.fromtimestamp(reader.metadata().build_epoch, UTC).date().isoformat()
    countries = registration(_folder.file(folder, "as/asn-table.csv.gz"))
    claims: dict[int, Claim] = {}

    def ask(question: Question) -> Claim | None:
        record = reader.get(question.address)
        number = record.get("autonomous_system_number") if isinstance(record, dict) else None
        if not isinstance(number, int):
            return None
        if number not in claims:
            holder = record.get("autonomous_system_organization", "") if isinstance(record, dict) else ""
            claims[number] = Claim(f"AS registration {edition}", countries.get(number, ""), "high", str(holder), number)
        return claims[number]

    return ask


def registration(path: Path) -> dict[int, str]:
    """Country of registration by AS number. Raises ValueError when a row does not begin with a number."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        next(rows, None)
        return {int(row[0]): code for row in rows if len(row) > 1 and (code := normalised(row[1]))}
