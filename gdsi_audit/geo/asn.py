"""The autonomous system that announces an address, and the country it is registered in. Registration is not location."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import maxminddb
import numpy as np

from gdsi_audit.geo import Claim, Question, _folder
from gdsi_audit.geo._country_database import normalised

RUNG = "network"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Opens `as/asn.mmdb` and `as/registration.npy`. Raises ValueError when one of them is malformed."""
    try:
        reader = maxminddb.open_database(_folder.file(folder, "as/asn.mmdb"))
    except maxminddb.InvalidDatabaseError as error:
        raise ValueError(f"asn.mmdb: not an MMDB database ({error})") from error
    edition = datetime.fromtimestamp(reader.metadata().build_epoch, UTC).date().isoformat()
    registered_in = registration(_folder.file(folder, "as/registration.npy"))
    claims: dict[int, Claim] = {}

    def ask(question: Question) -> Claim | None:
        record = reader.get(question.address)
        number = record.get("autonomous_system_number") if isinstance(record, dict) else None
        if not isinstance(number, int):
            return None
        if number not in claims:
            holder = record.get("autonomous_system_organization", "") if isinstance(record, dict) else ""
            claims[number] = Claim(f"AS registration {edition}", registered_in(number), "high", str(holder), number)
        return claims[number]

    return ask


def registration(path: Path) -> Callable[[int], str]:
    """Tells the country of registration by AS number, from rows `asn, country` that ascend by number. Raises ValueError when it is no such table."""
    try:
        table = np.load(path, allow_pickle=False)
        numbers, countries = np.ascontiguousarray(table["asn"], np.uint32), table["country"]
    except (IndexError, EOFError, ValueError) as error:
        raise ValueError(f"{path.name}: not a table of AS numbers and countries ({error})") from error
    if np.any(numbers[1:] <= numbers[:-1]):
        raise ValueError(f"{path.name}: AS numbers do not ascend")
    searched = numbers.data

    def country(number: int) -> str:
        row = bisect_left(searched, number)
        return normalised(countries[row].decode("ascii", "replace")) if row < len(searched) and searched[row] == number else ""

    return country
