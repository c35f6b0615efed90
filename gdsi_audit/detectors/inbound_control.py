"""Does somebody else operate the device: through a session that the device answers, or a shell that it hands out itself?

Looks for: shells over telnet or a bare connection, SSH, ADB, VNC, remote desktops, RTSP, accepted web requests that change something, SNMP set,
industrial control (Modbus, S7, DNP3, IEC 104, BACnet) that changes something, and connection requests of CPE WAN management, in flows that another
host began and the device answered; and reverse shells, in which the device called and then shows its prompt and the output of the other side's
commands, through a broker of MQTT as well, or serves SSH to whom it called (`high`, `low` where the party is declared).
Without a password, from outside, a shell is `high` and other control at least `medium`, whatever is declared; inside the local network a shell is
`medium`, other control `low`. Behind a login or encrypted it follows the declaration: `high` where it is not declared, `medium` where nothing is,
`low` inside the local network, `info` where the port is declared.

Also looks like this: its owner at the app, a technician at the console, a support session that the owner asked for, a test of the auditor's own. Name
the tester's machines in `[[bench]]`, declare the port with `[[listener]]`; a shell without a password stays at least `medium`.

References: RFC 854; RFC 4253; RFC 6143; RFC 7826; Broadband Forum TR-069 section 3.2.2; MITRE ATT&CK T1059, T1021; ETSI EN 303 645 provision 5.1-1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._answers import answered, listener_at
from gdsi_audit.detectors._control import called_home, handed_out, sessions
from gdsi_audit.detectors._control_sessions import ASKED, ENCRYPTED, OPEN, Session
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._shells import PROTOCOLS
from gdsi_audit.detectors._standing import Standing, broken, standing
from gdsi_audit.detectors._who_began import inbound
from gdsi_audit.findings.finding import Finding
from gdsi_audit.findings.quantities import counted
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-5", "GDSI-7")

NAME = "inbound_control"
OPERATING = ("shell", "debug bridge", "screen")
"""Kinds that hand over the whole device."""
INFERENCE = {
    True: "The device called out and hands its command line to whoever is there: firewalls that let it call do not stop that.",
    False: "Whoever opens such a session can operate the device, as far as the session allows.",
}
ALTERNATIVES = (
    "its owner, or a technician whom the owner asked, at work",
    "a test of the auditor's own, from a machine that the declaration does not list as bench",
    "text that only looks like the session it is taken for",
)


def detect(traffic: DeviceTraffic, declaration: Declaration) -> Iterator[Finding]:
    """See `Detector`."""
    rows = answered(traffic)
    if not rows.size and not any(traffic.messages.get(protocol) for protocol in (*PROTOCOLS, "ssh", "mqtt")):
        return
    found = [*sessions(traffic, rows), *handed_out(traffic, rows), *called_home(traffic)]
    flows = traffic.tables.flows
    for (subject, _), places in grouped([(_subject(flows, one), bool(flows["remote_is_local"][one.row])) for one in found]):
        group = [found[place] for place in places]
        stand = standing(traffic, declaration, np.array([one.row for one in group]))
        stand = stand._replace(stated=stand.stated or bool(declaration.listeners))
        if stand.judged:
            yield _finding(traffic, declaration, group, subject, stand)


def _subject(flows: Columns, session: Session) -> str:
    if session.reverse:
        return f"{session.kind} to {flows['remote_addr'][session.row]}"
    side = "inside" if flows["remote_is_local"][session.row] else "outside"
    return f"{session.kind} on {flows['transport'][session.row]}/{flows['local_port'][session.row]} from {side}"


def _finding(traffic: DeviceTraffic, declaration: Declaration, group: Sequence[Session], subject: str, stand: Standing) -> Finding:
    rows = np.array(sorted({one.row for one in group}))
    flows = traffic.tables.flows.take(rows)
    reverse, local, fact = group[0].reverse, bool(flows["remote_is_local"].all()), bool(inbound(flows).any())
    severity, says = _graded(group, stand, local=local, fact=fact, listed=listener_at(declaration, flows) is not None)
    listener = listener_at(declaration, flows) if fact and not stand.declared else None
    if listener is not None:
        severity, says = SEVERITY, f"a listener is declared there for calls from {listener.sender} alone"
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=subject,
        severity=severity,
        confidence="high" if fact or reverse else "low",
        commitments=COMMITMENTS,
        observation=f"{_seen(group, flows, _subjects.audited(traffic, declaration), local=local, fact=fact)}: {_subjects.moved(flows)}; {says}.",
        inference=INFERENCE[reverse],
        alternatives=ALTERNATIVES,
        refuted_by="The session's whole text, or a record of who was asked to work on the device at that time.",
        contradicts=broken(listener.source, "listener", "from") if listener is not None else (),
        measures={
            "sessions": len(group),
            "without_password": sum(one.reached == OPEN for one in group),
            "as_root": sum(one.is_root for one in group),
        },
    )


def _seen(group: Sequence[Session], flows: Columns, who: str, *, local: bool, fact: bool) -> str:
    """Who operated what, how far, and what shows it."""
    others = f"{_subjects.listed(set(flows['remote_addr']))} {'inside' if local else 'outside'} the local network"
    services = _subjects.listed(_subjects.services(flows))
    shown = f"{_subjects.listed({one.shows for one in group}, 3)} ({_subjects.listed({one.reached for one in group})})"
    if group[0].reverse:
        called = "called" if flows["device_is_originator"].all() else "was connected with"
        return f"{_subjects.begun(who)} {called} {others} ({services}) and showed there {shown}"
    opened = "opened" if fact else "had, whoever opened them,"
    return f"{others} {opened} {counted(len(flows), 'connection')} to {services} of {who} ({group[0].kind}): {shown}"


def _graded(group: Sequence[Session], stand: Standing, *, local: bool, fact: bool, listed: bool) -> tuple[str, str]:
    """(severity, what the declaration says of it). `listed`: a listener is declared on this port."""
    item = stand.destination
    covered = stand.declared and (item is None or item.initiator == "remote" or local)
    says = "the port is declared" if covered else "the declaration does not speak of it" if stand.stated else "nothing is declared of it"
    is_open = any(one.reached == OPEN for one in group)
    is_shell = is_open and any(one.kind == "shell" for one in group)
    if is_shell and (group[0].reverse or not fact):
        return ("medium" if local or covered or stand.declared or not group[0].reverse else SEVERITY), f"{says}, and no password was asked for"
    if group[0].reverse and any(one.reached == ENCRYPTED for one in group):
        return ("low" if local or stand.declared else SEVERITY if stand.undeclared else "medium"), says
    if not fact or all(one.reached == ASKED for one in group):
        return ("info" if covered else "low"), says
    if is_open:
        operated = any(one.reached == OPEN and one.kind in OPERATING for one in group)
        return _without_password(operated, stand, local=local, covered=covered), f"{says}, and no password was asked for"
    if covered:
        spoken_of = listed or item is None or item.initiator == "remote" or not any(one.kind in OPERATING for one in group)
        return ("info", says) if spoken_of else ("low", "the declaration covers local hosts, and says nothing of operating the device")
    if local or stand.declared:
        return "low", says
    return (SEVERITY if stand.stated else "medium"), says


def _without_password(operated: bool, stand: Standing, *, local: bool, covered: bool) -> str:
    """Of a session that the other side was seen to begin."""
    if operated:
        return "medium" if local or covered else SEVERITY
    if local:
        return "info" if covered else "low"
    return SEVERITY if stand.stated and not covered else "medium"
