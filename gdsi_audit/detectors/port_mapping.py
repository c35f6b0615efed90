"""Does the device have the router open a way in from the internet?

Looks for: requests to the gateway for a port mapping or a pinhole (UPnP AddPortMapping, AddAnyPortMapping and AddPinhole, NAT-PMP, PCP), and whether
they were granted. A declared `[[listener]]` with `from = "anywhere"` on that port makes it `info`; one with `from = "local"` or a prefix is
contradicted. Without a declaration, and where none of its listeners is that port, an open way in is an open way in. What only asks for the outer
address, lists mappings or gives one back is left alone.

Also looks like this: game consoles, calls and file sharing, which open ports while they are used; a server that its user runs. Declare a listener
with `from = "anywhere"`.

References: UPnP InternetGatewayDevice:2, WANIPConnection:2 and WANIPv6FirewallControl:1; RFC 6886 (NAT-PMP); RFC 6887 (PCP); RFC 6092 section 3.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gdsi_audit.declarations import Declaration, Listener
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._exchanges import frames_of
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._mappings import Mapping, mappings
from gdsi_audit.detectors._standing import at_most, broken
from gdsi_audit.findings.finding import SEVERITIES, Broken, Finding
from gdsi_audit.findings.quantities import counted
from gdsi_audit.matching import matches
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-7",)

NAME = "port_mapping"
PROTOCOLS = frozenset({"http", "nat_pmp", "pcp"})
GRANTS = {True: "granted", False: "refused", None: "answer not seen"}
ALTERNATIVES = (
    "a call, game or file transfer that the user began, for as long as it lasts",
    "a server on the device that its user wants to reach from outside",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_shown: int = 20) -> Iterator[Finding]:
    """See `Detector`. `most_shown`: ports with a finding of their own; a device that asks for more gets one finding for the rest."""
    if not traffic.messages.keys() & PROTOCOLS:
        return
    wishes: dict[tuple[str, str, int], list[Mapping]] = {}
    for one in mappings(traffic):
        wishes.setdefault((one.client, one.transport, one.internal_port or one.external_port), []).append(one)
    if declaration.product.scope.startswith("app:"):
        wishes = {key: found for key, found in wishes.items() if _is_apps(traffic, declaration, found)}
    for client, transport, port in sorted(wishes)[:most_shown]:
        subject = f"{transport or 'port'}/{port or 'unknown'}{f' of {client}' if client else ''}"
        yield _finding(traffic, declaration, wishes[client, transport, port], subject)
    if len(wishes) > most_shown:
        rest = [one for key in sorted(wishes)[most_shown:] for one in wishes[key]]
        yield _finding(traffic, declaration, rest, f"{len(wishes) - most_shown} more ports")


def _is_apps(traffic: DeviceTraffic, declaration: Declaration, found: Sequence[Mapping]) -> bool:
    """With the app declared alone, what others ask for is not its business. A gateway of the bench is no reason to be silent: the way in stays."""
    matched = matches(traffic, declaration).take(np.array([one.row for one in found], np.intp))
    return bool((~matched.is_any("verdict", ("background",))).any())


def _finding(traffic: DeviceTraffic, declaration: Declaration, found: Sequence[Mapping], subject: str) -> Finding:
    rows = np.array(sorted({one.row for one in found}), np.intp)
    flows = traffic.tables.flows.take(rows)
    best = max(found, key=lambda one: (one.granted is True, one.granted is None))
    graded = [_graded(declaration, one) for one in found if one.granted == best.granted]
    severity, contradicts, says = max(graded, key=lambda one: (SEVERITIES.index(one[0]), bool(one[1])))
    who = _subjects.opening(traffic, declaration)
    ways = " and ".join(sorted({one.way for one in found}))
    wanted = sorted({one.external_port for one in found if one.external_port})
    ports = f" as outer port {_subjects.listed(wanted)}" if wanted else ""
    peers = sorted({one.peer for one in found if one.peer})
    only = f", for {_subjects.listed(peers)} alone" if peers and all(one.peer for one in found) else ""
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=subject,
        severity=severity,
        confidence="high" if best.granted else "medium",
        commitments=COMMITMENTS,
        observation=f"{who} asked {_subjects.listed(flows['remote_addr'].tolist())} by {ways} "
        f"{counted(len(found), 'time')} to let the internet reach {subject}{ports}{only} ({GRANTS[best.granted]}); {says}.",
        inference="Whoever finds the outer address can reach this port from anywhere, through a router that is meant to keep them out."
        if best.granted is not False
        else "It wanted to be reached from anywhere; the router did not allow it.",
        alternatives=ALTERNATIVES,
        refuted_by="The vendor's description of the service on this port, or its end when the function is switched off.",
        contradicts=contradicts,
        measures={"requests": len(found), "granted": sum(one.granted is True for one in found)},
        frames=frames_of([message for one in found for message in one.messages]),
    )


def _graded(declaration: Declaration, one: Mapping) -> tuple[str, tuple[Broken, ...], str]:
    """(severity, what it contradicts, how the declaration stands to it)."""
    listeners = [] if one.client else [listener for listener in declaration.listeners if _is_port(listener, one)]
    if any(listener.sender == "anywhere" for listener in listeners):
        return "info", (), "declared as a listener for everybody"
    severity = SEVERITY if declaration.given else "medium"
    if one.granted is False or one.peer:
        severity = at_most(severity, "medium" if declaration.given else "low")
    if listeners:
        sender = listeners[0].sender
        return severity, broken(listeners[0].source, "listener", "from"), f'declared as a listener from "{sender}"'
    return severity, (), "no declared listener is this port" if declaration.given else "nothing is declared of it"


def _is_port(listener: Listener, one: Mapping) -> bool:
    return listener.port in (one.internal_port, one.external_port) and one.transport in (listener.transport, "any", "")
