"""Is anything declared that the device was never seen to use?

Looks for: declared destinations to which no flow of the device came near, in one `info` row that lists them with file and line. Classes of
traffic and items that cannot be held against traffic are left out, and so is how often a destination was promised to be contacted: slower or
absent is no fault. A list much wider than what is used hides what matters, which is why the row is there.

Also looks like this: a short capture; a function that nobody used in the test; a destination for firmware that is contacted once a month. A
longer capture that covers every declared phase is the honest answer.

References: RFC 8520 (manufacturer usage descriptions).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.findings.finding import Finding
from gdsi_audit.findings.quantities import counted, duration
from gdsi_audit.matching import used
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "info"
COMMITMENTS = ("GDSI-1",)

NAME = "unused_declaration"
MOST_LISTED = 20


def detect(traffic: DeviceTraffic, declaration: Declaration) -> Iterator[Finding]:
    """See `Detector`."""
    flows = len(traffic.tables.flows)
    if not flows or not declaration.destinations:
        return
    seen = used(traffic, declaration)
    unused = [item for row, item in enumerate(declaration.destinations) if row not in seen and not item.klass and not item.not_assessable]
    if not unused:
        return
    observed_s = traffic.coverage.observed_s
    yield finding(
        traffic,
        np.ones(flows, np.bool_),
        detector=NAME,
        subject="declared destinations never seen",
        severity=SEVERITY,
        confidence="high",
        commitments=COMMITMENTS,
        observation=f"In {duration(observed_s)} and {counted(flows, 'flow')}, {len(unused):,} of {len(declaration.destinations):,} destinations "
        f"were never contacted: {_subjects.listed([_place_of(item) for item in unused], MOST_LISTED)}.",
        inference="The declaration is wider than what this device was seen to use.",
        alternatives=("the capture is too short to show them", "the function that needs them was not used in the test"),
        refuted_by="A longer capture, or one of the function in question, in which they are contacted.",
        measures={"unused": len(unused), "declared": len(declaration.destinations), "observed_hours": round(observed_s / 3600, 2)},
    )


def _place_of(item: Destination) -> str:
    """`*.cams.example (camera.toml:12)`."""
    return f"{item.title} ({item.source.file}:{item.source.line})" if item.source.file else item.title
