"""Every table and key that a declaration may hold, and what each accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gdsi_audit.declarations import AUTHORS, _identifiers
from gdsi_audit.declarations import _checks as check
from gdsi_audit.declarations import _network_checks as network
from gdsi_audit.declarations import _time_checks as time
from gdsi_audit.declarations._checks import Check, one_or_several, several, word_of

CLASSES = ("local-network", "resolver", "dhcp", "time", "multicast")
BENCH_ROLES = ("gateway", "sniffer", "proxy", "tester", "companion")
POSITIONS = ("device", "device-vpn", "access-point", "lan", "wan", "unknown")

HIGHEST_ASN = 2**32 - 1
LONGEST_DAY_BYTES = 2**62


@dataclass(frozen=True, slots=True)
class Table:
    """The keys of one table."""

    many: bool
    """True: written [[name]], any number of times."""
    keys: Mapping[str, Check]
    required: tuple[str, ...] = ()

    def heading(self, name: str) -> str:
        return f"[[{name}]]" if self.many else f"[{name}]"


TABLES: Mapping[str, Table] = {
    "statement": Table(False, {"by": word_of(*AUTHORS), "source": check.text, "date": time.day}),
    "product": Table(
        False,
        {"vendor": check.text, "model": check.text, "firmware": check.text, "home": check.country, "scope": check.scope},
    ),
    "device": Table(True, {"name": check.filled, "mac": one_or_several(network.own_mac), "addresses": several(network.own_address)}),
    "bench": Table(
        True,
        {
            "role": word_of(*BENCH_ROLES),
            "address": network.own_address,
            "reason": check.text,
            # What MUD leaves to the site: the class URI of RFC 8520's `controller` (or "my-controller"), the authority of `manufacturer`
            # (or "same-manufacturer"), the URI of `model`.
            "controller": check.filled,
            "manufacturer": check.filled,
            "model": check.filled,
        },
        ("role", "address"),
    ),
    "ignore": Table(True, {"filter": network.display_filter, "reason": check.filled}, ("filter", "reason")),
    "vantage": Table(
        False,
        {
            "position": word_of(*POSITIONS),
            "country": check.country,
            "latitude": check.number_between(-90, 90),
            "longitude": check.number_between(-180, 180),
            "timezone": time.timezone,
            "clock_offset_s": check.number_between(-3.2e9, 3.2e9),
        },
    ),
    "jurisdictions": Table(
        False,
        {
            "data_generated_in": check.country,
            "allowed": several(check.country_or_group),
            "denied": several(check.country_or_group),
            "hosts_from": several(check.country_or_group),
            "operators_from": several(check.country_or_group),
        },
    ),
    "destination": Table(
        True,
        {
            "name": network.host_pattern,
            "address": network.network,
            "asn": check.whole_between(1, HIGHEST_ASN),
            "class": word_of(*CLASSES),
            "transport": network.transport,
            "ports": network.ports,
            "initiator": word_of("device", "remote"),
            "purpose": check.text,
            "recipient": check.text,
            "role": check.text,
            "transfer_tool": check.text,
            "data": several(check.text),
            "jurisdictions": several(check.country_or_group),
            "encryption": word_of("tls", "other", "none"),
            "direction": word_of("upload", "download", "both"),
            "max_upload_bytes_per_day": check.whole_between(0, LONGEST_DAY_BYTES),
            "period_s": check.above_zero,
            "persistent": check.boolean,
            "phases": several(check.filled),
        },
    ),
    "listener": Table(True, {"port": network.port, "transport": network.transport, "from": network.sender}, ("port",)),
    "identifier": Table(
        True,
        {
            "id": check.filled,
            "kind": word_of(*_identifiers.KINDS),
            "value": check.text,
            "value_from": check.text,
            "allowed_to": several(network.host_pattern),
        },
        ("id", "kind"),
    ),
    "phase": Table(
        True,
        {
            "name": check.filled,
            "user_active": check.boolean,
            "consent": word_of("none", "given", "withdrawn"),
            "start": time.instant,
            "end": time.instant,
        },
        ("name", "start", "end"),
    ),
}

PORTLESS = frozenset({"icmp", "icmp6", "arp"})
"""Transports whose packets carry no ports."""
