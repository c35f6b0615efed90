"""What several files state becomes one declaration, and is completed by what only all of them together tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from functools import reduce
from ipaddress import ip_network
from typing import TypeVar

from gdsi_audit.declarations import (
    AUTHORS,
    NOTHING_DECLARED,
    Declaration,
    DeclaredDevice,
    Destination,
    Jurisdictions,
    Note,
    Phase,
    Product,
    Vantage,
)
from gdsi_audit.declarations._entries import suggestion

Single = TypeVar("Single", Product, Vantage, Jurisdictions)

LATEST_NS = 2**63 - 1


def joined(stated: Iterable[Declaration]) -> Declaration:
    """One declaration: tables of several rows one after the other, tables of one row key by key. Raises ValueError where two disagree."""
    return _completed(reduce(_of_both, stated, NOTHING_DECLARED))


def _of_both(first: Declaration, second: Declaration) -> Declaration:
    """Both, or ValueError where one key has two values."""
    lists = {
        name: (*getattr(first, name), *getattr(second, name))
        for name in (field.name for field in fields(Declaration))
        if isinstance(getattr(first, name), tuple)
    }
    return Declaration(
        **lists,
        product=_one_row(first.product, second.product, "product"),
        vantage=_one_row(first.vantage, second.vantage, "vantage"),
        jurisdictions=_one_row(first.jurisdictions, second.jurisdictions, "jurisdictions"),
        closed=first.closed or second.closed,
    )


def _one_row(first: Single, second: Single, table: str) -> Single:
    """The keys of both; what both say is said by whose word counts more."""
    said, added = dict(first.sources), dict(second.sources)
    for key in sorted(said.keys() & added.keys()):
        if getattr(first, key) != getattr(second, key):
            one, other = said[key], added[key]
            raise ValueError(f'{other.file}:{other.line}: [{table}] "{key}" disagrees with {one.file}:{one.line}')
    if not said:
        return second
    taken = {key: source for key, source in added.items() if key not in said or AUTHORS.index(source.by) < AUTHORS.index(said[key].by)}
    values = {key: getattr(second, key) for key in taken}
    if isinstance(first, Jurisdictions) and isinstance(second, Jurisdictions):
        words = {**dict(first.words), **{key: named for key, named in second.words if key in taken}}
        values.update(words=tuple(words.items()), allowed_words=words.get("allowed", ()))
    return replace(first, **values, sources=tuple({**said, **taken}.items()))


def _devices(declared: Iterable[DeclaredDevice]) -> Iterator[DeclaredDevice]:
    """One for each name: its parts may stand in several tables. Raises ValueError where a MAC is given to two of them."""
    named: dict[str, DeclaredDevice] = {}
    for one in declared:
        known = named.get(one.name, replace(one, macs=(), addresses=()))
        macs, addresses = dict.fromkeys((*known.macs, *one.macs)), dict.fromkeys((*known.addresses, *one.addresses))
        named[one.name] = replace(known, macs=tuple(macs), addresses=tuple(addresses))
    owners: dict[str, DeclaredDevice] = {}
    for one in named.values():
        for mac in one.macs:
            other = owners.setdefault(mac, one)
            if other is not one:
                where = f"{one.source.file}:{one.source.line}"
                raise ValueError(f'{where}: [[device]] "{one.name}" has the MAC {mac} of "{other.name}" ({other.source.file}:{other.source.line})')
        yield one


def _completed(declaration: Declaration) -> Declaration:
    """What only all files together tell: defaults taken from another table, MUD's abstractions bound, phases that nobody tested."""
    _check_bench(declaration)
    stated = declaration.jurisdictions
    generated_in = stated.data_generated_in or declaration.vantage.country
    bound = tuple(concrete for item in declaration.destinations for concrete in _bound(item, declaration))
    missing = tuple(_untested(declaration)) if declaration.phases else ()
    notes = tuple(note for note in declaration.notes if note.kind != "unbound" or any(item.not_assessable for item in bound))
    whole = replace(stated, data_generated_in=generated_in)
    devices = tuple(_devices(declaration.devices))
    phases = tuple(_by_capture_clock(phase, declaration.vantage.clock_offset_s) for phase in declaration.phases)
    return replace(declaration, jurisdictions=whole, devices=devices, destinations=bound, phases=phases, notes=(*notes, *missing))


def _check_bench(declaration: Declaration) -> None:
    """Raises ValueError where a host of the bench, which nobody judges, is the device under audit."""
    owners = {address: one for one in declaration.devices for address in one.addresses}
    for host in declaration.bench:
        if host.address in owners:
            one = owners[host.address]
            where = f"{host.source.file}:{host.source.line}"
            raise ValueError(f'{where}: [[bench]] has the address {host.address} of [[device]] "{one.name}" ({one.source.file}:{one.source.line})')


def _by_capture_clock(phase: Phase, offset_s: float) -> Phase:
    start, end = (min(max(0, moment + round(offset_s * 1e9)), LATEST_NS) for moment in (phase.start, phase.end))
    return replace(phase, start=start, end=end)


def _bound(item: Destination, declaration: Declaration) -> list[Destination]:
    """`item`, or one destination per bench host that stands for what it needs."""
    hosts = [bench.address for bench in declaration.bench if item.needs and item.needs in bench.binds]
    return [replace(item, network=ip_network(host), not_assessable="") for host in hosts] or [item]


def _untested(declaration: Declaration) -> list[Note]:
    known = {phase.name for phase in declaration.phases}
    return [
        Note(
            kind="phase_not_tested",
            text=f'[[destination]] {item.title} speaks of phase "{phase}", which no [[phase]] covers{suggestion(phase, known)}',
            source=item.source,
        )
        for item in declaration.destinations
        for phase in item.phases
        if phase not in known
    ]
