"""What moved outside of the phases that a destination item states."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _quiet_times, _subjects
from gdsi_audit.detectors._from_flows import ends, finding
from gdsi_audit.detectors._sent_messages import carried_up
from gdsi_audit.detectors._standing import broken
from gdsi_audit.findings.finding import Finding
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-3",)

NAME = "idle_upload"
ALTERNATIVES = (
    "the product did by itself what it is for: a camera that saw something move, a scheduled backup",
    "an upload that had been queued while the device was used or the network was away",
    "the times of the phases, or the clock of the capture, are off",
)


def outside_phases(
    traffic: DeviceTraffic, declaration: Declaration, item: Destination, covered: NDArray[np.intp], confident: NDArray[np.bool_], tolerance_s: float
) -> Iterator[Finding]:
    """Bytes that moved when the item says that none do.

    `covered`: positions of its flows; `confident`: by flow of the device, which are surely covered by their item.
    """
    part = traffic.tables.flows.take(covered)
    allowed = _quiet_times.merged(_quiet_times.stated(declaration.phases, item.phases), tolerance_s)
    moved = part["up_bytes"] + part["down_bytes"] > 0
    apart = _quiet_times.apart(allowed, part["start"], ends(part))
    rows = covered[moved & (apart | (carried_up(traffic, part, ~apart, _quiet_times.between(allowed)) > 0))]
    if not rows.size:
        return
    sure = rows[confident[rows]]
    rows = sure if sure.size else rows
    flows = traffic.tables.flows.take(rows)
    who = _subjects.opening(traffic, declaration)
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=item.title,
        severity=SEVERITY if sure.size else "low",
        confidence="high" if sure.size else "low",
        commitments=COMMITMENTS,
        observation=f"{who} exchanged {_subjects.moved(flows)} with {item.title} in connections that lie, or "
        f"carried messages, outside of the phases declared for it ({', '.join(item.phases)}), {tolerance_s:.0f} s allowed for.",
        inference="The destination is used at times at which, as declared, it is not.",
        alternatives=ALTERNATIVES,
        refuted_by="A corrected log of the phases, or a declaration that lists the phases in which these bytes moved.",
        contradicts=broken(item.source, "destination", "phases") if sure.size else (),
        measures={"phases": ", ".join(item.phases)},
    )
