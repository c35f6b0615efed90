"""Companies behind web domains, by third-party-web (MIT). Names only: the list knows no seats."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _folder, _suffix

RUNG = "service-operator"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `entities/third-party-web.json.gz` when first asked about a name. Raises ValueError when it is malformed."""
    path = _folder.file(folder, "entities/third-party-web.json.gz")
    table: dict[str, Claim] = {}

    def ask(question: Question) -> Claim | None:
        if question.names and not table:
            table.update(_domains(path))
        return _suffix.find(question.names[0], table) if question.names else None

    return ask


def _domains(path: Path) -> dict[str, Claim]:
    entities = json.loads(gzip.decompress(path.read_bytes()))
    return {domain.removeprefix("*."): Claim("third-party-web", organisation=each["name"]) for each in entities for domain in each["domains"]}
