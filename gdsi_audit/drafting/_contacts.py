"""Whom devices spoke with and how, added up: what entries of a draft are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

TLS = frozenset({"tls", "quic", "dtls"})
SEALED_OTHERWISE = frozenset({"ssh", "wireguard", "openvpn", "ipsec", "ike"})


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """Who is at the other end: a name that declares, else an address; the device's own port where others called it."""

    name: str
    address: str
    listener: bool = False


@dataclass(slots=True)
class Sums:
    """All flows of one kind, added up."""

    flows: set[int] = field(default_factory=set)
    up_bytes: int = 0
    down_bytes: int = 0
    initiators: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    organisations: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)

    def join(self, other: Sums) -> None:
        self.flows |= other.flows
        self.up_bytes += other.up_bytes
        self.down_bytes += other.down_bytes
        for name in ("initiators", "services", "addresses", "places", "organisations", "devices"):
            getattr(self, name).update(getattr(other, name))

    @property
    def encryption(self) -> str:
        """The declaration's word; empty: it cannot be said."""
        if not self.services or "" in self.services:
            return ""
        if self.services <= TLS:
            return "tls"
        return "other" if self.services <= SEALED_OTHERWISE else "none"


@dataclass(frozen=True, slots=True, order=True)
class Contact:
    """A party, and how it is spoken with."""

    party: Party
    transport: str
    port: int
    """The service's; 0: none."""


@dataclass(frozen=True)
class Seen:
    """What the devices did, by whom they did it with."""

    contacts: dict[Contact, Sums]
    classes: dict[str, Sums]
    ambiguous: dict[str, frozenset[str]]
    """By address that several names may stand for: these names."""
    hidden: set[Contact]
    """Contacts whose name could not be seen, or only a weak one."""


def total(parts: Iterable[Sums]) -> Sums:
    """All of them added up."""
    whole = Sums()
    for part in parts:
        whole.join(part)
    return whole
