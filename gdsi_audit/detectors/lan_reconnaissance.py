"""Does the device explore the local network: who is there, what listens, what services they offer?

Looks for: addresses that were asked for and gave nothing, however slowly: by ARP or neighbour solicitation, by echo requests, by connections or
datagrams to one port of many hosts; many ports of one host tried in vain; discovery that asks for everything rather than for one's own kind (all
mDNS services and then each, every SSDP device and its description, NetBIOS name tables, names of local addresses). Known hosts that answer are no
sweep. Without a declaration a plain case is `medium`, a small one `low`; where destinations are declared and none covers it, one step more. A
declared `local-network` without transport and ports makes it `low`, one that names them `info`.

Also looks like this: a router or DHCP server that checks which addresses are free (recognised by its role); an application that maps a network
because its user asked for that; a hub that has lost many of its devices at once. Declare a destination of class `local-network` with the transport
and ports that the function needs.

References: RFC 826; RFC 4861 section 7.2; RFC 5157 (scanning of IPv6 networks); RFC 6762; RFC 6763 section 9; UPnP Device Architecture 2.0;
RFC 1002 section 4.2.17; MITRE ATT&CK T1018, T1046 and T1595.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.columns import Columns
from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._from_flows import ends, finding
from gdsi_audit.detectors._harvest import Harvest, harvests
from gdsi_audit.detectors._probes import (
    ADVERTISEMENT,
    SOLICITATION,
    SOLICITED_NODE,
    Sweep,
    brief,
    fruitless,
    near,
    own,
    port_sweeps,
    requests,
    serves_the_link,
    sweeps,
)
from gdsi_audit.detectors._standing import at_most, standing
from gdsi_audit.finding import Finding
from gdsi_audit.flow_kinds import parsed_address
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-3", "GDSI-7")

NAME = "lan_reconnaissance"
UPKEEP = ("arp", "icmp6")
MOST_PINGS = 3
"""To one host, by somebody who wants to know whether it is there."""
ONE_STEP_MORE = {"low": "medium", "medium": "high"}
ALTERNATIVES = (
    "a network scanner or an inventory that its user started",
    "a router or server that looks for free addresses",
    "a hub that looks for devices that were switched off",
)


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    fewest_silent_hosts: int = 8,
    plain_hosts: int = 16,
    fewest_ports: int = 10,
    plain_ports: int = 30,
    fewest_service_types: int = 10,
    fewest_described_hosts: int = 3,
    fewest_names: int = 10,
) -> Iterator[Finding]:
    """See `Detector`. `plain_hosts`, `plain_ports`: from here on it is no small case."""
    flows = traffic.tables.flows
    mine = own(flows) & brief(flows)
    empty = fruitless(flows)
    tried = mine & empty
    swept: frozenset[int] = frozenset()
    """Positions of what is already spoken of."""
    if np.count_nonzero(tried) >= min(fewest_silent_hosts // 2, fewest_ports) or np.count_nonzero(requests(flows)) >= 3 * fewest_silent_hosts:
        local = near(traffic)
        found = list(_sweeps(traffic, mine & local, empty, fewest_silent_hosts))
        swept = frozenset(row for one in found for row in one.rows.tolist())
        if found:
            yield from _swept(traffic, declaration, found, plain_hosts)
        yield from _ports(traffic, declaration, tried & local, fewest_ports, plain_ports)
    elif flows.is_any("transport", ("icmp6",)).any():
        found = list(_solicited(traffic, fewest_silent_hosts))
        if found:
            yield from _swept(traffic, declaration, found, plain_hosts)
    harvested = harvests(traffic, service_types=fewest_service_types, hosts=fewest_described_hosts, names=fewest_names)
    asked = [one for one in harvested if not one.rows <= swept]
    if asked:
        yield from _harvested(traffic, declaration, asked)


def _sweeps(traffic: DeviceTraffic, among: NDArray[np.bool_], empty: NDArray[np.bool_], fewest: int) -> Iterator[Sweep]:
    """What the link needs (ARP, neighbour discovery) and pings are a router's business; connections to many hosts are nobody's."""
    flows = traffic.tables.flows
    remote = flows.codes("remote_addr")
    carries = flows.is_any("transport", ("tcp", "udp", "sctp"))
    yield from sweeps(flows, among & carries, empty, fewest_silent=fewest)
    if serves_the_link(traffic):
        return
    unheard = ~np.isin(remote, remote[flows["down_pkts"] > 0])
    arp = among & flows.is_any("transport", ("arp",))
    arp[arp] = flows["local_addr"][arp] != flows["remote_addr"][arp]
    yield from sweeps(flows, arp, unheard, fewest_silent=fewest)
    pings = among & requests(flows)
    yield from (one for one in sweeps(flows, pings, empty, fewest_silent=0) if _is_ping_sweep(flows, one, fewest))
    yield from _solicited(traffic, fewest)


def _is_ping_sweep(flows: Columns, one: Sweep, fewest: int) -> bool:
    """Many that do not answer, or very many that are asked once: whoever watches known hosts asks them again."""
    asked_once = int(flows["up_pkts"][one.rows].max()) <= MOST_PINGS and one.rows.size == one.hosts
    return (one.hosts >= fewest and 2 * one.silent >= fewest) or (one.hosts >= 3 * fewest and asked_once)


def _solicited(traffic: DeviceTraffic, fewest: int) -> Iterator[Sweep]:
    """Neighbour solicitations: each goes to the group of its target's last 24 bits (RFC 4291 section 2.7.1)."""
    flows = traffic.tables.flows
    asks = flows.is_any("transport", ("icmp6",)) & flows["device_is_originator"] & (flows["local_port"] == SOLICITATION)
    rows = np.flatnonzero(asks)
    part = flows.take(rows)
    codes, words = part.codes("remote_addr"), part.words("remote_addr")
    groups = {code for code in np.unique(codes).tolist() if words[code].startswith(SOLICITED_NODE)}
    if len(groups) < fewest or serves_the_link(traffic):
        return
    heard = {_last_24_bits(address) for address in flows.take(flows["down_pkts"] > 0).distinct("remote_addr")}
    told = flows.is_any("transport", ("icmp6",)) & ~flows["device_is_originator"] & (flows["remote_port"] == ADVERTISEMENT)
    heard |= {_last_24_bits(address) for address in flows.take(told).distinct("remote_addr")}
    silent = [code for code in groups if _last_24_bits(words[code]) not in heard]
    if len(silent) >= fewest:
        yield Sweep("neighbour discovery", 0, len(groups), len(silent), rows[np.isin(codes, list(groups))])


