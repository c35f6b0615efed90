"""DB-IP Lite: location by country. CC BY 4.0, IP Geolocation by DB-IP (https://db-ip.com)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _country_database, _folder

RUNG = "database"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Opens `location/country.mmdb`. Raises ValueError when it is no GeoIP2 country database."""
    return _country_database.load(_folder.file(folder, "location/country.mmdb"), "dbip")
