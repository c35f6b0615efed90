"""Does a small message from outside make the device upload to somebody else?

Looks for: calls from others, answered or not (a magic packet is not), messages pushed over connections that the device keeps open (MQTT, held-back
HTTP responses, connections that were silent for minutes), and large uploads to another party that begin within seconds. It is reported if it happens
three times or more, after at least half of the events of one source, and chance would bring that about less than once in a thousand, given how often
the device uploads anyway; a source that was heard once or twice, and followed each time, is `low`. To a party that is not declared it is `high`; to a
declared one after a call from nobody known `medium`; without a declaration `medium` after a call, `low` after a push. Inside the local network, in a
phase in which the user was active, or where the beginning was not seen it is at most `low`; `info` where both parties are declared.

Also looks like this: its owner opens the app elsewhere and the camera starts to send; a doorbell or an alarm; an update that is announced; a back-up
that the vendor's server asks for. Declare the destination, and who may call, with `initiator = "remote"` or `[[listener]]`; declare what the user did
as `[[phase]]`.

References: MITRE ATT&CK T1205 (traffic signalling), T1020 (automated exfiltration); RFC 6202 and OASIS MQTT 5.0 (pushes over open connections).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._coincidence import followed
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import Standing, at_most, standing
from gdsi_audit.detectors._trigger_patterns import Pattern, best, patterns
from gdsi_audit.detectors._triggers import events, uploads
from gdsi_audit.detectors._who_began import inbound
from gdsi_audit.findings.finding import Finding
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-5", "GDSI-6", "GDSI-7")

NAME = "remote_trigger"
CERTAIN = 1e-6
"""Probability below which chance is no explanation."""
ALTERNATIVES = (
    "its owner, who looks at the device from elsewhere",
    "an alarm, an update or a back-up that a server announces",
    "a coincidence: the device would have uploaded at that time anyway",
)


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    within_s: float = 10.0,
    least_upload_bytes: int = 50_000,
    largest_event_bytes: int = 4_096,
    largest_chance: float = 0.001,
    least_share: float = 0.5,
) -> Iterator[Finding]:
    """See `Detector`. An upload of `least_upload_bytes` follows within `within_s` of an event of at most `largest_event_bytes`."""
    sent = uploads(traffic.tables.flows, least_upload_bytes)
    if not sent.rows.size:
        return
    came = events(traffic, largest_event_bytes)
    within_ns = int(within_s * 1e9)
    close = np.flatnonzero(followed(came.times, sent.times, within_ns) >= 0)
    if not close.size:
        return
    found = patterns(traffic, came, sent, close, within_ns)
    for pattern in best(one for one in found if one.chance <= largest_chance and one.hits.size >= least_share * one.came.rows.size):
        yield from _finding(traffic, declaration, pattern)


def _finding(traffic: DeviceTraffic, declaration: Declaration, pattern: Pattern) -> Iterator[Finding]:
    caller, target = standing(traffic, declaration, pattern.came.rows), standing(traffic, declaration, np.unique(pattern.hits))
    if not target.judged or caller.verdict in ("bench", "background"):
        return
    severity, says = _graded(traffic, declaration, pattern, caller, target)
    hits, certain = pattern.hits.size, pattern.chance < CERTAIN
    yield finding(
        traffic,
        np.unique(np.concatenate((pattern.came.rows, pattern.hits))),
        detector=NAME,
        subject=f"{pattern.party} after {pattern.source}",
        severity=severity,
        confidence="low" if not pattern.is_repeated else "high" if hits >= 5 and certain else "medium",
        commitments=COMMITMENTS,
        observation=f"{_seen(traffic, pattern, _subjects.audited(traffic, declaration))}; {says}.",
        inference="Somebody outside decides when the device uploads, and perhaps what.",
        alternatives=ALTERNATIVES,
        refuted_by="Uploads as frequent without such a message, or a record of what the owner did at these times.",
        measures={
            "events": int(pattern.came.rows.size),
            "followed": int(hits),
            "median_delay_s": round(pattern.delay_s, 3),
            "chance": float(f"{pattern.chance:.3g}"),
        },
    )


def _seen(traffic: DeviceTraffic, pattern: Pattern, who: str) -> str:
    flows, sent = (traffic.tables.flows.take(rows) for rows in (pattern.came.rows, np.unique(pattern.hits)))
    what = "messages pushed" if pattern.came.pushed.all() else "small calls"
    came = f"{pattern.hits.size:,} of {pattern.came.rows.size:,} {what} by {pattern.source} ({_subjects.listed(set(flows['transport']))})"
    return (
        f"{came} were followed, half of them within {pattern.delay_s:.1f} s, by an upload of {who} to {pattern.party}: {_subjects.moved(sent)}; "
        f"chance alone would do that with a probability of {pattern.chance:.1g}"
    )


def _graded(traffic: DeviceTraffic, declaration: Declaration, pattern: Pattern, caller: Standing, target: Standing) -> tuple[str, str]:
    """(severity, in words)."""
    flows = traffic.tables.flows.take(pattern.came.rows)
    if caller.declared and target.declared:
        return "info", "both parties are declared"
    severity, says = SEVERITY, f"{pattern.party} is not declared"
    if not target.stated:
        severity, says = "low" if pattern.came.pushed.all() else "medium", "no declaration speaks of either"
    elif not target.undeclared:
        severity, says = "low" if pattern.came.pushed.all() else "medium", f"{pattern.party} is declared or cannot be told, {pattern.source} is not"
    if not pattern.is_repeated:
        return at_most(severity, "low"), f"{says}, and it happened too seldom to tell"
    if flows["remote_is_local"].all():
        return at_most(severity, "low"), f"{says}, and it came from the local network"
    if not pattern.came.pushed.any() and not inbound(flows).any():
        return at_most(severity, "low"), f"{says}, and it was not seen who began"
    if _user_active(declaration, traffic.tables.flows["start"][pattern.hits]):
        return at_most(severity, "low"), f"{says}, and the user was active"
    return severity, says


def _user_active(declaration: Declaration, times: NDArray[np.int64]) -> bool:
    """Whether most of the uploads begin in phases in which the user did something."""
    active = [phase for phase in declaration.phases if phase.user_active]
    inside = sum(any(phase.start <= time <= phase.end for phase in active) for time in times.tolist())
    return 2 * inside > times.size
