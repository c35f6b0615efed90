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

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.columns import Columns, grouped
from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _bulk, _subjects
from gdsi_audit.detectors._by_item import counterparts
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import Standing, broken, standing
from gdsi_audit.finding import Broken, Finding
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-2", "GDSI-3")

NAME = "upload_volume"
OTHER_WAY = {"download": "upload", "upload": "download"}
BULKY_DATA = ("video", "audio", "image", "photo", "picture", "recording", "stream", "footage", "backup", "media", "screen", "log", "dump")
"""Words in `data` that state bulk."""
ROLES = ("dns", "dns_tcp", "ntp", "mdns", "dhcp", "dhcpv6", "icmp_echo", "icmp6_echo")
ALTERNATIVES = (
    "a recording, a call or a backup that the user asked for",
    "diagnostics after a failure, or an upload that was begun anew several times",
    "a function of the product whose volume nobody wrote down",
)


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
    limited = [row for row, item in enumerate(declaration.destinations) if item.max_upload_bytes_per_day is not None or item.direction in OTHER_WAY]
    flows = traffic.tables.flows
    if not limited and flows.sum("up_bytes") < bulk_bytes:
        return
    matched = matches(traffic, declaration)
    declared = matched.is_any("verdict", ("declared",))
    for row in limited:
        covered = np.flatnonzero(declared & (matched["destination"] == row))
        if covered.size:
            yield from _held(traffic, declaration, row, covered, matched["confident"][covered], (other_way_bytes, other_way_share))
    candidates = np.flatnonzero(_unlimited(flows, matched, declaration) & (flows["up_bytes"] > 0))
    if int(flows["up_bytes"][candidates].sum()) >= bulk_bytes:
        yield from _bulk_of(traffic, declaration, candidates, (bulk_bytes, bulk_not_undeclared_bytes), least_ratio)


def _held(
    traffic: DeviceTraffic, declaration: Declaration, row: int, covered: NDArray[np.intp], confident: NDArray[np.bool_], other_way: tuple[int, float]
) -> Iterator[Finding]:
    """One item against its limits: flows that it surely covers contradict it, weakly named ones beside them are `low`."""
    item = declaration.destinations[row]
    for rows, sure in ((covered[confident], True), (covered, False)):
        if rows.size:
            found = [*_too_much(traffic, declaration, item, rows, sure, other_way)]
            yield from found
            if found or rows.size == covered.size:
                return


def _too_much(
    traffic: DeviceTraffic, declaration: Declaration, item: Destination, rows: NDArray[np.intp], sure: bool, other_way: tuple[int, float]
) -> Iterator[Finding]:
    moved = _bulk.volume(traffic.tables.flows.take(rows))
    ceiling = item.max_upload_bytes_per_day
    over = _bulk.above(moved, ceiling) if ceiling is not None else None
    least, share = other_way
    up = _bulk.against(moved, least_bytes=least, share=share) if item.direction == "download" else None
    down = _bulk.against(moved.turned, least_bytes=least, share=share) if item.direction == "upload" else None
    says, breaks = [], []
    if over is not None:
        says.append(f"sent {over.moved_bytes:,} payload bytes within 24 hours to {item.title}, declared with at most {ceiling:,} a day")
        breaks.append("max_upload_bytes_per_day")
    if up is not None:
        says.append(_against("sent", "to", item, up))
        breaks.append("direction")
    if says:
        chosen = rows[over.flows if over is not None else up.flows if up is not None else rows]
        inference = "More leaves the device for this destination than its declared function sends."
        measures = {"in_24_h_bytes": over.moved_bytes if over is not None else up.moved_bytes if up is not None else 0}
        yield _contradiction(traffic, declaration, item, chosen, sure, " and ".join(says), breaks, inference, measures, COMMITMENTS)
    if down is not None:
        inference = "Something is fetched in bulk from a destination that is declared for uploads only: content, configuration or code."
        says = [_against("fetched", "from", item, down)]
        measures = {"in_24_h_bytes": down.moved_bytes}
        yield _contradiction(traffic, declaration, item, rows[down.flows], sure, says[0], ["direction"], inference, measures, ("GDSI-1",))


def _against(verb: str, preposition: str, item: Destination, way: _bulk.Against) -> str:
    return (
        f"{verb} {way.moved_bytes:,} payload bytes {preposition} {item.title} where at most {way.allowed_bytes:,} fit its declared "
        f'direction "{item.direction}"'
    )


def _contradiction(
    traffic: DeviceTraffic,
    declaration: Declaration,
    item: Destination,
    rows: NDArray[np.intp],
    sure: bool,
    says: str,
    fields: list[str],
    inference: str,
    measures: Mapping[str, float | int | str],
    commitments: tuple[str, ...],
) -> Finding:
    """What was stated of one item and is not so."""
    who = _subjects.opening(traffic, declaration)
    flows = traffic.tables.flows.take(rows)
    contradicts: tuple[Broken, ...] = tuple(one for field in fields for one in broken(item.source, "destination", field))
    doubt = "" if sure else "; some of these flows are only weakly named, so this contradicts nothing for certain"
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{item.title}: {'download' if commitments != COMMITMENTS else 'upload'}",
        severity=SEVERITY if sure else "low",
        confidence="high" if sure else "low",
        commitments=commitments,
        observation=f"{who} {says} ({_subjects.moved(flows)} counted){doubt}.",
        inference=inference,
        alternatives=ALTERNATIVES,
        refuted_by="The vendor's description of a function that moves this much, with a declaration that states it.",
        contradicts=contradicts if sure else (),
        measures=measures,
    )


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
        refuted_by='A declared destination with `direction = "upload"` and a ceiling, or the same upload shown to be what its user asked for.',
        measures={"in_24_h_bytes": in_24_h, "ratio": round(ratio, 3)},
    )


def _graded(flows: Columns, held: Standing) -> tuple[str, str]:
    """(severity, how the declaration stands to it)."""
    begun = ~flows.is_any("initiator", ("unknown",)) | flows["device_is_originator"]
    if held.undeclared and begun.all() and not _one_sided(flows):
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
