"""IPFire Location Database: the second opinion. CC BY-SA 4.0 (https://location.ipfire.org/), kept apart from the other data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _country_database, _folder

RUNG = "database"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Opens `second-opinion/ipfire-country.mmdb`. Raises ValueError when it is no GeoIP2 country database."""
    return _country_database.load(_folder.file(folder, "second-opinion/ipfire-country.mmdb"), "ipfire")
