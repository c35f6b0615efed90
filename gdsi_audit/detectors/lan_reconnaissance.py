"""Does the device explore the local network: who is there, what listens, what services they offer?

Looks for: addresses that were asked for and gave nothing, however slowly: by ARP or neighbour solicitation, by echo requests, by connections or
datagrams to one port of many hosts; many ports of one host tried in vain; discovery that asks for everything rather than for one's own kind (all
mDNS services and then each, every SSDP device and its description, NetBIOS name tables, names of local addresses that it exchanges nothing with).
Known hosts that answer are no sweep. Hosts and ports that it went through are one finding, what it asked of services another. Without a declaration
a plain case is `medium`, a small one `low`; where destinations are declared and none covers it, one step more. A declared `local-network` without
transport and ports makes it `low`, one that names them `info`.

Also looks like this: a router or DHCP server that checks which addresses are free (recognised by its role); an application that maps a network
because its user asked for that; a hub that has lost many of its devices at once. Declare a destination of class `local-network` with the transport
and ports that the function needs.

References: RFC 826; RFC 4861 section 7.2; RFC 5157 (scanning of IPv6 networks); RFC 6762; RFC 6763 section 9; UPnP Device Architecture 2.0;
RFC 1002 section 4.2.17; MITRE ATT&CK T1018, T1046 and T1595.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._from_flows import ends, finding
from gdsi_audit.detectors._harvest import harvests
from gdsi_audit.detectors._local_sweeps import Way, ports_tried, swept
from gdsi_audit.detectors._standing import at_most, standing
from gdsi_audit.findings.finding import SEVERITIES, Finding
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-3", "GDSI-7")

NAME = "lan_reconnaissance"
UPKEEP = ("arp", "icmp6")
ONE_STEP_MORE = {"low": "medium", "medium": "high"}


class Kind(NamedTuple):
    """What findings of one kind say beyond what was seen."""

    inference: str
    alternatives: tuple[str, ...]
    refuted_by: str


SCANNER = "a network scanner or an inventory that its user started"
HOSTS = Kind(
    "It looked for hosts that it did not know, which a function that talks to known devices does not need.",
    (SCANNER, "a router or server that looks for free addresses", "a hub that looks for devices that were switched off"),
    "A list of the device's known peers that holds the addresses asked, or a scan that its user started at that time.",
)
PORTS = Kind(
    "It looked for services that listen on that host.",
    (SCANNER, "a peer whose service was restarting on changing ports"),
    "A service of that host that hands out these ports, or a scan that its user started at that time.",
)
SERVICES = Kind(
    "It gathered what other devices of this network are and offer, beyond looking for its own kind.",
    ("an application that shows its user all devices of the network", "a hub that supports many kinds of device"),
    "A function of the product that needs every one of these kinds of device.",
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
    hosts = swept(traffic, fewest_silent_hosts, plain_hosts)
    ports = ports_tried(traffic, fewest_ports, plain_ports)
    if hosts:
        yield from _finding(traffic, declaration, [*hosts, *ports], "hosts of the local network", HOSTS)
    elif ports:
        subject = f"ports of {ports[0].address}" if len(ports) == 1 else f"ports of {len(ports)} local hosts"
        yield from _finding(traffic, declaration, ports, subject, PORTS)
    told = frozenset(row for one in hosts for row in one.rows.tolist())
    harvested = harvests(traffic, service_types=fewest_service_types, hosts=fewest_described_hosts, names=fewest_names)
    asked = [Way(one.words, one.strong, np.array(sorted(one.rows), np.intp)) for one in harvested if not one.rows <= told]
    if asked:
        yield from _finding(traffic, declaration, asked, "services of the local network", SERVICES)


def _finding(traffic: DeviceTraffic, declaration: Declaration, ways: Sequence[Way], subject: str, kind: Kind) -> Iterator[Finding]:
    """All that the device did of one kind; the ways that the declaration covers worst decide."""
    graded = [(_graded(traffic, declaration, one), one) for one in ways]
    judged = [(grade, one) for grade, one in graded if grade is not None]
    if not judged:
        return
    (severity, says), _ = max(judged, key=lambda pair: SEVERITIES.index(pair[0][0]))
    told = [one for _, one in judged]
    rows = np.unique(np.concatenate([one.rows for one in told]))
    flows = traffic.tables.flows.take(rows)
    lasted_s = (int(ends(flows).max()) - int(flows["start"].min())) / 1e9
    who = _subjects.opening(traffic, declaration)
    more = f"; and {len(told) - _subjects.MOST_SHOWN} more of the kind" if len(told) > _subjects.MOST_SHOWN else ""
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=subject,
        severity=severity,
        confidence="high" if kind is not SERVICES and any(one.plain for one in told) else "medium",
        commitments=COMMITMENTS,
        observation=f"{who}, {_subjects.lasted(lasted_s)}, {'; '.join(one.words for one in told[: _subjects.MOST_SHOWN])}{more}; {says}.",
        inference=kind.inference,
        alternatives=kind.alternatives,
        refuted_by=kind.refuted_by,
        measures={**{name: max(one.measures.get(name, 0) for one in told) for one in told for name in one.measures}, "lasted_s": round(lasted_s, 3)},
    )


def _graded(traffic: DeviceTraffic, declaration: Declaration, way: Way) -> tuple[str, str] | None:
    """(severity, how the declaration stands to it); None: not to be judged."""
    flows, rows = traffic.tables.flows, way.rows
    judged = rows[~flows.take(rows).is_any("transport", UPKEEP) & (flows["up_pkts"][rows] > 0)]  # answers alone are not the device's doing
    severity = "medium" if way.plain else "low"
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
