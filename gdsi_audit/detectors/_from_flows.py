"""A finding about a group of flows: evidence, times and sums come from the flows, the words from the detector."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gdsi_audit.detectors import _subjects
from gdsi_audit.evidence_of import evidence
from gdsi_audit.finding import Broken, Finding
from gdsi_audit.traffic import DeviceTraffic


def finding(
    traffic: DeviceTraffic,
    flows: pd.DataFrame,
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
) -> Finding:
    """The finding on `flows`, rows of `traffic.flows`. `bytes` is payload sent by the device, `count` the number of flows."""
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
        evidence=evidence(traffic, flows["flow"].tolist()),
        contradicts=contradicts,
        measures=_subjects.measures(flows) | dict(measures or {}),
        first_seen=int(flows["start"].min()),
        last_seen=int((flows["start"] + (flows["duration_s"] * 1e9).round().astype("int64")).max()),
        count=len(flows),
        bytes=int(flows["up_bytes"].sum()),
    )
