"""A country database of ip-location-db (https://github.com/sapics/ip-location-db) that the user fetched: one more opinion. Nothing without one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _country_database, _folder

RUNG = "database"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Opens `user/ip-location-db.mmdb` if it is there. Raises ValueError when it is no country database."""
    path = _folder.file(folder, "user/ip-location-db.mmdb")
    return _country_database.load(path, "ip-location-db") if path.is_file() else lambda _: None
