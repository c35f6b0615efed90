"""What was seen becomes entries of a declaration, each with what a reader needs to judge it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from math import floor
from typing import Generic, TypeVar

from gdsi_audit.audit import Audit
from gdsi_audit.declarations import Destination, Listener
from gdsi_audit.drafting import _parties
from gdsi_audit.drafting._parties import CLASSES, Contact, Seen, Sums
from gdsi_audit.drafting._refusals import Refused, flows_of

Item = TypeVar("Item", Destination, Listener)

MOST_PORTS = 8
"""More ports than this are no list but a range that nobody has seen the end of."""
MOST_SENDERS = 8
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
class _Rhythms:
    """What detectors say of how often and how long there is contact."""

    periods: tuple[tuple[frozenset[int], float], ...]
    """(ids of flows, seconds)."""
    persistent: frozenset[int]
    """Ids of the flows of connections that stay open."""

    def period_s(self, flows: set[int]) -> float | None:
        """The shortest period of contact that these flows are part of."""
        shortest = min((period for of, period in self.periods if not of.isdisjoint(flows)), default=None)
        return None if shortest is None else floor(shortest * 10) / 10 if shortest < 10 else float(floor(shortest))


def destinations(audited: Audit, refused: Refused) -> tuple[tuple[Entry[Destination], ...], tuple[str, ...]]:
    """The destinations in order of name, address and class, and what must be said of those that are left out."""
    seen = _parties.seen(audited.traffic)
    rhythms = _rhythms(audited)
    groups = _grouped(seen, refused)
    named = [_destination(party, how, ports, sums, rhythms, seen) for (party, how), (ports, sums) in sorted(groups.items())]
    classes = [_of_class(klass, seen.classes[klass]) for klass in CLASSES if _may_be_drafted(klass, seen, refused)]
    left = [f"class {klass} is left out: what is refused below is part of it" for klass in seen.classes if not _may_be_drafted(klass, seen, refused)]
    return (*named, *classes), tuple(left)


def listeners(audited: Audit, refused: Refused) -> tuple[Entry[Listener], ...]:
    """The ports that answered others; to the internet, only to the very addresses that called."""
    calls = {contact: sums for contact, sums in _parties.seen(audited.traffic).contacts.items() if contact.party.listener}
    allowed = {contact: sums for contact, sums in calls.items() if contact.port and not refused.covers("", sums.flows)}
    crowds = _crowds(allowed)
    return tuple(_listener(contact, sums) for contact, sums in sorted(allowed.items()) if (contact.transport, contact.port) not in crowds)


def _crowds(calls: Mapping[Contact, Sums]) -> set[tuple[str, int]]:
    """Ports that so many strangers called that a list of them would say nothing."""
    senders: dict[tuple[str, int], int] = {}
    for contact in calls:
        senders[contact.transport, contact.port] = senders.get((contact.transport, contact.port), 0) + 1
    return {port for port, count in senders.items() if count > MOST_SENDERS}


def _listener(contact: Contact, sums: Sums) -> Entry[Listener]:
    local = contact.party.address == "local"
    sender = "local" if local else str(ip_network(contact.party.address))
    remarks = () if local else ("open to the internet: find out who called, and why the device answers",)
    return Entry(item=Listener(port=contact.port, transport=contact.transport, sender=sender), sums=sums, remarks=remarks)


_How = tuple[str, str, str]
"""Transport, encryption, initiator."""


def _grouped(seen: Seen, refused: Refused) -> dict[tuple[_parties.Party, _How], tuple[set[int], Sums]]:
    """Contacts with one party in one manner, their ports together; refused parties left out."""
    flows: dict[_parties.Party, set[int]] = {}
    for contact, sums in seen.contacts.items():
        flows.setdefault(contact.party, set()).update(sums.flows)
    drafted = {party for party, of in flows.items() if not party.listener and not refused.covers(party.name, of)}
    known = {party.name for party in drafted}
    groups: dict[tuple[_parties.Party, _How], tuple[set[int], Sums]] = {}
    for contact, sums in sorted(seen.contacts.items()):
        party = contact.party
        if party in drafted and known.isdisjoint(seen.ambiguous.get(party.address, frozenset())):
            ports, whole = groups.setdefault((party, (contact.transport, sums.encryption, _initiator(sums))), (set(), Sums()))
            ports.add(contact.port)
            whole.join(sums)
    return groups


def _initiator(sums: Sums) -> str:
    """Who began, where that is a fact and always the same."""
    known = sums.initiators - {"unknown"}
    return known.pop() if len(known) == 1 else ""


def _destination(party: _parties.Party, how: _How, ports: set[int], sums: Sums, rhythms: _Rhythms, seen: Seen) -> Entry[Destination]:
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
    return Entry(item=item, sums=sums, remarks=tuple(_remarks(party, len(listed), seen)))


def _remarks(party: _parties.Party, ports: int, seen: Seen) -> Iterator[str]:
    candidates = sorted(seen.ambiguous.get(party.address, frozenset()))
    if candidates:
        yield f"which of these names was meant cannot be told: {', '.join(candidates)}"
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


def _of_class(klass: str, sums: Sums) -> Entry[Destination]:
    return Entry(item=Destination(klass=klass, purpose=PURPOSE if klass == "local-network" else ""), sums=sums)


def _may_be_drafted(klass: str, seen: Seen, refused: Refused) -> bool:
    return klass in seen.classes and refused.flows.isdisjoint(seen.classes[klass].flows)


def _rhythms(audited: Audit) -> _Rhythms:
    regular = [finding for finding in audited.findings if finding.detector == "beaconing" and "period_s" in finding.measures]
    lasting = [finding for finding in audited.findings if finding.detector == "persistent_channel"]
    periods = tuple((flows_of(audited.traffic, finding), float(finding.measures["period_s"])) for finding in regular)
    return _Rhythms(periods, frozenset().union(*(flows_of(audited.traffic, finding) for finding in lasting)))
