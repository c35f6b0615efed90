"""Seat of who runs the service behind a name: curated, by domain. A domain that a cloud rents out says nothing about its tenants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gdsi_audit.geo import Claim, Question, _organisations, _suffix

RUNG = "service-operator"


def load(folder: Path) -> Callable[[Question], Claim | None]:
    """Reads `tables/organisations.toml`. Raises ValueError when it is malformed. A claim has an AS where the organisation's own holds the address."""
    table = _organisations.read(folder)
    by_network = {(claim.organisation, asn): replace(claim, asn=asn) for asn, claim in table.by_asn.items()}

    def ask(question: Question) -> Claim | None:
        claim = _suffix.find(question.names[0], table.by_domain) if question.names else None
        return by_network.get((claim.organisation, question.asn), claim) if claim else None

    return ask
