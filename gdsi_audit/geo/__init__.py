"""Stage 5: who says that an address is where. Four answers, never one bare country.

Every public file on this shelf is one source: a module with `RUNG` and `load`. `_places.Places` asks them all and climbs the ladder
of the design. What one source says is a `Claim`; only the ladder makes a `Place` of claims.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol


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
    """Every country named by any source, sorted, where they disagree or only one speaks and `country` is left empty; else empty."""


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


ANY_NETWORK = -1
"""The `asn` of a question about a name alone: as if the address were in whatever network the name belongs to."""


class Question(NamedTuple):
    """One address as every source is asked about it."""

    address: str
    """Canonical text, embedded IPv4 taken out of IPv6 (mapped, 6to4, Teredo, NAT64)."""
    number: int
    """The address as an integer; IPv4 in its mapped place, ::ffff:0:0/96."""
    names: tuple[str, ...] = ()
    """Names the flow itself gives the address, lower case, no final dot; the strongest first."""
    cname_chain: tuple[str, ...] = ()
    """Names that DNS put between the queried name and the address."""
    asn: int = 0
    """Filled in by the `network` rung for those that ask after it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says of a question. Fields it does not speak to stay empty."""

    source: str
    """Name with edition, as it is to be printed."""
    country: str = ""
    """ISO 3166-1 alpha-2."""
    confidence: str = "low"
    organisation: str = ""
    asn: int = 0
    detail: str = ""
    """Special purpose, region or the reason for multi-location, in words."""
    multi_location: bool = False
    elsewhere: tuple[str, ...] = ()
    """Other countries that the source cannot tell from `country`, sorted: outposts of a cloud's region."""


class Source(Protocol):
    """A module on this shelf."""

    RUNG: str
    """One of RUNGS: what kind of thing it says. Two `database` claims that agree make a location probable; other rungs take the first claim."""

    def load(self, folder: Path) -> Callable[[Question], Claim | None]:
        """Opens what it needs under `folder` and returns the function that answers.

        Raises ValueError when a file is malformed, FileNotFoundError when one it cannot do without is missing.
        """


RUNGS = ("special-purpose", "network", "multi-location", "cloud-region", "host-name-region", "database", "network-operator", "service-operator")
