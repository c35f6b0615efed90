"""What a destination item states of volume and direction, and is not so: a ceiling per day, and which way bulk may go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _bulk, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import broken
from gdsi_audit.findings.finding import Finding
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
    if up := list(_up(item, moved, other_way)):
        inference = "More leaves the device for this destination than its declared function sends."
        yield _contradiction(traffic, declaration, item, rows[up[0].flows], sure, up, inference, COMMITMENTS)
    if down := list(_down(item, moved, other_way)):
        inference = "Something is fetched in bulk from a destination that is declared for uploads only: content, configuration or code."
        yield _contradiction(traffic, declaration, item, rows[down[0].flows], sure, down, inference, ("GDSI-1",))


class Excess(NamedTuple):
    """More than one field of an item allows."""

    field: str
    moved_bytes: int
    """Within 24 hours, or over the whole time where only that exceeds what all days allow."""
    flows: NDArray[np.intp]
    """Places among the flows looked at."""
    says: str


def _up(item: Destination, moved: _bulk.Volume, other_way: tuple[int, float]) -> Iterator[Excess]:
    ceiling = item.max_upload_bytes_per_day
    over = _bulk.above(moved, ceiling) if ceiling is not None else None
    if over is not None:
        says = f"sent {over.moved_bytes:,} payload bytes within 24 hours to {item.title}, declared with at most {ceiling:,} a day"
        yield Excess("max_upload_bytes_per_day", over.moved_bytes, over.flows, says)
    if item.direction == "download":
        yield from _other_way("sent", "to", item, moved, other_way)


def _down(item: Destination, moved: _bulk.Volume, other_way: tuple[int, float]) -> Iterator[Excess]:
    if item.direction == "upload":
        yield from _other_way("fetched", "from", item, moved.turned, other_way)


def _other_way(verb: str, preposition: str, item: Destination, moved: _bulk.Volume, other_way: tuple[int, float]) -> Iterator[Excess]:
    least, share = other_way
    way = _bulk.against(moved, least_bytes=least, share=share)
    if way is not None:
        fits = f'where at most {way.allowed_bytes:,} fit its declared direction "{item.direction}"'
        yield Excess("direction", way.moved_bytes, way.flows, f"{verb} {way.moved_bytes:,} payload bytes {preposition} {item.title} {fits}")


def _contradiction(
    traffic: DeviceTraffic,
    declaration: Declaration,
    item: Destination,
    rows: NDArray[np.intp],
    sure: bool,
    found: Sequence[Excess],
    inference: str,
    commitments: tuple[str, ...],
) -> Finding:
    """What was stated of one item and is not so."""
    who = _subjects.opening(traffic, declaration)
    contradicts = tuple(field for one in found for field in broken(item.source, "destination", one.field))
    doubt = "" if sure else "; some of these flows are only weakly named, so this contradicts nothing for certain"
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{item.title}: {'download' if commitments != COMMITMENTS else 'upload'}",
        severity=SEVERITY if sure else "low",
        confidence="high" if sure else "low",
        commitments=commitments,
        observation=f"{who} {' and '.join(one.says for one in found)} ({_subjects.moved(traffic.tables.flows.take(rows))} counted){doubt}.",
        inference=inference,
        alternatives=ALTERNATIVES,
        refuted_by="The vendor's description of a function that moves this much, with a declaration that states it.",
        contradicts=contradicts if sure else (),
        measures={"in_24_h_bytes": found[0].moved_bytes},
    )
