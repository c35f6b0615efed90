"""The draft as a Manufacturer Usage Description (RFC 8520, RFC 8519): what it can say of names, ports, protocols and who began.

It knows no wildcards, so every name stands for itself; and no encryption, volume or rhythm, so these are not in it. DNS and NTP are `controller`
classes. That it was drafted stands in a member of our own, since the format has none for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

from gdsi_audit import __version__
from gdsi_audit.declarations import Destination, Listener
from gdsi_audit.declarations.mud import AUTHOR
from gdsi_audit.drafting._contacts import Sums
from gdsi_audit.drafting._drafted import Drafted
from gdsi_audit.drafting._entries import Entry
from gdsi_audit.packets import transport_words

CONTROLLERS = {"resolver": ("urn:ietf:params:mud:dns", 53, ("udp", "tcp")), "time": ("urn:ietf:params:mud:ntp", 123, ("udp",))}
MULTICAST_PORTS = {"ssdp": 1900, "mdns": 5353, "llmnr": 5355}
GROUPS = {4: "224.0.0.0/4", 6: "ff00::/8"}
LISTS = "ietf-access-control-list:acls"
PLACE = "https://mud.invalid/drafted.json"
"""A draft is published nowhere (RFC 2606)."""
CACHE_H = 48
Matches = dict[str, dict[str, Any]]
LOCAL: Matches = {"ietf-mud:mud": {"local-networks": [None]}}


def text(draft: Drafted) -> str:
    """The JSON file; `declarations.mud` reads it."""
    versions = sorted({6 if ":" in address else 4 for device in draft.devices for address in device.addresses}) or [4]
    entries = {(side, version): list(_entries(draft, side, version)) for side in ("from", "to") for version in versions}
    acls = [
        {"name": f"drafted-{side}-ipv{version}", "type": f"ipv{version}-acl-type", "aces": {"ace": _numbered(aces, f"{side}{version}")}}
        for (side, version), aces in entries.items()
    ]
    policies = {
        f"{side}-device-policy": {"access-lists": {"access-list": [{"name": f"drafted-{side}-ipv{version}"} for version in versions]}}
        for side in ("from", "to")
    }
    document = {"ietf-mud:mud": {**_container(draft), **policies}, LISTS: {"acl": acls}}
    return json.dumps(document, indent=2) + "\n"


def _container(draft: Drafted) -> dict[str, Any]:
    last = max((capture.last for capture in draft.captures if capture.last is not None), default=0)
    return {
        "mud-version": 1,
        "mud-url": PLACE,
        "last-update": datetime.fromtimestamp(last // 10**9, UTC).isoformat(),
        "cache-validity": CACHE_H,
        "is-supported": True,
        "systeminfo": f"drafted from traffic by gdsi-audit {__version__}",
        "extensions": ["gdsi-audit"],
        AUTHOR: "drafted",
    }


def _numbered(aces: list[Matches], prefix: str) -> list[dict[str, Any]]:
    return [{"name": f"{prefix}-{number}", "matches": matches, "actions": {"forwarding": "accept"}} for number, matches in enumerate(aces, start=1)]


def _entries(draft: Drafted, side: str, version: int) -> Iterator[Matches]:
    for entry in draft.destinations:
        if any((6 if ":" in address else 4) == version for address in entry.sums.addresses):
            yield from _of_class(entry, side, version) if entry.item.klass else _destination(entry.item, side, version)
    for listener in draft.listeners:
        if listener.item.sender == "local" or ip_network(listener.item.sender).version == version:
            yield _listener(listener.item, side, version)


def _destination(item: Destination, side: str, version: int) -> Iterator[Matches]:
    """One entry for each port; MUD allows one per entry."""
    far, short = ("destination", "dst") if side == "from" else ("source", "src")
    address = {f"{far}-ipv{version}-network": str(item.network)}
    subject = {f"ietf-acldns:{short}-dnsname": item.name} if item.name else address
    for port in [low for low, _ in item.ports] or [0]:
        yield _matches(version, subject, item.transport, {f"{far}-port": port} if port else {}, item.initiator)


def _of_class(entry: Entry[Destination], side: str, version: int) -> Iterator[Matches]:
    klass = entry.item.klass
    if klass == "local-network":
        yield LOCAL
    elif klass == "multicast":
        yield from _multicast(entry.sums, side, version)
    elif klass in CONTROLLERS:
        urn, port, transports = CONTROLLERS[klass]
        far = "destination" if side == "from" else "source"
        for transport in transports:
            yield {"ietf-mud:mud": {"controller": urn}, **_matches(version, {}, transport, {f"{far}-port": port}, "")}


def _multicast(sums: Sums, side: str, version: int) -> Iterator[Matches]:
    """Groups, and neighbours that answer or are answered alone."""
    if side == "from":
        yield _matches(version, {f"destination-ipv{version}-network": GROUPS[version]}, "udp", {}, "")
    if all(ip_address(address.partition("%")[0]).is_multicast for address in sums.addresses):
        return
    for port in sorted(MULTICAST_PORTS[service] for service in sums.services & MULTICAST_PORTS.keys()):
        for end in ("source", "destination"):
            yield {**LOCAL, **_matches(version, {}, "udp", {f"{end}-port": port}, "")}


def _listener(item: Listener, side: str, version: int) -> Matches:
    near, far = ("source", "destination") if side == "from" else ("destination", "source")
    local = item.sender == "local"
    subject = {} if local else {f"{far}-ipv{version}-network": item.sender}
    found = _matches(version, subject, item.transport, {f"{near}-port": item.port}, "remote")
    return {**LOCAL, **found} if local else found


def _matches(version: int, subject: dict[str, Any], transport: str, ports: dict[str, int], initiator: str) -> Matches:
    network = {**({"protocol": transport_words.WORDS.index(transport)} if transport else {}), **subject}
    found: Matches = {f"ipv{version}": network}
    layer: dict[str, Any] = {key: {"operator": "eq", "port": port} for key, port in ports.items()}
    if transport == "tcp" and initiator:
        layer["ietf-mud:direction-initiated"] = "from-device" if initiator == "device" else "to-device"
    return {**found, transport: layer} if layer and transport in ("tcp", "udp") else found
