"""Seat of who runs the network or cloud that an address is in: curated, by AS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _organisations

RUNG = "network-operator"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `tables/organisations.toml`. Raises ValueError when it is malformed."""
    by_asn = _organisations.read(folder).by_asn
    return lambda question: by_asn.get(question.asn)