def _last_24_bits(address: str) -> int:
    parsed = parsed_address(address)
    return int(parsed) & 0xFFFFFF if parsed is not None else -1


def _swept(traffic: DeviceTraffic, declaration: Declaration, found: Sequence[Sweep], plain_hosts: int) -> Iterator[Finding]:
    rows = np.unique(np.concatenate([one.rows for one in found]))
    widest = max(found, key=lambda one: one.hosts)
    plain = any(one.hosts >= plain_hosts and 4 * one.silent >= one.hosts for one in found)
    graded = _graded(traffic, declaration, rows, plain=plain)
    if graded is None:
        return
    flows = traffic.tables.flows.take(rows)
    lasted_s = (int(ends(flows).max()) - int(flows["start"].min())) / 1e9
    ways = "; ".join(f"{one.title} to {one.hosts:,} addresses, of which {one.silent:,} gave nothing" for one in found[: _subjects.MOST_SHOWN])
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject="hosts of the local network",
        severity=graded[0],
        confidence="high" if plain else "medium",
        commitments=COMMITMENTS,
        observation=f"{_who(traffic, declaration)} went through local addresses within {lasted_s:,.0f} s: {ways}; {graded[1]}.",
        inference="It looked for hosts that it did not know, which a function that talks to known devices does not need.",
        alternatives=ALTERNATIVES,
        refuted_by="A list of the device's known peers that holds the addresses asked, or a scan that its user started at that time.",
        measures={"hosts": widest.hosts, "silent_hosts": max(one.silent for one in found), "lasted_s": round(lasted_s, 3)},
    )


