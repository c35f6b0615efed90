"""Seat of who runs the service behind a name: curated, by domain. A domain that a cloud rents out says nothing about its tenants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _organisations, _suffix

RUNG = "service-operator"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `tables/organisations.toml`. Raises ValueError when it is malformed."""
    by_domain = _organisations.read(folder).by_domain
    return lambda question: _suffix.find(question.names[0], by_domain) if question.names else None
