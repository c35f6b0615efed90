"""Several names below one registered domain stand as a wildcard, unless its base is a platform that strangers share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gdsi_audit.declarations import Destination
from gdsi_audit.drafting._contacts import total
from gdsi_audit.drafting._entries import PURPOSE, Entry, direction
from gdsi_audit.naming import names, shared_platforms

FEWEST_NAMES = 5
MOST_NAMED = 12


def gathered(entries: Iterable[Entry[Destination]]) -> list[Entry[Destination]]:
    """`entries` with those that a wildcard takes in as one for each manner of contact; the order stays."""
    given = list(entries)
    bases = _bases({entry.item.name for entry in given if entry.item.name})
    groups: dict[tuple[object, ...], list[Entry[Destination]]] = {}
    for number, entry in enumerate(given):
        item, base = entry.item, bases.get(entry.item.name, "")
        key = (base, item.transport, item.encryption, item.initiator, item.persistent) if base else (number,)
        groups.setdefault(key, []).append(entry)
    return [_wildcard(str(key[0]), group) if len(key) > 1 else group[0] for key, group in groups.items()]


def _bases(known: set[str]) -> dict[str, str]:
    """By name: the base of the wildcard that takes it in."""
    families: dict[str, list[str]] = {}
    for name in sorted(known):
        families.setdefault(names.registered_domain(name), []).append(name)
    found = {}
    for domain, family in families.items():
        below = [name for name in family if name != domain]
        base = _common(below) if len(below) >= FEWEST_NAMES else ""
        if base and _may_stand(base, domain):
            found.update({name: base for name in below if name != base})
    return found


def _common(below: list[str]) -> str:
    """The longest domain that all of them are in."""
    labels = [name.split(".")[::-1] for name in below]
    shared = []
    for level in zip(*labels, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return ".".join(reversed(shared))


def _may_stand(base: str, domain: str) -> bool:
    inside = base == domain or base.endswith(f".{domain}")
    try:
        pattern = names.canonical_pattern(f"*.{base}")
    except ValueError:
        return False
    return inside and not shared_platforms.covers_tenants(pattern)


def _wildcard(base: str, group: list[Entry[Destination]]) -> Entry[Destination]:
    items = [entry.item for entry in group]
    sums = total(entry.sums for entry in group)
    open_ended = any(not item.ports for item in items)
    ports = () if open_ended else tuple(sorted({pair for item in items for pair in item.ports}))
    periods = [item.period_s for item in items if item.period_s is not None]
    whole = replace(items[0], name=f"*.{base}", ports=ports, purpose=PURPOSE, direction=direction(sums), period_s=min(periods) if periods else None)
    return Entry(item=whole, sums=sums, remarks=(f"names seen: {', '.join(_named(items))}", *_distinct(group)))


def _named(items: list[Destination]) -> Iterator[str]:
    known = sorted({item.name for item in items})
    yield from known[:MOST_NAMED]
    if len(known) > MOST_NAMED:
        yield f"{len(known) - MOST_NAMED} more"


def _distinct(group: list[Entry[Destination]]) -> list[str]:
    return sorted({remark for entry in group for remark in entry.remarks})
