"""Does the device report to somebody at regular intervals?

Looks for: contacts that the device begins with one party, by name or, without one, by address, whose intervals scatter little (jitter of 40 % and
missed beats included) or keep the phase of one period. Connections and HTTP requests inside them count; what begins within a second is one contact;
the addresses of a name and all captures count together. The finding carries RITA's four scores, each 0 to 1: timing (how even the intervals are),
size (how alike the contacts are), duration (how much of the capture they last) and histogram (how evenly they fill it). Time sync, name resolution,
configuration, certificate status and the local link are left out by their role. A declared `period_s` that is kept is `info`, rarer contact too, and
so are declared resolvers, tests for a captive portal and transfers of a declared direction or volume; contact more often than declared contradicts
it. To a party that is declared without a period, or where no declaration speaks of destinations, it is `low`.

Also looks like this: polls for updates, messages or the weather; telemetry at fixed times; a keep-alive that opens a connection each time. Declare
the destination with its `period_s`.

References: RITA v5 (analysis of beacons); Hubballi and Goyal, FlowSummary, PReMI 2013; Mardia and Jupp, Directional Statistics, 2000 (Rayleigh
test).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _encrypted_dns, _readable, _resolver_roles, _subjects
from gdsi_audit.detectors._beacon_score import BeaconScore, beacon_score
from gdsi_audit.detectors._contact_times import contact_times, is_contact, on_link, request_times
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._rhythm import Rhythm, rhythm_of
from gdsi_audit.detectors._standing import Standing, standing
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.findings.quantities import duration
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-7",)

NAME = "beaconing"
STATUS_PREFIXES = ("ocsp.", "ocsp2.", "crl.")
"""Certificate status, by the label that it is customarily served under."""
SMALL_BYTES = 1_000
TRANSFER_BYTES = 16_000
"""Median upload of a contact from which on it is no sign of life but a transfer."""
PERIOD_TOLERANCE = 0.2
SURE_SPREAD, SURE_CONTACTS = 0.25, 24
ALTERNATIVES = (
    "a poll for updates, messages or settings",
    "telemetry that a declared function sends at fixed times",
    "a keep-alive that opens a connection each time",
)


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    fewest_contacts: int = 16,
    most_spread: float = 0.5,
    many_contacts: int = 24,
    most_spread_of_many: float = 0.6,
    least_phase_strength: float = 0.75,
    shortest_period_s: float = 2.0,
) -> Iterator[Finding]:
    """See `Detector`. A party is a beacon from `fewest_contacts`, if intervals scatter at most `most_spread` or phases agree by the strength.

    Chance gives `most_spread_of_many` to one in 300 of `many_contacts`, and to fewer the more there are; few contacts need the stricter limit.
    """
    for party, rows, times, sizes in _contacted(traffic, fewest_contacts):
        rhythm = rhythm_of(times)
        limit = most_spread_of_many if rhythm.contacts >= many_contacts else most_spread
        regular = rhythm.spread <= limit or rhythm.phase_strength >= least_phase_strength
        if regular and rhythm.period_s >= shortest_period_s:
            yield from _finding(traffic, declaration, rows, party, rhythm, _score(traffic, times, sizes))


def _contacted(traffic: DeviceTraffic, fewest: int) -> Iterator[tuple[str, NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]]:
    """(party, positions of its flows, ascending times of the contacts in nanoseconds, bytes of each) of parties with `fewest` contacts or more."""
    chosen = np.flatnonzero(is_contact(traffic.tables.flows))
    requests = request_times(traffic)
    if not chosen.size:
        return
    flows = traffic.tables.flows.take(chosen)
    counts = np.array([max(len(requests.get(flow, ())), 1) for flow in flows["flow"].tolist()], np.int64)
    named = ~flows.is_any("name", ("",)) & ~flows["ambiguous"]
    for party, rows in grouped(np.where(named, flows["name"], flows["remote_addr"])):
        if counts[rows].sum() < fewest or party.startswith(STATUS_PREFIXES):
            continue
        group = flows.take(rows)
        times = contact_times(group, requests)
        if times.size >= fewest and not on_link(group):
            yield party, chosen[rows], times, np.repeat(group["up_ip_bytes"] // counts[rows], counts[rows])


def _score(traffic: DeviceTraffic, times: NDArray[np.int64], sizes: NDArray[np.int64]) -> BeaconScore:
    """Within the whole time of the captures."""
    firsts = [capture.first for capture in traffic.captures if capture.first is not None]
    lasts = [capture.last for capture in traffic.captures if capture.last is not None]
    first, last = min([*firsts, int(times[0])]), max([*lasts, int(times[-1])])
    return beacon_score(times // 10**9, sizes, first // 10**9, last // 10**9)


def _finding(
    traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], party: str, rhythm: Rhythm, score: BeaconScore
) -> Iterator[Finding]:
    stands = standing(traffic, declaration, rows)
    if not stands.judged:
        return
    severity, contradicts, says = _graded(stands, rhythm)
    item = stands.destination if stands.declared else None
    if severity == "low" and item is not None and (role := _role(traffic, item, rows, party)):
        severity, says = "info", f"declared, and {role} by its role"
    answered = bool((traffic.tables.flows["down_pkts"][rows] > 0).any())
    who = _subjects.opening(traffic, declaration)
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=party,
        severity=severity if answered else "info",
        confidence="high" if rhythm.spread <= SURE_SPREAD and rhythm.contacts >= SURE_CONTACTS else "medium",
        commitments=COMMITMENTS,
        observation=f"{who} contacted {party} {rhythm.contacts:,} times in {duration(rhythm.span_s)}, every "
        f"{rhythm.period_s:,.1f} s (half of the intervals between {rhythm.low_s:,.1f} and {rhythm.high_s:,.1f} s): {_scored(score)}; {says}.",
        inference="The device reports to this party on a schedule of its own, and could take orders from it.",
        alternatives=ALTERNATIVES,
        refuted_by="The vendor's description of what is exchanged at this interval, or intervals that follow what the user does.",
        contradicts=contradicts,
        measures={
            "contacts": rhythm.contacts,
            "period_s": round(rhythm.period_s, 3),
            "interval_spread": round(rhythm.spread, 3),
            "phase_strength": round(rhythm.phase_strength, 3),
            **{f"{key}_score": value for key, value in score._asdict().items()},
        },
    )


def _scored(score: BeaconScore) -> str:
    """RITA's scores in words; each is 0 to 1."""
    return (
        f"beacon score {score.whole:.3f} of 1, the mean of how even the intervals are ({score.timing:.2f}), how alike the sizes ({score.size:.2f}), "
        f"how much of the capture the contacts last ({score.duration:.2f}) and how evenly they fill it ({score.histogram:.2f})"
    )


