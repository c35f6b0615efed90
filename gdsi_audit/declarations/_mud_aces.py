"""One access control entry of a MUD file (RFC 8520 section 8, RFC 8519) in the terms of a declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, TypeVar

from gdsi_audit.declarations import _checks as check
from gdsi_audit.declarations._checks import Wrong, kind_of
from gdsi_audit.declarations._network_checks import HIGHEST_PORT
from gdsi_audit.naming import names
from gdsi_audit.packets import transport_words

Found = TypeVar("Found")
Ports = tuple[tuple[int, int], ...]

CLASSES = {"urn:ietf:params:mud:dns": "resolver", "urn:ietf:params:mud:ntp": "time"}
HOP_BY_HOP = 0
IP_ETHERTYPES = ("0x0800", "0x86dd", "ipv4", "ipv6")

MUD = "ietf-mud:mud"
_KEYS = {
    "ipv4": ("protocol", "dnsname", "network"),
    "ipv6": ("protocol", "dnsname", "network"),
    "tcp": ("source-port", "destination-port", "direction-initiated"),
    "udp": ("source-port", "destination-port"),
    MUD: ("local-networks", "controller", "my-controller", "manufacturer", "same-manufacturer", "model"),
}


@dataclass(frozen=True, slots=True)
class Traffic:
    """What an entry lets through, seen from the device. Two entries of opposite policies with equal traffic mirror each other."""

    name: str = ""
    network: IPv4Network | IPv6Network | None = None
    klass: str = ""
    needs: str = ""
    transport: str = ""
    ports: Ports = ()
    source_ports: Ports = ()


@dataclass(frozen=True, slots=True)
class Ace:
    """An entry, read."""

    traffic: Traffic | None
    """None: it speaks of frames without IP, which are no flows."""
    initiator: str
    accepts: bool
    unused: tuple[str, ...]
    """Fields that were understood or not, and that nothing here is compared with."""


def read(ace: Mapping[str, object], *, from_device: bool) -> Ace:
    """The entry `ace` of the from-device or the to-device policy. Raises Wrong with the place inside the entry."""
    matches = _table(ace, "matches")
    parts = {name: _table(matches, name, "matches") for name in matches}
    unused = {f"{name}/{key}" for name, part in parts.items() for key in part if _plain(key, from_device) not in _KEYS.get(name, ())}
    if str(parts.get("eth", {}).get("ethertype", "")).lower() in IP_ETHERTYPES or _link_layer(parts):
        unused.discard("eth/ethertype")
    unused |= {key for key in ace if key not in ("name", "matches", "actions")}
    forwarding = check.text(_table(ace, "actions").get("forwarding", "")) if "actions" in ace else ""
    if forwarding.removeprefix("ietf-access-control-list:") not in ("accept", "drop", "reject"):
        raise Wrong("needs actions/forwarding: accept, drop or reject", "actions")
    traffic = None if _link_layer(parts) else _traffic(parts, from_device=from_device, unused=unused)
    return Ace(traffic, _initiator(parts), forwarding.endswith("accept"), tuple(sorted(unused)))


def _plain(key: str, from_device: bool) -> str:
    """`key` without its module; names and networks of the device's own side keep their full name, since nothing compares them."""
    key = key.rpartition(":")[2]
    remote = "dst-dnsname" if from_device else "src-dnsname", f"{'destination' if from_device else 'source'}-ipv"
    if key == remote[0]:
        return "dnsname"
    return "network" if key.startswith(remote[1]) and key.endswith("-network") else key


def _table(holder: Mapping[str, object], key: str, *above: str) -> Mapping[str, object]:
    found = holder.get(key)
    if not isinstance(found, dict):
        raise Wrong(f'"{key[:60]}" must be a table, not {kind_of(found)}', *above, key)
    return found


def _link_layer(parts: Mapping[str, Mapping[str, object]]) -> bool:
    return "eth" in parts and not {"ipv4", "ipv6"} & parts.keys() and str(parts["eth"].get("ethertype", "")).lower() not in IP_ETHERTYPES


def _initiator(parts: Mapping[str, Mapping[str, object]]) -> str:
    """Only TCP says who began (RFC 8520 section 3.18)."""
    found = [(key, value) for key, value in parts.get("tcp", {}).items() if key.rpartition(":")[2] == "direction-initiated"]
    for key, value in found:
        if value not in ("from-device", "to-device"):
            raise Wrong('direction-initiated must be "from-device" or "to-device"', "matches", "tcp", key)
        return "device" if value == "from-device" else "remote"
    return ""


def _traffic(parts: Mapping[str, Mapping[str, object]], *, from_device: bool, unused: set[str]) -> Traffic:
    transport = _transport(parts, unused)
    own, remote = ("source-port", "destination-port") if from_device else ("destination-port", "source-port")
    layer = next((name for name in ("tcp", "udp") if name in parts), "")
    ports = {key: _inside(_ports, parts[layer][key], layer, key) for key in (own, remote) if layer and key in parts[layer]}
    subject = _subject(parts, from_device=from_device, unused=unused)
    return replace(subject, transport=transport, ports=ports.get(remote, ()), source_ports=ports.get(own, ()))


