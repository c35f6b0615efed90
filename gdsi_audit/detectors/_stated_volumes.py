"""What a destination item states of volume and direction, and is not so: a ceiling per day, and which way bulk may go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _bulk, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import broken
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-2", "GDSI-3")

NAME = "upload_volume"
ONE_WAY = ("download", "upload")
ALTERNATIVES = (
    "a recording, a call or a backup that the user asked for",
    "diagnostics after a failure, or an upload that was begun anew several times",
    "a function of the product whose volume nobody wrote down",
)


def states_limit(item: Destination) -> bool:
    """Whether the item says how much may go up, or which way bulk may go."""
    return item.max_upload_bytes_per_day is not None or item.direction in ONE_WAY


def beyond_limits(
    traffic: DeviceTraffic,
    declaration: Declaration,
    item: Destination,
    covered: NDArray[np.intp],
    confident: NDArray[np.bool_],
    other_way: tuple[int, float],
) -> Iterator[Finding]:
    """One item against its limits: flows that it surely covers contradict it, weakly named ones beside them are `low`.

    `covered`: positions of its flows, `confident`: which of them it surely covers; `other_way`: bytes, and share of all bytes, that may go the other
    way than declared, whichever is more.
    """
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
