"""Stage 7: a file becomes a declaration: what somebody states about the product.

The meaning of every table and key is fixed by the judging contract. Each item keeps its file, line and author.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Protocol

from gdsi_audit.indicators import Indicator

AUTHORS = ("vendor", "tester", "drafted")
"""Who may have written a declaration, those whose word counts more first."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an item stands."""

    file: str = ""
    line: int = 0
    by: str = "vendor"
    """One of AUTHORS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Who states something: table `statement` of one file."""

    by: str
    text: str = ""
    """`source` of the file: "Privacy notice 3.2, p. 4"."""
    date: str = ""
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is spoken of: table `product`."""

    vendor: str = ""
    model: str = ""
    firmware: str = ""
    home: str = ""
    scope: str = "device"
    sources: tuple[tuple[str, Source], ...] = ()
    """Where each key that was written stands: keys of one table may come from several files."""
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredDevice:
    """One device under audit: table `device`."""

    name: str
    macs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One of the tester's own machines, listed and never judged: table `bench`."""

    role: str
    """gateway, sniffer, proxy, tester, companion."""
    address: str
    reason: str = ""
    binds: tuple[str, ...] = ()
    """Which MUD abstractions this host stands for, as in `Destination.needs`."""
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Traffic that is left out on purpose, and counted: table `ignore`."""

    filter: str
    reason: str
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantage:
    """Where the capture was taken: table `vantage`."""

    position: str = "unknown"
    """device, device-vpn, access-point, lan, wan, unknown."""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    timezone: str = "UTC"
    clock_offset_s: float = 0.0
    """How far the capture's clock is ahead of the one by which phases were noted."""
    sources: tuple[tuple[str, Source], ...] = ()
    """Where each key that was written stands: keys of one table may come from several files."""
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdictions:
    """Where data may go, for every destination that does not say otherwise: table `jurisdictions`."""

    data_generated_in: str = ""
    allowed: frozenset[str] | None = None
    """ISO codes, groups expanded; None: not said."""
    allowed_words: tuple[str, ...] = ()
    """As written: ("EU", "CH")."""
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The same of every key that names countries, `allowed` among them."""
    denied: frozenset[str] = frozenset()
    hosts_from: frozenset[str] | None = None
    operators_from: frozenset[str] | None = None
    sources: tuple[tuple[str, Source], ...] = ()
    """Where each key that was written stands: keys of one table may come from several files."""
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One kind of traffic that is declared. Exactly one of name, network, asn, klass is set; none where `not_assessable`."""

    name: str = ""
    """Exact, or with a leading `*.`; A-labels, lower case."""
    network: IPv4Network | IPv6Network | None = None
    asn: int | None = None
    klass: str = ""
    """local-network, resolver, dhcp, time, multicast."""
    transport: str = ""
    """Empty: any."""
    ports: tuple[tuple[int, int], ...] = ()
    """Inclusive ranges; empty: any."""
    source_ports: tuple[tuple[int, int], ...] = ()
    """Of the device's side; only MUD says this."""
    initiator: str = ""
    """device, remote; empty: any."""
    purpose: str = ""
    recipient: str = ""
    role: str = ""
    transfer_tool: str = ""
    data: tuple[str, ...] = ()
    jurisdictions: frozenset[str] | None = None
    jurisdiction_words: tuple[str, ...] = ()
    """As written."""
    encryption: str = ""
    """tls, other, none; empty: not said."""
    direction: str = ""
    """upload, download, both; empty: not said."""
    max_upload_bytes_per_day: int | None = None
    period_s: float | None = None
    persistent: bool | None = None
    phases: tuple[str, ...] = ()
    needs: str = ""
    """The MUD abstraction that a bench file has to bind: `controller URI`, `manufacturer AUTHORITY`, `model URI`; kept once it is bound."""
    not_assessable: str = ""
    """Why this item cannot be held against traffic (an unbound MUD controller); empty: it can."""
    source: Source = Source()

    @property
    def title(self) -> str:
        """How the item is written: `*.cams.example`, `203.0.113.0/24`, `AS64500`, `class time`."""
        if self.asn is not None:
            return f"AS{self.asn}"
        if self.network is not None:
            return str(self.network)
        return self.name or (f"class {self.klass}" if self.klass else self.needs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port on which the device may be called: table `listener`."""

    port: int
    transport: str = "tcp"
    sender: str = "local"
    """Key `from`: local, anywhere, or a prefix."""
    source: Source = Source()

    @property
    def title(self) -> str:
        """How the item is written: `tcp/554 from local`."""
        return f"{self.transport}/{self.port} from {self.sender}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """Personal data to look for, and who may get it: table `identifier`."""

    id: str
    kind: str
    value: str = field(repr=False)
    """Never printed."""
    allowed_to: tuple[str, ...] = ()
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What was done to the device, and when: table `phase`."""

    name: str
    start: int
    """UTC nanoseconds; of a whole declaration by the capture's clock."""
    end: int
    user_active: bool
    consent: str = ""
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something about a declaration that the report must say: an over-broad item, a class that could not be bound."""

    kind: str
    text: str
    source: Source = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """All that is stated, of all files given."""

    statements: tuple[Statement, ...] = ()
    product: Product = Product()
    devices: tuple[DeclaredDevice, ...] = ()
    bench: tuple[Bench, ...] = ()
    ignore: tuple[Ignore, ...] = ()
    vantage: Vantage = Vantage()
    jurisdictions: Jurisdictions = Jurisdictions()
    destinations: tuple[Destination, ...] = ()
    listeners: tuple[Listener, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    phases: tuple[Phase, ...] = ()
    notes: tuple[Note, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    """What the analyst imported as known to be bad: no statement of the vendor's."""
    closed: bool = False
    """True: what is not listed is denied even where a table is empty (MUD)."""

    @property
    def given(self) -> bool:
        """Whether there is any declaration at all."""
        return bool(self.statements)

    @property
    def by_vendor(self) -> bool:
        return any(statement.by == "vendor" for statement in self.statements)

    @property
    def is_draft(self) -> bool:
        """Whether all that it lists was drafted from traffic: it tells what was seen, promises nothing, and denies nothing that it lacks."""
        authors = {item.source.by for item in self.destinations} | {item.source.by for item in self.listeners}
        return authors | {one.by for one in self.statements if self.closed} == {"drafted"}


NOTHING_DECLARED = Declaration()


class Format(Protocol):
    """A file on this shelf: one declaration format."""

    SUFFIXES: tuple[str, ...]
    """`.toml`, `.json`."""

    def claims(self, raw: bytes) -> bool:
        """Whether the content is of this format (MUD and plain JSON share a suffix)."""
        ...

    def read(self, path: Path, raw: bytes) -> Declaration:
        """The declaration of one file. Raises ValueError naming file, line, key and the nearest valid word."""
        ...