def _transport(parts: Mapping[str, Mapping[str, object]], unused: set[str]) -> str:
    """By protocol number, else by the layer that is matched; a hop-by-hop header says nothing of what is behind it."""
    layers = [name for name in ("tcp", "udp", "icmp") if name in parts]
    if len(layers) > 1:
        raise Wrong(f"matches {' and '.join(layers)} at once", "matches", layers[1])
    layer = layers[0] if layers else ""
    family = next((name for name in ("ipv4", "ipv6") if name in parts), "")
    if "protocol" not in parts.get(family, {}):
        return "icmp6" if layer == "icmp" and family == "ipv6" else layer
    number = int(_inside(check.whole_between(0, 255), parts[family]["protocol"], family, "protocol"))
    transport = transport_words.WORDS[number]
    if number == HOP_BY_HOP:
        unused.add(f"{family}/protocol 0")
        return ""
    if layer and layer != transport.removesuffix("6"):
        raise Wrong(f"matches {layer} and protocol {number} at once", "matches", family, "protocol")
    return transport


def _subject(parts: Mapping[str, Mapping[str, object]], *, from_device: bool, unused: set[str]) -> Traffic:
    """Whom it is about: the narrowest of name, prefix and abstraction; without any of them, everybody."""
    found: list[Traffic] = []
    for family in ("ipv4", "ipv6"):
        for key, value in sorted(parts.get(family, {}).items(), key=lambda item: _plain(item[0], from_device)):
            reader = {"dnsname": _host, "network": _network}.get(_plain(key, from_device))
            found += [_inside(reader, value, family, key)] if reader else []
            unused |= {f"{family}/{key} of the other IP version"} if found and _is_other_version(found[-1], family) else set()
    found += [_inside(partial(_abstraction, key), value, MUD, key) for key, value in _known_abstractions(parts)]
    unused |= {f"{other.network or other.klass or other.needs} beside a narrower match" for other in found[1:] if other.klass != "local-network"}
    everybody = "::/0" if "ipv6" in parts and "ipv4" not in parts else "0.0.0.0/0"
    return found[0] if found else Traffic(network=ip_network(everybody))


def _is_other_version(subject: Traffic, family: str) -> bool:
    return subject.network is not None and f"ipv{subject.network.version}" != family


def _known_abstractions(parts: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, object]]:
    for key, value in parts.get(MUD, {}).items():
        if key not in _KEYS[MUD]:
            raise Wrong(f'has an unknown abstraction "{key[:60]}"{check.did_you_mean(key, _KEYS[MUD])}', "matches", MUD, key)
        yield key, value


def _abstraction(key: str, value: object) -> Traffic:
    if key in ("local-networks", "my-controller", "same-manufacturer"):
        if value != [None]:
            raise Wrong("must be [null], the empty type of YANG")
        return Traffic(klass="local-network") if key == "local-networks" else Traffic(needs=key)
    word = check.filled(value)
    return Traffic(klass=CLASSES[word]) if key == "controller" and word in CLASSES else Traffic(needs=f"{key} {word}")


def _host(value: object) -> Traffic:
    """inet:host: a name, exact, or an address."""
    text = check.text(value)
    if names.is_address(text):
        return Traffic(network=ip_network(text.strip("[]")))
    try:
        return Traffic(name=names.canonical_name(text))
    except ValueError as error:
        raise Wrong(f"is wrong: {error}") from error


def _network(value: object) -> Traffic:
    written = check.text(value)
    try:
        return Traffic(network=ip_network(written, strict=False))
    except ValueError as error:
        raise Wrong("is no address and no prefix") from error


def _ports(value: object) -> Ports:
    """RFC 8519 section 4.2: a range, or an operator and a port."""
    if not isinstance(value, dict):
        raise Wrong(f"must be a table, not {kind_of(value)}")
    number = check.whole_between(0, HIGHEST_PORT)
    if "lower-port" in value:
        low, high = number(value["lower-port"]), number(value.get("upper-port", value["lower-port"]))
        if low > high:
            raise Wrong("ends below its beginning")
        return ((low, high),)
    at = number(value.get("port"))
    ranges = {"eq": ((at, at),), "lte": ((0, at),), "gte": ((at, HIGHEST_PORT),), "neq": ((0, at - 1), (at + 1, HIGHEST_PORT))}
    operator = check.word_of(*ranges)(value.get("operator", "eq"))
    return tuple((low, high) for low, high in ranges[operator] if low <= high)


def _inside(reader: Callable[[Any], Found], value: object, *place: str) -> Found:
    try:
        return reader(value)
    except Wrong as wrong:
        raise Wrong(f'"{place[-1][:60]}" {wrong}', "matches", *place, *wrong.inside) from wrong
