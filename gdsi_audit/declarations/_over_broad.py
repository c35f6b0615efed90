"""Declarations that allow or leave out so much that keeping them says little: they are noted, and the report prints the notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from gdsi_audit import names
from gdsi_audit.declarations import Declaration, Note, Source
from gdsi_audit.declarations._countries import MOST_COUNTRIES, groups

WIDEST = {4: 8, 6: 16}
"""Prefix lengths by version of IP."""


def noted(declaration: Declaration) -> Declaration:
    """`declaration` with a note for everything over-broad or left out, for shared platforms and for groups that hold on conditions."""
    return replace(
        declaration,
        notes=(
            *declaration.notes,
            *_of_jurisdictions(declaration),
            *_of_destinations(declaration),
            *_of_listeners(declaration),
            *_left_out(declaration),
        ),
    )


def _of_jurisdictions(declaration: Declaration) -> Iterator[Note]:
    stated = declaration.jurisdictions
    for key in ("allowed", "hosts_from", "operators_from"):
        countries: frozenset[str] | None = getattr(stated, key)
        source = dict(stated.sources).get(key, stated.source)
        if countries and len(countries) > MOST_COUNTRIES:
            yield Note(kind="over_broad", text=f"[jurisdictions] {key} names {len(countries)} countries", source=source)
    for key, words in stated.words:
        yield from _conditional(words, dict(stated.sources).get(key, stated.source))


def _conditional(words: Iterable[str], source: Source) -> Iterator[Note]:
    """Groups that hold on conditions, wherever they are named."""
    for word in words:
        group = groups().get(word)
        if group and (group.condition or group.conditions):
            said = [group.condition, *(f"{country}: {condition}" for country, condition in sorted(group.conditions.items()))]
            yield Note(kind="conditional_group", text=f"{word} as of {group.as_of}: {'; '.join(filter(None, said))}", source=source)


def _of_destinations(declaration: Declaration) -> Iterator[Note]:
    for item in declaration.destinations:
        if item.network is not None and _is_wide(item.network):
            share = "every address" if item.network.prefixlen == 0 else f"1 in {1 << item.network.prefixlen:,} of all addresses"
            yield Note(kind="over_broad", text=f"[[destination]] {item.title} is {share}", source=item.source)
        yield from _conditional(item.jurisdiction_words, item.source)
        if item.jurisdictions and len(item.jurisdictions) > MOST_COUNTRIES:
            yield Note(kind="over_broad", text=f"[[destination]] {item.title} names {len(item.jurisdictions)} countries", source=item.source)
        if names.is_shared_suffix(item.name):
            shared = f"[[destination]] {item.title} covers every tenant of a shared platform: operator known, tenant unknown"
            yield Note(kind="shared_platform", text=shared, source=item.source)


def _of_listeners(declaration: Declaration) -> Iterator[Note]:
    for item in declaration.listeners:
        if item.sender == "anywhere" or (item.sender != "local" and _is_wide(ip_network(item.sender, strict=False))):
            text = f"[[listener]] {item.transport} port {item.port} is open to {_whom(item.sender)}"
            yield Note(kind="over_broad", text=text, source=item.source)


def _left_out(declaration: Declaration) -> Iterator[Note]:
    """What the audited party itself takes out of the audit. A tester's hosts, and a gateway in the house, are how a test is set up."""
    for item in declaration.ignore:
        if item.source.by == "vendor":
            yield Note(
                kind="left_out", text=f"[[ignore]] {item.filter}: the vendor's own statement leaves this out: {item.reason}", source=item.source
            )
    for host in declaration.bench:
        if host.source.by == "vendor" and ip_address(host.address).is_global:
            text = f"[[bench]] {host.role} {host.address} is on the internet, and the vendor's own statement keeps it from being judged"
            yield Note(kind="left_out", text=text, source=host.source)


def _whom(sender: str) -> str:
    return sender if sender != "anywhere" and ip_network(sender, strict=False).prefixlen else "anywhere"


def _is_wide(network: IPv4Network | IPv6Network) -> bool:
    """Wider than what any one operator was ever given. Multicast groups, and what stays on the link or in the site, are nobody's."""
    return network.prefixlen < WIDEST[network.version] and not (network.is_multicast or network.is_private or network.is_link_local)