def _ports(traffic: DeviceTraffic, declaration: Declaration, tried: NDArray[np.bool_], fewest: int, plain: int) -> Iterator[Finding]:
    flows = traffic.tables.flows
    carries = flows.is_any("transport", ("tcp", "udp", "sctp"))
    for address, ports, rows in port_sweeps(flows, tried & carries, fewest_ports=fewest):
        graded = _graded(traffic, declaration, rows, plain=ports >= plain)
        if graded is not None:
            yield finding(
                traffic,
                rows,
                detector=NAME,
                subject=f"ports of {address}",
                severity=graded[0],
                confidence="high" if ports >= plain else "medium",
                commitments=COMMITMENTS,
                observation=f"{_who(traffic, declaration)} tried {ports:,} ports of the local host {address} in vain; {graded[1]}.",
                inference="It looked for services that listen on that host.",
                alternatives=(*ALTERNATIVES[:1], "a peer whose service was restarting on changing ports"),
                refuted_by="A service of that host that hands out these ports, or a scan that its user started at that time.",
                measures={"ports": ports},
            )


def _harvested(traffic: DeviceTraffic, declaration: Declaration, found: Sequence[Harvest]) -> Iterator[Finding]:
    rows = np.array(sorted(frozenset().union(*(one.rows for one in found))), np.intp)
    graded = _graded(traffic, declaration, rows, plain=any(one.strong for one in found))
    if graded is not None:
        yield finding(
            traffic,
            rows,
            detector=NAME,
            subject="services of the local network",
            severity=graded[0],
            confidence="medium",
            commitments=COMMITMENTS,
            observation=f"{_who(traffic, declaration)} {'; '.join(one.words for one in found)}; {graded[1]}.",
            inference="It gathered what other devices of this network are and offer, beyond looking for its own kind.",
            alternatives=("an application that shows its user all devices of the network", "a hub that supports many kinds of device"),
            refuted_by="A function of the product that needs every one of these kinds of device.",
        )


def _who(traffic: DeviceTraffic, declaration: Declaration) -> str:
    who = _subjects.audited(traffic, declaration)
    return who[0].upper() + who[1:]


def _graded(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], *, plain: bool) -> tuple[str, str] | None:
    """(severity, how the declaration stands to it); None: not to be judged."""
    flows = traffic.tables.flows
    judged = rows[~flows.take(rows).is_any("transport", UPKEEP) & (flows["up_pkts"][rows] > 0)]  # answers alone are not the device's doing
    severity = "medium" if plain else "low"
    if not judged.size:
        return _graded_upkeep(declaration, severity)
    stands = standing(traffic, declaration, judged)
    if not stands.judged:
        return None
    if not stands.declared:
        return (ONE_STEP_MORE[severity], "no item declares it") if stands.undeclared else (severity, "nothing is declared of it")
    if stands.destination is not None and stands.destination.ports:
        return "info", f"{stands.destination.title} is declared with these ports"
    return at_most(severity, "low"), "the declaration covers local hosts and says nothing of going through them"


def _graded_upkeep(declaration: Declaration, severity: str) -> tuple[str, str]:
    """ARP and neighbour discovery need no declaration; asking for everybody is more than keeping a link up."""
    if any(item.klass == "local-network" for item in declaration.destinations):
        return at_most(severity, "low"), "the declaration covers local hosts and says nothing of going through them"
    stated = bool(declaration.destinations) or declaration.closed
    return (ONE_STEP_MORE[severity], "no item declares local hosts") if stated else (severity, "nothing is declared of it")
