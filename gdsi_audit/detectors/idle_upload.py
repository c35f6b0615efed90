"""Does the device upload while nobody uses it, or while nobody has agreed to it?

Looks for: payload sent beyond the local network in phases with `user_active = false`, or with `consent` none or withdrawn: flows of 8 kB and more
behind their handshakes that make 16 kB together, or a trickle of that size faster than 25 bytes per second, which keep-alives and heartbeats are
not. Only what lies wholly within such phases counts, 30 seconds inside their ends; of connections that outlast them, the readable messages sent in
them. Bytes are compared with those sent to the same party in the other phases. Where the destination says `phases`, bytes that move wholly outside
of them contradict it, however few, and bytes within are as declared. Without a `[[phase]]` nothing is said.

Also looks like this: a camera that saw something move; a nightly backup or a map that a robot makes by itself; an upload that was queued while the
network was away; a phase whose times were noted wrongly. Name the phases in which a destination is used: `phases = ["interact", "idle"]`.

References: Regulation (EU) 2016/679, articles 5(1)(c) and 7(3); Ren et al., Information exposure from consumer IoT devices, IMC 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Phase
from gdsi_audit.detectors import _declared_phases, _quiet_times, _subjects
from gdsi_audit.detectors._counterparts import counterparts
from gdsi_audit.detectors._declared_phases import ALTERNATIVES, NAME, outside_phases
from gdsi_audit.detectors._from_flows import ends, finding
from gdsi_audit.detectors._quiet_times import WITHOUT_CONSENT, Span
from gdsi_audit.detectors._sent_messages import carried_up
from gdsi_audit.detectors._standing import Standing, standing
from gdsi_audit.detectors._who_began import perhaps_inbound
from gdsi_audit.findings.finding import Finding
from gdsi_audit.findings.quantities import counted, duration
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = _declared_phases.SEVERITY
COMMITMENTS = _declared_phases.COMMITMENTS

ROLES = ("dns", "dns_tcp", "ntp", "mdns", "llmnr", "nbns", "ssdp", "dhcp", "dhcpv6", "stun", "icmp_echo", "icmp6_echo")
HANDSHAKE_BYTES = {"tls": 1_500, "quic": 3_900}
"""What a client sends before anything of substance, by service."""


class Quiet(NamedTuple):
    """The phases in which nothing beyond keep-alives is expected."""

    phases: tuple[Phase, ...]
    spans: tuple[Span, ...]


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    phase_tolerance_s: float = 30.0,
    flow_bytes: int = 8_000,
    least_bytes: int = 16_000,
    trickle_bytes_per_s: float = 25.0,
) -> Iterator[Finding]:
    """See `Detector`. Fewer than `flow_bytes` in a flow are a trickle, and fewer than `least_bytes` in all are keep-alives."""
    flows = traffic.tables.flows
    if not declaration.phases or not len(flows):
        return
    matched = matches(traffic, declaration)
    judged = ~matched.is_any("verdict", NOT_JUDGED) & ~flows["remote_is_local"] & ~flows.is_any("service", ROLES)
    judged &= ~flows.is_any("transport", ("icmp", "icmp6"))
    declared = matched.is_any("verdict", ("declared",))
    bound = [row for row, item in enumerate(declaration.destinations) if item.phases]
    for row in bound:
        covered = np.flatnonzero(judged & declared & (matched["destination"] == row))
        yield from outside_phases(traffic, declaration, declaration.destinations[row], covered, matched["confident"], phase_tolerance_s)
    silent = np.flatnonzero(judged & ~(declared & (np.isin(matched["destination"], bound) | (matched["destination"] < 0))))
    phases = tuple(phase for phase in declaration.phases if not phase.user_active or phase.consent in WITHOUT_CONSENT)
    quiet = Quiet(phases, _quiet_times.merged(phases, -phase_tolerance_s))
    if quiet.spans and silent.size:
        yield from _in_quiet(traffic, declaration, silent, quiet, (flow_bytes, least_bytes, trickle_bytes_per_s))


def _in_quiet(
    traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], quiet: Quiet, limits: tuple[int, int, float]
) -> Iterator[Finding]:
    """Parties to which more than keep-alives was sent in quiet phases."""
    flow_bytes, least_bytes, per_s = limits
    flows = traffic.tables.flows.take(rows)
    inside = _quiet_times.within(quiet.spans, flows["start"], ends(flows))
    net = np.where(inside, _net_bytes(flows), 0) + carried_up(traffic, flows, ~inside, quiet.spans)
    if int(net.sum()) < least_bytes:
        return
    chosen = np.flatnonzero(net > 0)
    parties = counterparts(traffic, declaration, rows)
    slowest = max(least_bytes, int(per_s * _quiet_times.seconds(quiet.spans)))
    for party, places in grouped(parties[chosen]):
        places = chosen[places]
        large = places[net[places] >= flow_bytes]
        if int(net[large].sum()) >= least_bytes or int(net[places].sum()) >= slowest:
            yield _uploaded(
                traffic,
                declaration,
                str(party),
                rows[places],
                int(net[places].sum()),
                quiet,
                int(flows["up_bytes"][(parties == party) & ~inside].sum()),
            )


def _net_bytes(flows: Columns) -> NDArray[np.int64]:
    """Payload behind the handshake, as far as it was captured."""
    handshake = np.zeros(len(flows), np.int64)
    for service, size in HANDSHAKE_BYTES.items():
        handshake[flows.is_any("service", (service,))] = size
    return np.asarray(np.maximum(flows["up_bytes"] - flows["missed_bytes"] - handshake, 0), np.int64)


def _uploaded(
    traffic: DeviceTraffic, declaration: Declaration, party: str, rows: NDArray[np.intp], net: int, quiet: Quiet, elsewhere: int
) -> Finding:
    held = standing(traffic, declaration, rows)
    touched = _touched(traffic, rows, quiet)
    without_consent = any(phase.consent in WITHOUT_CONSENT for phase in touched)
    flows = traffic.tables.flows.take(rows)
    severity, says = _graded(flows, held, touched)
    who = _subjects.opening(traffic, declaration)
    when = _quiet_times.words(touched)
    quiet_s = _quiet_times.seconds(quiet.spans)
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=party,
        severity=severity,
        confidence="medium",
        commitments=COMMITMENTS,
        observation=f"{who} sent at least {net:,} bytes beyond handshakes to {party} "
        f"({_subjects.listed(_subjects.services(flows))}) in {counted(len(flows), 'flow')} during {when}, {duration(quiet_s)} in all, "
        f"and {elsewhere:,} payload bytes at other times; {says}.",
        inference="Data leaves the device without anybody having asked for it then" + (" or agreed to it." if without_consent else "."),
        alternatives=ALTERNATIVES,
        refuted_by="A corrected log of the phases, or a declared function that uploads by itself, with the phases in which it does.",
        measures={"quiet_up_bytes": net, "other_up_bytes": elsewhere, "quiet_h": round(quiet_s / 3600, 4)},
    )


def _touched(traffic: DeviceTraffic, rows: NDArray[np.intp], quiet: Quiet) -> tuple[Phase, ...]:
    """The quiet phases that these flows lie in."""
    flows = traffic.tables.flows.take(rows)
    starts, stops = flows["start"], ends(flows)
    return tuple(phase for phase in quiet.phases if bool(((starts <= phase.end) & (stops >= phase.start)).any()))


def _graded(flows: Columns, held: Standing, touched: tuple[Phase, ...]) -> tuple[str, str]:
    """(severity, how the declaration stands to it). `touched`: the quiet phases in which it was sent."""
    base = "low" if perhaps_inbound(flows).any() else SEVERITY
    if held.declared:
        return "low", "the declaration does not say in which phases this destination is used"
    if held.undeclared:
        return base, "the party is not declared"
    if perhaps := held.may_be(lambda item: {phase.name for phase in touched} <= set(item.phases)):
        return "info", perhaps
    if any(phase.consent in WITHOUT_CONSENT for phase in touched) and not held.stated:
        return base, "no destinations are declared"
    return "low", "nothing is declared of it"
