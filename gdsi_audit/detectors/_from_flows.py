"""A finding about a group of flows: evidence, times and sums come from the flows, the words from the detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _subjects
from gdsi_audit.findings.evidence_of import evidence
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.frames.ranges import Ranges
from gdsi_audit.tables.columns import Columns, Rows
from gdsi_audit.traffic import DeviceTraffic


def finding(
    traffic: DeviceTraffic,
    rows: Rows,
    *,
    detector: str,
    subject: str,
    severity: str,
    confidence: str,
    commitments: tuple[str, ...],
    observation: str,
    inference: str,
    alternatives: tuple[str, ...],
    refuted_by: str,
    contradicts: tuple[Broken, ...] = (),
    measures: Mapping[str, float | int | str] | None = None,
    filter_terms: str = "",
    frames: Sequence[tuple[int, Ranges]] | None = None,
) -> Finding:
    """The finding on the flows at `rows` (a mask over `traffic.tables.flows`, or positions).

    `bytes` is payload sent by the device, `count` the number of flows. `filter_terms` and `frames` narrow the evidence, as in `evidence`.
    """
    places = _places(rows)
    flows = traffic.tables.flows.take(places)
    return Finding(
        detector=detector,
        device=traffic.device.id,
        subject=subject,
        severity=severity,
        confidence=confidence,
        commitments=commitments,
        observation=observation,
        inference=inference,
        alternatives=alternatives,
        refuted_by=refuted_by,
        evidence=evidence(traffic, places, filter_terms=filter_terms, frames=frames),
        contradicts=contradicts,
        measures=_subjects.measures(flows) | dict(measures or {}),
        first_seen=int(flows["start"].min()),
        last_seen=int(ends(flows).max()),
        count=len(flows),
        bytes=flows.sum("up_bytes"),
    )


def ends(flows: Columns) -> NDArray[np.int64]:
    """UTC nanoseconds of the last packet of each flow."""
    return np.asarray(flows["start"] + (flows["duration_s"] * 1e9).round().astype(np.int64))


def _places(rows: Rows) -> NDArray[np.intp]:
    """Positions, ascending, each once."""
    if rows.dtype == np.bool_:
        return np.flatnonzero(rows)
    places = rows.astype(np.intp, copy=False)
    return places if (places[1:] > places[:-1]).all() else np.unique(places)
