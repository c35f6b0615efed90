"""A country or city database that the user added (GeoLite2, GeoIP2 …): one more opinion, under its own licence. Nothing is said without one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _country_database, _folder

RUNG = "database"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Opens `user/country.mmdb` if it is there. Raises ValueError when it is no GeoIP2 country or city database."""
    path = _folder.file(folder, "user/country.mmdb")
    if not path.is_file():
        return lambda _: None
    kind = _country_database.opened(path).metadata().database_type
    return _country_database.load(path, kind.lower().replace(" ", "-"))