def _role(traffic: DeviceTraffic, item: Destination, rows: NDArray[np.intp], party: str) -> str:
    """What repeats by its nature at a declared party: encrypted look-ups, tests for a captive portal, transfers of a declared direction or volume."""
    group = traffic.tables.flows.take(rows)
    if (group["remote_port"] == _encrypted_dns.TLS_PORT).all() or _resolver_roles.by_name(party) == "known":
        return "a resolver"
    if (group["up_bytes"] < SMALL_BYTES).all() and group.is_any("service", ("http",)).all():
        contents = _readable.contents(traffic, rows)
        if len(contents) == len(group) and all(content.exempt for content in contents.values()):
            return "a test for a captive portal, or certificate status"
    stated = item.direction in ("upload", "both") or item.max_upload_bytes_per_day is not None
    return "sent its declared transfers" if stated and float(np.median(group["up_bytes"])) >= TRANSFER_BYTES else ""


def _graded(stands: Standing, rhythm: Rhythm) -> tuple[str, tuple[Broken, ...], str]:
    """(severity, what it contradicts, in words)."""
    if not stands.declared or stands.destination is None:
        if perhaps := stands.may_be(lambda item: item.period_s is not None and _keeps(rhythm, item.period_s)):
            return "info", (), perhaps
        return (SEVERITY, (), "the party is not declared") if stands.undeclared else ("low", (), "nothing is declared of it")
    period_s = stands.destination.period_s
    if period_s is None:
        return "low", (), "the declaration says nothing of regular contact"
    if _keeps(rhythm, period_s):
        return "info", (), f"declared every {period_s:g} s"
    return SEVERITY if stands.sure else "low", stands.broken("period_s"), f"declared only every {period_s:g} s{stands.doubt}"


def _keeps(rhythm: Rhythm, period_s: float) -> bool:
    """Whether contact is no more frequent than declared; slower is never a finding."""
    return rhythm.period_s >= period_s * (1 - PERIOD_TOLERANCE)
