"""Stage 5: who says that an address is where. Four answers, never one bare country.

Every public file on this shelf is one source; `place` asks them all and climbs the ladder of the design.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What one or more sources say for one of the four fields."""

    country: str = ""
    """ISO 3166-1 alpha-2; empty: unknown. Never a guess made from another field."""
    sources: tuple[str, ...] = ()
    """Names of the sources that say so, with edition: `dbip 2026-06-01`."""
    confidence: str = "unknown"
    """unknown, low, medium, high."""
    candidates: tuple[str, ...] = ()
    """Every country named by any source, sorted, where they disagree; else empty."""


UNKNOWN = Answer()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is, as far as anyone says."""

    located_in: Answer = UNKNOWN
    registered_in: Answer = UNKNOWN
    hosted_by: Answer = UNKNOWN
    """Seat of the network or cloud operator."""
    operated_by: Answer = UNKNOWN
    """Seat of who runs the service behind the name: only from the curated table."""
    asn: int = 0
    organisation: str = ""
    """Holder of the AS, or the curated operator."""
    multi_location: bool = False
    """Anycast or an edge network: no single country can be named."""
    special: str = ""
    """IANA special purpose: private, loopback, link-local, multicast, documentation, shared, reserved …; empty: global unicast."""
    refuted: tuple[str, ...] = ()
    """Countries struck out by round-trip time, each with the time and the frames that do it."""
    reason: str = ""
    """The rung of the ladder that decided, in words."""
