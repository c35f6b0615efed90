"""Does the device hold a connection open over which somebody can reach it at any time?

Looks for: connections beyond the local network that stay open and carry payload both ways for an hour or longer, those that outlive a silence or a
change of file included. A declared `persistent = true` makes it `info`, `persistent = false` is contradicted. To a party that is declared without the
field, or where no declaration speaks of destinations, it is `low`.

Also looks like this: push notifications, message queues and home assistants, which all keep one connection; a long call or stream; a VPN of the
user's. Declare the destination with `persistent = true` and its purpose.

References: RFC 9293 section 3.8.4 (keep-alive); RFC 1122 section 4.2.3.6; OASIS MQTT 5.0 section 3.1.2.10.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._counterparts import judged_apart
from gdsi_audit.detectors._from_flows import ends, finding
from gdsi_audit.detectors._standing import Standing, standing
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.findings.quantities import counted, duration
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-7",)

NAME = "persistent_channel"
ROLES = ("ntp", "dns", "dns_tcp", "stun")
ALTERNATIVES = (
    "push notifications or a message queue that a declared function needs",
    "a long call, stream or download that the user asked for",
    "a VPN that its user set up",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, longest_promised_s: float = 3600.0) -> Iterator[Finding]:
    """See `Detector`. A connection is persistent from `longest_promised_s` on."""
    flows = traffic.tables.flows
    chosen = np.flatnonzero(flows.is_any("transport", ("tcp", "udp")) & ~flows["remote_is_local"] & ~flows.is_any("service", ROLES))
    part = flows.take(chosen)
    if not chosen.size or int(ends(part).max() - part["start"].min()) < longest_promised_s * 1e9:
        return
    connection = _connections(part)
    lasted_ns, moved = _sums(part, connection)
    kept = np.flatnonzero(((lasted_ns >= longest_promised_s * 1e9) & moved)[connection])
    for party, rows in grouped(judged_apart(traffic, declaration, chosen[kept])):
        connections = np.unique(connection[kept[rows]])
        yield from _finding(traffic, declaration, chosen[kept[rows]], str(party), connections.size, float(lasted_ns[connections].max()) / 1e9)


def _connections(flows: Columns) -> NDArray[np.intp]:
    """The number of the connection that each flow is part of; flows stand in order."""
    first: dict[int, int] = {}
    for flow, continues in zip(flows["flow"].tolist(), flows["continues"].tolist(), strict=True):
        first[flow] = first.get(continues, flow)
    return np.unique(np.array(list(first.values()), np.int64), return_inverse=True)[1].ravel()


def _sums(flows: Columns, connection: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(nanoseconds from first to last, whether payload moved both ways) of each connection."""
    size = int(connection.max()) + 1
    first, last = np.full(size, np.iinfo(np.int64).max), np.zeros(size, np.int64)
    np.minimum.at(first, connection, flows["start"])
    np.maximum.at(last, connection, ends(flows))
    up, down = (np.bincount(connection[flows[name] > 0], minlength=size) for name in ("up_bytes", "down_bytes"))
    return last - first, (up > 0) & (down > 0)


def _finding(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], party: str, count: int, longest_s: float) -> Iterator[Finding]:
    group, stands = traffic.tables.flows.take(rows), standing(traffic, declaration, rows)
    if not stands.judged:
        return
    severity, contradicts, says = _graded(stands)
    who = _subjects.opening(traffic, declaration)
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=party,
        severity=severity,
        confidence="high",
        commitments=COMMITMENTS,
        observation=f"{who} kept {counted(count, 'connection')} with {party} "
        f"({_subjects.listed(_subjects.services(group))}) open for up to {duration(longest_s)}: {_subjects.moved(group)}; {says}.",
        inference="Whoever is at the other end can reach the device whenever it likes, through any firewall that lets the device out.",
        alternatives=ALTERNATIVES,
        refuted_by="The vendor's description of what this connection is for, or its end when the function is switched off.",
        contradicts=contradicts,
        measures={"connections": count, "longest_s": round(longest_s, 3)},
    )


def _graded(stands: Standing) -> tuple[str, tuple[Broken, ...], str]:
    """(severity, what it contradicts, in words)."""
    if perhaps := stands.may_be(lambda item: bool(item.persistent)):
        return "info", (), perhaps
    if not stands.declared or stands.destination is None:
        return (SEVERITY, (), "the party is not declared") if stands.undeclared else ("low", (), "nothing is declared of it")
    if stands.destination.persistent is None:
        return "low", (), "the declaration says nothing of connections that stay open"
    if stands.destination.persistent:
        return "info", (), "declared as persistent"
    return SEVERITY if stands.sure else "low", stands.broken("persistent"), f"declared as not persistent{stands.doubt}"
