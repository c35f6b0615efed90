"""The autonomous system that announces an address, and the country it is registered in. Registration is not location."""

from __future__ import annotations

import gzip
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
    """Opens `as/asn.mmdb` and `as/asn-table.csv.gz`. Raises ValueError when one of them is malformed."""
    try:
        reader = maxminddb.open_database(_folder.file(folder, "as/asn.mmdb"))
    except maxminddb.InvalidDatabaseError as error:
        raise ValueError(f"asn.mmdb: not an MMDB database ({error})") from error
    edition = datetime.fromtimestamp(reader.metadata().build_epoch, UTC).date().isoformat()
    registered_in = registration(_folder.file(folder, "as/asn-table.csv.gz"))
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
    """Tells the country of registration by AS number. Raises ValueError when a row does not begin with a number; rows ascend by it.

    The table is searched as it stands: an audit meets a few hundred of its 91,000 rows.
    """
    with gzip.open(path, "rb") as stream:
        table = stream.read().replace(b"\r", b"").partition(b"\n")[2].rstrip(b"\n")
    letters = np.frombuffer(table, np.uint8)
    starts = np.concatenate(([0], np.flatnonzero(letters == ord("\n")) + 1)) if table else np.empty(0, np.int64)
    if np.any((letters[starts] < ord("0")) | (letters[starts] > ord("9"))):
        raise ValueError(f"{path.name}: a row does not begin with an AS number")

    def number_of(row: int) -> int:
        return int(table[starts[row] : table.index(b",", starts[row])])

    def country(number: int) -> str:
        row = bisect_left(range(len(starts)), number, key=number_of)
        if row == len(starts) or number_of(row) != number:
            return ""
        code = table.index(b",", starts[row]) + 1
        return normalised(table[code : code + 3].partition(b",")[0].decode("ascii", "replace"))

    return country
