"""Can somebody outside reach the device through a relay, or through a hole that it punched into the router?

Looks for: relays of TURN and how much went over them; peers that both ends sent to from behind their routers, by ICE or by datagrams from a port that
had just spoken with somebody else; the protocols by which cameras are reached from anywhere, PPPP and Kalay. Where no declaration speaks of
destinations it is `low`; the declared parties make it `info`; where only those that introduce are declared and the peers are not, `low`; where
nobody of them is, `medium`. What stays in the local network is left alone, and so is asking for one's own outer address.

Also looks like this: calls that the user makes (WebRTC does all of this); games; a private network that its user set up; peer-to-peer networks.
Declare the relays and the servers that introduce peers by name.

References: RFC 8489 (STUN); RFC 8656 (TURN); RFC 8445 (ICE); RFC 5128 (peer-to-peer across address translators); CVE-2019-11219 and CVE-2021-28372
(cameras that strangers could reach over PPPP and Kalay).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._exchanges import exchanges
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._rendezvous import punched, same_socket, stun_flows
from gdsi_audit.detectors._standing import at_most
from gdsi_audit.findings.finding import Finding
from gdsi_audit.matching import NOT_JUDGED, matches, possible
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-5", "GDSI-7")

NAME = "relay_traversal"
CAMERA_PROTOCOLS = {"pppp": "PPPP", "kalay": "Kalay"}
ALTERNATIVES = (
    "a call or game that the user began",
    "the user's own viewer, somewhere else, that looks at what the device shows",
    "a private network or file sharing that its user set up",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_peers: int = 8) -> Iterator[Finding]:
    """See `Detector`."""
    flows = traffic.tables.flows
    known = np.zeros(len(flows), np.bool_)
    for protocol, title in CAMERA_PROTOCOLS.items():
        rows = _rows_of(traffic, protocol)
        if rows.size:
            rows = same_socket(traffic, rows)
            known[rows] = True
            says = f"spoke {title}, by which cameras are reached from anywhere, with {_parties(traffic, rows)}"
            yield from _finding(traffic, declaration, rows, title, says)
    if "stun" in traffic.messages or "stun_tcp" in traffic.messages:
        yield from _by_stun(traffic, declaration, known)
    for peers in punched(traffic, known, most_peers=most_peers):
        port = int(flows["local_port"][peers[0]])
        rows = same_socket(traffic, peers)
        first = flows["remote_addr"][rows[np.argmin(flows["start"][rows])]]
        says = (
            f"exchanged datagrams from port {port}, on which it had spoken with {first}, with {_parties(traffic, peers)}, of which no look-up told it"
        )
        yield from _finding(traffic, declaration, rows, f"peers on port {port}", says)


def _rows_of(traffic: DeviceTraffic, protocol: str) -> NDArray[np.intp]:
    """Positions of the flows beyond the local network that speak it."""
    if protocol not in traffic.messages:
        return np.empty(0, np.intp)
    rows = np.unique([one.row for one in exchanges(traffic, protocol)]).astype(np.intp)
    return np.asarray(rows[~traffic.tables.flows["remote_is_local"][rows]])


def _by_stun(traffic: DeviceTraffic, declaration: Declaration, known: NDArray[np.bool_]) -> Iterator[Finding]:
    found = stun_flows(traffic)
    known[[one.row for one in found]] = True
    relays = np.array([one.row for one in found if one.relays], np.intp)
    allocated = np.array([one.row for one in found if one.allocated], np.intp)
    for party, places in grouped(_subjects.parties(traffic.tables.flows.take(relays))):
        rows = relays[places]
        used = np.isin(rows, allocated).any()
        says = f"{'used' if used else 'asked for'} the TURN relay {party} ({_moved(traffic, rows)})"
        yield from _finding(traffic, declaration, rows, f"relay {party}", says, ceiling=SEVERITY if used else "info")
    peers = np.array([one.row for one in found if one.peer], np.intp)
    if peers.size:
        rows = same_socket(traffic, peers)
        known[rows] = True
        says = f"found direct paths to {_parties(traffic, peers)} with ICE"
        yield from _finding(traffic, declaration, rows, "peers by ICE", says)


def _parties(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> str:
    flows = traffic.tables.flows.take(rows)
    return f"{_subjects.listed(_subjects.parties(flows).tolist())} ({_moved(traffic, rows)})"


def _moved(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> str:
    return _subjects.moved(traffic.tables.flows.take(rows))


def _finding(
    traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], subject: str, says: str, *, ceiling: str = SEVERITY
) -> Iterator[Finding]:
    graded = _graded(traffic, declaration, rows)
    if graded is None:
        return
    who = _subjects.opening(traffic, declaration)
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=subject,
        severity=at_most(graded[0], ceiling),
        confidence="medium",
        commitments=COMMITMENTS,
        observation=f"{who} {says}; {graded[1]}.",
        inference="Somebody outside can reach it through this path although the router lets nothing in, and who it is cannot be seen.",
        alternatives=ALTERNATIVES,
        refuted_by="The user's own use of the device at that time, or the vendor's description of who may reach it this way.",
    )


def _graded(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp]) -> tuple[str, str] | None:
    """(severity, how the declaration stands to it); None: not to be judged."""
    matched = matches(traffic, declaration).take(rows)
    judged = ~matched.is_any("verdict", NOT_JUDGED)
    if not judged.any():
        return None
    declared = matched.is_any("verdict", ("declared", "ambiguous"))[judged]
    if declared.all():
        sure = matched.is_any("verdict", ("declared",))[judged].all()
        return "info", "all of these parties are declared" if sure else "all of these parties have declared names, or one among several"
    if possible(traffic, declaration, rows[judged]):
        return "info", "no name of theirs could be seen, and a declared one may be meant"
    if declared.any():
        return "low", "some of these parties are declared, the others are not"
    if declaration.destinations or declaration.closed:
        return SEVERITY, "none of these parties is declared"
    return "low", "nothing is declared of it"
