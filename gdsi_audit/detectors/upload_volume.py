"""Does the device send more than was stated, or much to parties of whom no volume was stated?

Looks for: payload bytes per destination item in any rolling 24 hours above its `max_upload_bytes_per_day`, and the other way than its `direction`
above the larger of 256 kB and a tenth of all bytes; both are contradictions. Bytes count once however often they were sent again, all addresses
of the item together, flows only where they lie wholly within the 24 hours: nothing is extrapolated. Beside that, uploads in bulk, five
times what came back: 256 kB a day to a party that is not declared are `medium`; 2 MB a day to a declared one of which neither direction nor volume
nor bulky `data` (video, audio, images, backups) is stated are `low`, and so they are where no destinations are declared at all.

Also looks like this: a camera's video relay; a backup that its user asked for; a diagnostic upload after a crash; an upload that failed and was
begun anew. State `direction = "upload"` and a ceiling that holds on the busiest day.

References: MITRE ATT&CK T1048, T1030, T1567; RFC 8520 section 8 (what a MUD file cannot say); Regulation (EU) 2016/679, article 5(1)(c).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _bulk, _stated_volumes, _subjects
from gdsi_audit.detectors._counterparts import counterparts
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import Standing, standing
from gdsi_audit.detectors._stated_volumes import ALTERNATIVES, NAME, beyond_limits, states_limit
from gdsi_audit.detectors._who_began import perhaps_inbound
from gdsi_audit.findings.finding import Finding
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = _stated_volumes.SEVERITY
COMMITMENTS = _stated_volumes.COMMITMENTS

BULKY_DATA = ("video", "audio", "image", "photo", "picture", "recording", "stream", "footage", "backup", "media", "screen", "log", "dump")
"""Words in `data` that state bulk."""
ROLES = ("dns", "dns_tcp", "ntp", "mdns", "dhcp", "dhcpv6", "icmp_echo", "icmp6_echo")


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    other_way_bytes: int = 256_000,
    other_way_share: float = 0.1,
    bulk_bytes: int = 256_000,
    bulk_not_undeclared_bytes: int = 2_000_000,
    least_ratio: float = 5.0,
) -> Iterator[Finding]:
    """See `Detector`. Bulk: `bulk_bytes` up in 24 h and `least_ratio` times what came down.

    A party that is not shown to be undeclared may well be sent a picture or a log: there it takes `bulk_not_undeclared_bytes`.
    """
    limited = [row for row, item in enumerate(declaration.destinations) if states_limit(item)]
    flows = traffic.tables.flows
    if not limited and flows.sum("up_bytes") < bulk_bytes:
        return
    matched = matches(traffic, declaration)
    declared = matched.is_any("verdict", ("declared",))
    for row in limited:
        covered = np.flatnonzero(declared & (matched["destination"] == row))
        if covered.size:
            other_way = other_way_bytes, other_way_share
            yield from beyond_limits(traffic, declaration, declaration.destinations[row], covered, matched["confident"][covered], other_way)
    candidates = np.flatnonzero(_unlimited(flows, matched, declaration) & (flows["up_bytes"] > 0))
    if int(flows["up_bytes"][candidates].sum()) >= bulk_bytes:
        yield from _bulk_of(traffic, declaration, candidates, (bulk_bytes, bulk_not_undeclared_bytes), least_ratio)


def _unlimited(flows: Columns, matched: Columns, declaration: Declaration) -> NDArray[np.bool_]:
    """Flows beyond the local network of whose volume nothing is stated."""
    declared = matched.is_any("verdict", ("declared",))
    silent = np.array([not _states_bulk(item) for item in declaration.destinations] + [False], np.bool_)
    counted = ~declared | silent[matched["destination"]]
    counted &= ~matched.is_any("verdict", NOT_JUDGED) & ~flows["remote_is_local"] & ~flows.is_any("service", ROLES)
    return np.asarray(counted & ~flows.is_any("transport", ("icmp", "icmp6")))


def _states_bulk(item: Destination) -> bool:
    """Whether the item says that much may go up, how much, or that it may not."""
    bulky = any(word in data.lower() for data in item.data for word in BULKY_DATA)
    return bool(item.direction) or item.max_upload_bytes_per_day is not None or bulky


def _bulk_of(
    traffic: DeviceTraffic, declaration: Declaration, candidates: NDArray[np.intp], bulk: tuple[int, int], ratio: float
) -> Iterator[Finding]:
    bulk_bytes, not_undeclared_bytes = bulk
    flows = traffic.tables.flows.take(candidates)
    for party, places in grouped(counterparts(traffic, declaration, candidates)):
        if int(flows["up_bytes"][places].sum()) < bulk_bytes:
            continue
        part = flows.take(places)
        most = _bulk.above(_bulk.volume(part), bulk_bytes - 1)
        if most is None:
            continue
        inside = part.take(most.flows)
        if most.moved_bytes and inside.sum("up_bytes") >= ratio * inside.sum("down_bytes"):
            held = standing(traffic, declaration, candidates[places[most.flows]])
            if held.undeclared or most.moved_bytes >= not_undeclared_bytes:
                yield _lopsided(traffic, declaration, candidates[places[most.flows]], str(party), held, most.moved_bytes)


def _lopsided(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], party: str, held: Standing, in_24_h: int) -> Finding:
    flows = traffic.tables.flows.take(rows)
    severity, says = _graded(flows, held)
    who = _subjects.opening(traffic, declaration)
    ratio = flows.sum("up_bytes") / max(flows.sum("down_bytes"), 1)
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=party,
        severity=severity,
        confidence="low" if _one_sided(flows) else "medium",
        commitments=COMMITMENTS,
        observation=f"{who} sent {in_24_h:,} payload bytes within 24 hours to {party} "
        f"({_subjects.listed(_subjects.services(flows))}), {_subjects.moved(flows)}: {ratio:,.0f} times what came back; {says}.",
        inference="Data in bulk leaves the device for this party; what it is cannot be told from its volume.",
        alternatives=ALTERNATIVES,
        refuted_by="A destination that is declared for upload with a ceiling, or the same upload shown to be what its user asked for.",
        measures={"in_24_h_bytes": in_24_h, "ratio": round(ratio, 3)},
    )


def _graded(flows: Columns, held: Standing) -> tuple[str, str]:
    """(severity, how the declaration stands to it)."""
    if held.undeclared and not perhaps_inbound(flows).any() and not _one_sided(flows):
        return SEVERITY, "the party is not declared"
    if held.undeclared:
        return "low", "the party is not declared, but who began or what came back was not captured"
    if perhaps := held.may_be(_states_bulk):
        return "info", perhaps
    if held.declared:
        return "low", "the declaration states neither direction nor volume for it"
    return "low", "nothing is declared of it"


def _one_sided(flows: Columns) -> bool:
    """Whether the other direction of its TCP connections was not captured, so that no ratio can be told."""
    tcp = flows.is_any("transport", ("tcp",))
    return bool(tcp.any() and not flows["down_pkts"][tcp].any())
