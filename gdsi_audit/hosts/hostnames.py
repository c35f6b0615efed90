"""What hosts call themselves, and which of them offer to be routers: DHCP, router advertisements, mDNS, NetBIOS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gdsi_audit.hosts.devices import Hosts
from gdsi_audit.packets.address import mac_text, value
from gdsi_audit.protocols import Message, mdns

MOST_NAMES_PER_HOST = 8

Messages = Mapping[str, Sequence[Message]]


def gateways(messages: Messages) -> set[tuple[int, int]]:
    """Addresses (hi, lo) that DHCP servers gave as their own or as routers."""
    claimed = {address for message in messages.get("dhcp", ()) for address in (*message.body.routers, message.body.server_id) if address}
    return {value(address) for address in claimed}


def offered(messages: Messages) -> dict[str, tuple[str, ...]]:
    """Servers that DHCP, DHCPv6 or router advertisements offered: addresses by role, `resolver` and `time`."""
    leases = [message.body for kind in ("dhcp", "dhcpv6") for message in messages.get(kind, ())]
    of_routers = [address for message in messages.get("router_advertisement", ()) for address, _ in message.body.resolvers]
    resolvers = {address for lease in leases for address in lease.dns_servers} | set(of_routers)
    clocks = {address for lease in leases for address in lease.ntp_servers}
    servers = {"resolver": tuple(sorted(resolvers)), "time": tuple(sorted(clocks))}
    return {role: addresses for role, addresses in servers.items() if addresses}


def hostnames(messages: Messages, hosts: Hosts) -> dict[str, tuple[str, ...]]:
    """By host id: its names in display form, in the order in which they were heard, at most MOST_NAMES_PER_HOST."""
    everyone = (*hosts.devices, *hosts.background)
    host_of = {address: host.id for host in everyone for address in host.address_texts}
    host_of |= {mac: host.id for host in everyone for mac in host.mac_texts}
    heard: dict[str, dict[str, None]] = defaultdict(dict)
    for who, name in _claims(messages):
        host = host_of.get(who)
        if host is not None and name and len(heard[host]) < MOST_NAMES_PER_HOST:
            heard[host].setdefault(name)
    return {host: tuple(names) for host, names in heard.items()}


def _claims(messages: Messages) -> Iterator[tuple[str, str]]:
    """(MAC or address, the name it claims)."""
    for message in (*messages.get("dhcp", ()), *messages.get("dhcpv6", ())):
        if message.body.client_mac:
            yield from ((mac_text(message.body.client_mac), name) for name in _of_lease(message))
    for message in messages.get("mdns", ()):
        yield from ((address, name) for name, address, _ in mdns.hosts(message.body))
    for message in messages.get("nbns", ()):
        yield from ((address, name) for name, address in message.body.hosts())


def _of_lease(message: Message) -> Iterable[str]:
    names = (message.body.fqdn, getattr(message.body, "hostname", ""))
    return (name for name in names if name)
