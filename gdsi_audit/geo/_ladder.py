"""From claims to a place: refuted by time > multi-location > vendor's region > host-name region > databases agree > contested > unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gdsi_audit.geo import UNKNOWN, Answer, Claim, Place

Claims = Mapping[str, Sequence[Claim]]
"""By rung, in the order of the sources' names."""


def place(claims: Claims) -> Place:
    """The place that all `claims` about one address make."""
    special = _first(claims, "special-purpose")
    if special:
        return Place(special=special.detail, reason=f"special-purpose address: {special.detail} ({special.source})")
    network = _first(claims, "network")
    located, reason, everywhere = _located(claims)
    return Place(
        located_in=located,
        registered_in=Answer(network.country, (network.source,), "high") if network and network.country else UNKNOWN,
        hosted_by=_hosted(_first(claims, "network-operator"), network),
        operated_by=operator(claims),
        asn=network.asn if network else 0,
        organisation=_organisation(_service(claims), _first(claims, "network-operator"), network),
        multi_location=everywhere,
        reason=reason,
    )


def operator(claims: Claims) -> Answer:
    """Seat of who runs the service behind the name."""
    network, service = _first(claims, "network"), _service(claims)
    return _seat(service, network if service and network and service.asn == network.asn else None)


def struck_out(found: Place, too_far: Mapping[str, str]) -> Place:
    """`found` without the countries that round-trip time refutes: `too_far` maps country to time and frames, in words.

    What is left when the country itself falls is no answer but, at most, candidates: time refutes, it never confirms.
    """
    named = set(found.located_in.candidates) | ({found.located_in.country} - {""})
    struck = tuple(sorted(named & set(too_far)))
    if not struck:
        return found
    left = tuple(sorted(named - set(struck)))
    located = found.located_in if found.located_in.country in left else Answer("", found.located_in.sources, "low" if left else "unknown", left)
    words = tuple(f"{country}: {too_far[country]}" for country in struck)
    return replace(
        found,
        located_in=replace(located, candidates=left if len(left) > 1 or not located.country else ()),
        refuted=words,
        reason=f"refuted by round-trip time: {', '.join(struck)}",
    )


def _first(claims: Claims, rung: str) -> Claim | None:
    return next(iter(claims.get(rung, ())), None)


def _service(claims: Claims) -> Claim | None:
    """One that knows a seat before one that only knows a name."""
    return min(claims.get("service-operator", ()), key=lambda claim: not claim.country, default=None)


def _located(claims: Claims) -> tuple[Answer, str, bool]:
    """Answer, the rung in words, and whether it is everywhere."""
    anycast = next((claim for rung in ("multi-location", "cloud-region") for claim in claims.get(rung, ()) if claim.multi_location), None)
    if anycast:
        return Answer(sources=(anycast.source,)), f"multi-location: {anycast.detail}", True
    opinions = tuple(claims.get("database", ()))
    for rung, words in (("cloud-region", "vendor's region"), ("host-name-region", "region in the host name")):
        region = _first(claims, rung)
        if region and region.country:
            return *_by_region(region, opinions, words), False
    return *_by_databases(opinions, _first(claims, "cloud-region")), False


def _by_region(region: Claim, opinions: Sequence[Claim], words: str) -> tuple[Answer, str]:
    """A region stands whatever one database says. Where all of several name another country together, or any an outpost of it, none is named."""
    agreeing = tuple(claim.source for claim in opinions if claim.country == region.country)
    countries = tuple(sorted({region.country, *(claim.country for claim in opinions)}))
    contradicted = len(opinions) > 1 and len(countries) == 2 and not agreeing
    if contradicted or set(region.elsewhere).intersection(countries):
        everyone = (region.source, *(claim.source for claim in opinions))
        return Answer("", everyone, "low", countries), f"contested: {words} {region.detail}, {_said(opinions)}"
    confidence = "high" if agreeing else region.confidence
    return Answer(region.country, (region.source, *agreeing), confidence, countries if len(countries) > 1 else ()), f"{words}: {region.detail}"


def _by_databases(opinions: Sequence[Claim], unlisted: Claim | None) -> tuple[Answer, str]:
    """An address in a cloud's network that the cloud does not list is a customer's own or in use elsewhere: what databases know is who holds it."""
    countries = tuple(sorted({claim.country for claim in opinions}))
    sources = tuple(claim.source for claim in opinions)
    if not countries:
        return UNKNOWN, "unknown: no source knows the address"
    if len(countries) > 1:
        return Answer("", sources, "low", countries), f"contested: {_said(opinions)}"
    if len(opinions) == 1:
        return Answer("", sources, "low", countries), f"contested: only {sources[0]} knows the address, {countries[0]}"
    if unlisted:
        return Answer("", sources, "low", countries), f"contested: {unlisted.detail}; databases say {countries[0]}"
    return Answer(countries[0], sources, "high"), f"{len(opinions)} databases agree: {countries[0]}"


def _said(opinions: Sequence[Claim]) -> str:
    return ", ".join(f"{claim.country} ({claim.source})" for claim in opinions)


def _hosted(operator: Claim | None, network: Claim | None) -> Answer:
    if operator and operator.country:
        return _seat(operator, network)
    if network and network.country:
        return Answer(network.country, (f"registered in, for want of a seat: {network.source}",), "low")
    return UNKNOWN


def _seat(organisation: Claim | None, own_network: Claim | None) -> Answer:
    """The curated seat; registration of the organisation's own network is a second source where it names the same country."""
    if not organisation or not organisation.country:
        return UNKNOWN
    agreeing = (own_network.source,) if own_network and own_network.country == organisation.country else ()
    return Answer(organisation.country, (organisation.source, *agreeing), organisation.confidence)


def _organisation(*claims: Claim | None) -> str:
    return next((claim.organisation for claim in claims if claim and claim.organisation), "")
