"""Does the device answer on a port that nobody has declared?

Looks for: connections and datagrams that other hosts began and the device answered, by port and transport, with who called. A port that no
`[[listener]]` and no destination with `initiator = "remote"` speaks of is `high` where somebody outside the local network got an answer and there
is a declaration, `medium` where there is none; from the local network it is `medium` against a declaration that lists listeners, `low` against one
that does not, and `info` where there is none. A listener that is declared for the local network alone and answered to the outside is contradicted.
Where the beginning was not seen, or the device uses the same socket to call others, nothing rises above `low`.

Also looks like this: the device's own web page, a media stream or a control port for its app on the local network; a port that its user forwarded;
the other half of a call that was arranged over a server. Answers to discovery (mDNS, SSDP, LLMNR, NBNS, DHCP), to echo requests and to the device's
own FTP commands are no listeners. Declare the port with `[[listener]]` and from where it may be called.

References: RFC 9293 section 3.5 (who opens, who accepts); RFC 6335 (service ports); ETSI EN 303 645 provision 5.6-1; NISTIR 8259A, logical access.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._answers import answered, heard, listener_at, own_sockets
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import broken
from gdsi_audit.detectors._who_began import inbound
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-7",)

NAME = "undeclared_listener"
ALTERNATIVES = (
    "a service that the device is meant to offer and that was left out of the declaration",
    "a port that its user opened or forwarded on purpose",
    "a session that the device arranged itself, over another connection",
)


Group = tuple[str, NDArray[np.intp]]
"""Subject, and positions of its flows."""


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_ports: int = 12) -> Iterator[Finding]:
    """See `Detector`. Beyond `most_ports` of one transport the rest is one finding."""
    rows = answered(traffic)
    if not rows.size:
        return
    matched = matches(traffic, declaration).take(rows)
    rows = rows[~matched.is_any("verdict", NOT_JUDGED) & ~_covered(traffic.tables.flows.take(rows), matched, declaration)]
    for subject, group in _by_port(traffic.tables.flows, rows, most_ports):
        yield _finding(traffic, declaration, group, subject)


def _covered(flows: Columns, matched: Columns, declaration: Declaration) -> NDArray[np.bool_]:
    """Calls that a listener or a destination declares; an item that does not say who begins covers the local network."""
    begins = np.array([*(item.initiator for item in declaration.destinations), "remote"], object)[matched["destination"]]
    declared = matched.is_any("verdict", ("declared",))
    covered: NDArray[np.bool_] = declared & ((begins == "remote") | flows["remote_is_local"] | heard(declaration, flows))
    return covered


def _by_port(flows: Columns, rows: NDArray[np.intp], most_ports: int) -> Iterator[Group]:
    part = flows.take(rows)
    transports = part["transport"].tolist()
    groups = list(grouped(list(zip(transports, part["local_port"].tolist(), strict=True))))
    for transport in sorted(set(transports)):
        own = [(port, rows[places]) for (of, port), places in groups if of == transport]
        for port, group in own[: most_ports if len(own) > most_ports else None]:
            yield f"{transport}/{port}", group
        if len(own) > most_ports:
            yield f"{transport}, other ports", np.concatenate([group for _, group in own[most_ports:]])


def _finding(traffic: DeviceTraffic, declaration: Declaration, group: NDArray[np.intp], subject: str) -> Finding:
    flows = traffic.tables.flows.take(group)
    severity, contradicts, says = _graded(traffic, declaration, group)
    who = _subjects.opening(traffic, declaration)
    outside = ~flows["remote_is_local"]
    callers = [f"{_subjects.listed(set(flows['remote_addr'][part]))} from {side}" for part, side in _sides(outside) if part.any()]
    facts = int(np.count_nonzero(inbound(flows)))
    service = _subjects.listed(set(flows["service"])) or "nothing known"
    return finding(
        traffic,
        group,
        detector=NAME,
        subject=subject,
        severity=severity,
        confidence="high" if facts else "low",
        commitments=COMMITMENTS,
        observation=f"{who} answered on {subject} to {' and to '.join(callers)} (recognised: {service}; in {facts:,} of "
        f"{len(flows):,} flows the other side was seen to begin): {_subjects.moved(flows)}; {says}.",
        inference="A service waits there, and whoever reaches the device can speak to it.",
        alternatives=ALTERNATIVES,
        refuted_by="A declaration or a manual from before the capture that names the port and what it is for.",
        contradicts=contradicts,
        measures={"callers_outside": len(set(flows["remote_addr"][outside])), "callers_local": len(set(flows["remote_addr"][~outside]))},
    )


def _sides(outside: NDArray[np.bool_]) -> tuple[tuple[NDArray[np.bool_], str], ...]:
    return (outside, "outside the local network"), (~outside, "inside the local network")


def _graded(traffic: DeviceTraffic, declaration: Declaration, group: NDArray[np.intp]) -> tuple[str, tuple[Broken, ...], str]:
    """(severity, what it contradicts, in words)."""
    flows = traffic.tables.flows.take(group)
    known = inbound(flows) & ~own_sockets(traffic, group)
    outside = bool((known & ~flows["remote_is_local"]).any())
    contradicts, says = _contradicted(traffic, declaration, group)
    stated = bool(declaration.destinations or declaration.listeners) or declaration.closed
    if not known.any():
        doubtful = "info" if flows["remote_is_local"].all() and not stated else "low"
        return doubtful, (), f"{says or 'no item declares it'}, but the beginning was not seen, or the device calls others from the same port"
    if contradicts:
        return SEVERITY, contradicts, says
    if says:
        return "low", (), says
    if outside:
        return SEVERITY if stated else "medium", (), "no listener is declared for it" if stated else "no declaration speaks of listeners"
    listed = bool(declaration.listeners) or declaration.closed
    return (
        "medium" if listed else "low" if stated else "info",
        (),
        "the listeners declared do not include it" if listed else "no declaration speaks of listeners",
    )


def _contradicted(traffic: DeviceTraffic, declaration: Declaration, group: NDArray[np.intp]) -> tuple[tuple[Broken, ...], str]:
    """A listener that may not be called from there, or a destination that only the device may call; else what an item leaves open."""
    flows, matched = traffic.tables.flows.take(group), matches(traffic, declaration).take(group)
    listener = listener_at(declaration, flows)
    if listener is not None:
        return broken(listener.source, "listener", "from"), f"a listener is declared there for calls from {listener.sender} alone"
    items = [declaration.destinations[row] for row in sorted(set(matched["destination"].tolist())) if row >= 0]
    for item in items:
        if item.initiator == "device":
            return broken(item.source, "destination", "initiator"), f"{item.title} is declared as called by the device alone"
    return (), f"{items[0].title} is declared, but not who begins" if items and matched.is_any("verdict", ("declared",)).all() else ""
