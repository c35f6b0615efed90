"""What was seen becomes entries of a declaration, each with what a reader needs to judge it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from math import floor
from typing import Generic, TypeVar

from gdsi_audit.audit import Audit
from gdsi_audit.declarations import Destination, Listener
from gdsi_audit.drafting._contacts import Contact, Party, Seen, Sums
from gdsi_audit.drafting._parties import CLASSES
from gdsi_audit.drafting._refusals import Refused, flows_of

Item = TypeVar("Item", Destination, Listener)
_How = tuple[str, str, str]
"""Transport, encryption, initiator."""

MOST_PORTS = 8
"""More ports than this are no list but a range that nobody has seen the end of."""
MOST_CALLERS = 8
"""So many callers of one port are no list but the internet."""
MOST_NAMED, MOST_NAMELESS = 1_000, 200
BULK_BYTES, SMALL_SHARE = 256_000, 0.1
PURPOSE = "observed, not explained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[Item]):
    """One item of a draft, and what was seen of it."""

    item: Item
    sums: Sums
    remarks: tuple[str, ...] = ()
    """What a reader must know before believing it."""


@dataclass(frozen=True, slots=True)
class Drafted(Generic[Item]):
    """Entries of one table, and what must be said of what is not among them."""

    entries: tuple[Entry[Item], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rhythms:
    """What detectors say of how often and how long there is contact."""

    periods: tuple[tuple[frozenset[int], float], ...]
    """(ids of flows, seconds)."""
    persistent: frozenset[int]
    """Ids of the flows of connections that stay open."""

    def period_s(self, flows: set[int]) -> float | None:
        """The shortest period of contact that these flows are part of."""
        shortest = min((period for of, period in self.periods if not of.isdisjoint(flows)), default=None)
        return None if shortest is None else floor(shortest * 10) / 10 if shortest < 10 else float(floor(shortest))


def rhythms(audited: Audit) -> Rhythms:
    regular = [finding for finding in audited.findings if finding.detector == "beaconing" and "period_s" in finding.measures]
    lasting = [finding for finding in audited.findings if finding.detector == "persistent_channel"]
    periods = tuple((flows_of(audited.traffic, finding), float(finding.measures["period_s"])) for finding in regular)
    return Rhythms(periods, frozenset().union(*(flows_of(audited.traffic, finding) for finding in lasting)))


def destinations(seen: Seen, refused: Refused, rhythms: Rhythms) -> Drafted[Destination]:
    """The destinations in order of name, then address, then class."""
    groups = sorted(_grouped(seen, refused).items(), key=_in_order)
    found = [_destination(party, how, ports, sums, rhythms, seen) for (party, how), (ports, sums) in groups]
    named = _largest([entry for entry in found if entry.item.name], MOST_NAMED, "names")
    nameless = _largest([entry for entry in found if not entry.item.name], MOST_NAMELESS, "addresses without a name")
    classes = _classes(seen, refused)
    return Drafted((*named.entries, *nameless.entries, *classes.entries), (*named.notes, *nameless.notes, *classes.notes))


def _classes(seen: Seen, refused: Refused) -> Drafted[Destination]:
    """What is known by its role; a class that something refused is part of is no role to declare."""
    present = [klass for klass in CLASSES if klass in seen.classes]
    left = [klass for klass in present if not refused.flows.isdisjoint(seen.classes[klass].flows)]
    entries = [Entry(item=Destination(klass=klass), sums=seen.classes[klass]) for klass in present if klass not in left]
    return Drafted(tuple(entries), tuple(f"class {klass} is left out: what is refused is part of it" for klass in left))


def _in_order(group: tuple[tuple[Party, _How], object]) -> tuple[bool, str, str, _How]:
    party, how = group[0]
    return not party.name, party.name, party.address, how


def _largest(entries: list[Entry[Destination]], most: int, what: str) -> Drafted[Destination]:
    """At most so many entries, those that moved most; order stays."""
    ranked = sorted(range(len(entries)), key=lambda place: -entries[place].sums.up_bytes - entries[place].sums.down_bytes)
    notes = (f"{len(entries) - most:,} further {what} are not listed",) if len(entries) > most else ()
    return Drafted(tuple(entries[place] for place in sorted(ranked[:most])), notes)


def listeners(seen: Seen, refused: Refused) -> Drafted[Listener]:
    """The ports that answered others; to the internet, only to the very addresses that called."""
    calls = {contact: sums for contact, sums in sorted(seen.contacts.items()) if contact.party.listener and not refused.covers("", sums.flows)}
    callers = Counter((contact.transport, contact.port) for contact in calls)
    crowded = sorted(port for port, count in callers.items() if count > MOST_CALLERS)
    entries = [_listener(contact, sums) for contact, sums in calls.items() if (contact.transport, contact.port) not in crowded]
    notes = [f"{transport} port {port} answered {callers[transport, port]:,} callers; it is not listed" for transport, port in crowded]
    return Drafted(tuple(entries), tuple(notes))


def _listener(contact: Contact, sums: Sums) -> Entry[Listener]:
    local = contact.party.address == "local"
    sender = "local" if local else str(ip_network(contact.party.address))
    remarks = () if local else ("open to the internet: find out who called, and why the device answers",)
    return Entry(item=Listener(port=contact.port, transport=contact.transport, sender=sender), sums=sums, remarks=remarks)


def _grouped(seen: Seen, refused: Refused) -> dict[tuple[Party, _How], tuple[set[int], Sums]]:
    """Contacts with one party in one manner, their ports together; refused parties left out."""
    flows: dict[Party, set[int]] = {}
    for contact, sums in seen.contacts.items():
        flows.setdefault(contact.party, set()).update(sums.flows)
    drafted = {party for party, of in flows.items() if not party.listener and not refused.covers(party.name, of)}
    known = {party.name for party in drafted}
    named = set().union(*(sums.addresses for contact, sums in seen.contacts.items() if contact.party in drafted and contact.party.name))
    groups: dict[tuple[Party, _How], tuple[set[int], Sums]] = {}
    for contact, sums in sorted(seen.contacts.items()):
        party = contact.party
        explained = contact in seen.hidden and party.address in named
        if party in drafted and not explained and known.isdisjoint(seen.ambiguous.get(party.address, frozenset())):
            ports, whole = groups.setdefault((party, (contact.transport, sums.encryption, _initiator(sums))), (set(), Sums()))
            ports.add(contact.port)
            whole.join(sums)
    return groups


def _initiator(sums: Sums) -> str:
    """Who began, where that is a fact and always the same."""
    known = sums.initiators - {"unknown"}
    return known.pop() if len(known) == 1 else ""


def _destination(party: Party, how: _How, ports: set[int], sums: Sums, rhythms: Rhythms, seen: Seen) -> Entry[Destination]:
    transport, encryption, initiator = how
    listed = tuple((port, port) for port in sorted(ports) if port)
    item = Destination(
        name=party.name,
        network=None if party.name else ip_network(party.address.partition("%")[0]),
        transport=transport,
        ports=listed if len(listed) <= MOST_PORTS else (),
        initiator=initiator,
        purpose=PURPOSE,
        encryption=encryption,
        direction=direction(sums),
        period_s=rhythms.period_s(sums.flows),
        persistent=None if rhythms.persistent.isdisjoint(sums.flows) else True,
    )
    hidden = seen.hidden >= {Contact(party, transport, port) for port in ports}
    return Entry(item=item, sums=sums, remarks=tuple(_remarks(party, len(listed), seen, hidden=hidden)))


def _remarks(party: Party, ports: int, seen: Seen, *, hidden: bool) -> Iterator[str]:
    candidates = sorted(seen.ambiguous.get(party.address, frozenset()))
    if candidates:
        yield f"which of these names was meant cannot be told: {', '.join(candidates)}"
    elif hidden:
        yield "its name could not be seen in this capture: find out whose it is before you declare it"
    elif not party.name:
        yield "no name was asked for this address: find out whose it is before you declare it"
    if ports > MOST_PORTS:
        yield f"{ports} ports were seen; they are not listed"


def direction(sums: Sums) -> str:
    """Which way bulk went; empty: neither."""
    up, down = sums.up_bytes, sums.down_bytes
    if max(up, down) < BULK_BYTES:
        return ""
    small = max(BULK_BYTES, SMALL_SHARE * (up + down))
    return "both" if min(up, down) > small else "upload" if up > down else "download"
