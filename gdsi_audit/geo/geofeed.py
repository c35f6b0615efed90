"""Geofeeds (RFC 8805) that the user added: where networks themselves say that their prefixes are. Declared, not measured; nothing without one.

`geofeed/prefixes.csv.gz` holds `prefix,country`; the edition is in its first line as a comment.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _folder
from gdsi_audit.geo._prefix_table import PrefixTable

RUNG = "database"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `geofeed/prefixes.csv.gz` if it is there. Raises ValueError when it is malformed."""
    path = _folder.file(folder, "geofeed/prefixes.csv.gz")
    if not path.is_file():
        return lambda _: None
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        edition = stream.readline().removeprefix("#").strip()
        table = PrefixTable.of((row[0], Claim(f"geofeed {edition}", row[1], detail="declared by the network")) for row in csv.reader(stream))
    return lambda question: table.find(question.number)
