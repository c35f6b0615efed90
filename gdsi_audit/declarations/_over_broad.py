"""Declarations that allow or leave out so much that keeping them says little: they are noted, and the report prints the notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import TypeVar

from gdsi_audit.declarations import Declaration, Note, Source
from gdsi_audit.declarations._countries import MOST_COUNTRIES, groups
from gdsi_audit.naming import shared_platforms

Network = TypeVar("Network", IPv4Network, IPv6Network)

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
            yield Note(kind="over_broad", text=f"[[destination]] {item.title} is {_share(item.network)}", source=item.source)
        yield from _conditional(item.jurisdiction_words, item.source)
        if item.jurisdictions and len(item.jurisdictions) > MOST_COUNTRIES:
            yield Note(kind="over_broad", text=f"[[destination]] {item.title} names {len(item.jurisdictions)} countries", source=item.source)
        if shared_platforms.covers_tenants(item.name):
            shared = f"[[destination]] {item.title} covers every tenant of a shared platform: operator known, tenant unknown"
            yield Note(kind="shared_platform", text=shared, source=item.source)
        operator = shared_platforms.network_operator(item.asn) if item.asn is not None else ""
        if operator:
            rented = f"[[destination]] {item.title} is a network that {operator} rents out: operator known, tenant unknown"
            yield Note(kind="shared_platform", text=rented, source=item.source)
    yield from _together(declaration)


def _together(declaration: Declaration) -> Iterator[Note]:
    """Prefixes that are narrow each, and wide as one."""
    narrow = [(item.network, item.source) for item in declaration.destinations if item.network is not None]
    narrow = [(network, source) for network, source in narrow if not (_is_wide(network) or _is_nobodys(network))]
    version4 = [network for network, _ in narrow if isinstance(network, IPv4Network)]
    version6 = [network for network, _ in narrow if isinstance(network, IPv6Network)]
    for version, share in ((4, _share_of(version4)), (6, _share_of(version6))):
        if share > 2.0 ** -WIDEST[version]:
            text = f"the prefixes of [[destination]] are together 1 in {1 / share:,.0f} of all IPv{version} addresses"
            yield Note(kind="over_broad", text=text, source=next(source for network, source in narrow if network.version == version))


def _share_of(networks: Iterable[Network]) -> float:
    """The part of the whole address space, 0 to 1."""
    return sum(2.0**-network.prefixlen for network in collapse_addresses(networks))


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
    return network.prefixlen < WIDEST[network.version] and not _is_nobodys(network)


def _is_nobodys(network: IPv4Network | IPv6Network) -> bool:
    return network.is_multicast or network.is_private or network.is_link_local


def _share(network: IPv4Network | IPv6Network) -> str:
    return "every address" if network.prefixlen == 0 else f"1 in {1 << network.prefixlen:,} of all addresses"
