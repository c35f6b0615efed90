"""Does the device attack others: scan, flood, guess passwords, use others' servers for it, or operate industrial controllers?

Looks for: addresses of the internet without a name that were tried on one port and gave nothing, and many ports of one host, however slowly;
connection attempts, connections, datagrams or echo requests to one host at a rate that no use explains; queries to services that answer many times
over (reflectors); log-ins that a server refused again and again, or many short sessions alike with one log-in service, local hosts included; requests
of Modbus, S7, DNP3, IEC 60870-5-104 or BACnet that write, operate, stop or restart. No declaration absolves what the wire shows plainly: it stays
`medium` or more. Sessions alike are `low`; `medium` where no script explains how many came so fast, or several at once; nothing where the party is
declared, and where they come slowly at a fixed interval. Industrial writes to a declared local controller are `info`, to one of which nothing is
declared `low`.

Also looks like this: peer-to-peer networks whose members are gone (many ports, not one); a server that is down (one host, one port, seldom); a
browser that opens dozens of connections; traceroute; a script that logs in by SSH every minute; a building or energy controller at work. Declare
the destination with its ports.

References: RFC 4732 (denial of service); RFC 5358 (reflectors); MODBUS Application Protocol 1.1b3; IEEE 1815; IEC 60870-5-104; ASHRAE 135; MITRE
ATT&CK T1046, T1110, T1498 and T0855.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _attack_findings, _subjects
from gdsi_audit.detectors._attack_findings import ALIKE, FLOOD, OPERATED, PORT_SCAN, REFLECTION, REFUSED, SCAN, Speaker
from gdsi_audit.detectors._floods import Flood, floods
from gdsi_audit.detectors._internet_scans import scanned_ports, scans
from gdsi_audit.detectors._logins import POOLED, Guessing, alike, refused
from gdsi_audit.detectors._operations import operations
from gdsi_audit.detectors._probes import Sweep, brief, fruitless, near, own
from gdsi_audit.detectors._reflectors import reflectors
from gdsi_audit.findings.finding import Finding
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = _attack_findings.SEVERITY
COMMITMENTS = _attack_findings.COMMITMENTS

SEVERAL_AT_ONCE = 4
"""Sessions with one service: who works on a host has one, and its helper another."""


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    fewest_hosts: int = 10,
    fewest_ports: int = 15,
    fewest_pkts: int = 300,
    fewest_sessions: int = 300,
    least_per_s: float = 20.0,
    fewest_reflectors: int = 3,
    fewest_refused: int = 5,
    fewest_alike: int = 6,
) -> Iterator[Finding]:
    """See `Detector`."""
    flows = traffic.tables.flows
    say = Speaker(traffic, declaration)
    began = own(flows)
    away = began & ~near(traffic)
    scanned: set[str] = set()
    probing = away & brief(flows)
    if np.count_nonzero(probing & fruitless(flows)) >= min(fewest_hosts // 2, fewest_ports):
        yield from _scanned(say, list(scans(flows, probing, fewest_hosts=fewest_hosts)))
        for address, count, rows in scanned_ports(flows, probing, fewest_ports=fewest_ports):
            scanned.add(address)
            yield from say.plain(PORT_SCAN, rows, f"ports of {address}", f"tried {count:,} ports of {address} in vain")
    found = floods(flows, away, fewest_pkts=fewest_pkts, fewest_sessions=fewest_sessions, least_per_s=least_per_s)
    yield from _flooded(say, (flood for flood in found if flood.address not in scanned))
    for use in reflectors(traffic, away, fewest=fewest_reflectors):
        yield from say.plain(REFLECTION, use.rows, f"reflectors: {use.service}", use.words)
    yield from _guessed(say, began, fewest_refused, fewest_alike)
    yield from _operated(say)


def _scanned(say: Speaker, found: list[Sweep]) -> Iterator[Finding]:
    if found:
        rows = np.unique(np.concatenate([scan.rows for scan in found]))
        ways = "; ".join(f"{one.title} of {one.hosts:,} addresses, of which {one.silent:,} gave nothing" for one in found[: _subjects.MOST_SHOWN])
        more = f"; and {len(found) - _subjects.MOST_SHOWN} services more" if len(found) > _subjects.MOST_SHOWN else ""
        yield from say.plain(SCAN, rows, "hosts of the internet", f"tried addresses that no look-up had given it: {ways}{more}")


def _flooded(say: Speaker, found: Iterable[Flood]) -> Iterator[Finding]:
    """Datagrams to a declared party are left alone: one-way media, to whom they are meant for."""
    for flood in found:
        if not (flood.what.startswith("datagrams") and say.standing(flood.rows).declared):
            says = f"sent {flood.address} {flood.amount:,} {flood.what}, {flood.per_second:,.0f} a second"
            yield from say.plain(FLOOD, flood.rows, f"flood of {flood.address}", says)


def _guessed(say: Speaker, began: NDArray[np.bool_], fewest_refused: int, fewest_alike: int) -> Iterator[Finding]:
    told: set[str] = set()
    for guess in refused(say.traffic, fewest=fewest_refused):
        told.add(guess.address)
        says = f"was refused {guess.tries:,} log-ins by {guess.service} of {guess.address}, {_subjects.lasted(guess.lasted_s)}"
        yield from say.plain(REFUSED, guess.rows, f"log-ins at {guess.address}", says)
    for guess in alike(say.traffic.tables.flows, began, fewest=fewest_alike):
        if guess.address not in told:
            yield from _sessions_alike(say, guess, fewest_alike)


def _sessions_alike(say: Speaker, guess: Guessing, fewest: int) -> Iterator[Finding]:
    """Weak by itself: what a script does every minute looks the same, so rate and number must speak for it, or sessions side by side."""
    stands = say.standing(guess.rows)
    fast = guess.lasted_s <= 30.0 * guess.tries
    if stands.judged and not stands.declared and (fast or (guess.tries >= 5 * fewest and not guess.regular)):
        side_by_side = guess.at_once >= SEVERAL_AT_ONCE
        many = (side_by_side or guess.tries >= 3 * fewest) and guess.service not in POOLED
        says = f"opened {guess.tries:,} short sessions alike with {guess.service} of {guess.address}, {_subjects.lasted(guess.lasted_s)}"
        says += f", up to {guess.at_once:,} at once" if side_by_side else ""
        severity = "medium" if stands.undeclared or (many and guess.lasted_s <= 10.0 * guess.tries) else "low"
        yield say.finding(ALIKE, guess.rows, f"log-ins at {guess.address}", says, severity, stands)


def _operated(say: Speaker) -> Iterator[Finding]:
    for one in operations(say.traffic):
        stands = say.standing(one.rows)
        milder, worse = ("info", "low") if one.local else ("low", "medium")
        if stands.judged:
            severity = milder if stands.declared else SEVERITY if stands.undeclared else worse
            yield say.finding(OPERATED, one.rows, f"{one.protocol} of {one.address}", one.words, severity, stands, one.frames)
