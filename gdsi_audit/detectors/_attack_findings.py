"""What is said of each kind of attack, and how the declaration stands to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._operations import Frames
from gdsi_audit.detectors._standing import Standing, standing
from gdsi_audit.findings.finding import Finding
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-2",)

NAME = "outbound_attack"
REFUTED_BY = "A function of the product that explains these contacts, or a test that its user ran at that time."


class Kind(NamedTuple):
    """What findings of one kind say beyond what was seen."""

    inference: str
    alternatives: tuple[str, ...]


SCAN = Kind(
    "It looked for hosts of the internet that offer these services.",
    ("a peer-to-peer network whose members are gone", "a measurement that its user runs"),
)
PORT_SCAN = Kind(
    "It looked for services that listen on that host.",
    ("a peer that guesses the ports of an address translator", "a measurement that its user runs"),
)
FLOOD = Kind(
    "It took part in overloading that host.",
    ("a load test that its user runs", "a client that connects again without pause after every failure"),
)
REFLECTION = Kind(
    "It had others' servers send far more than it sent itself, to whoever was named as sender.",
    ("a measurement of open servers", "a tool of its user that asks these services"),
)
REFUSED = Kind("It tried passwords until one should fit.", ("a stored password that is no longer right", "a test that its user runs"))
ALIKE = Kind(
    "Each may have tried another password; what was said in them is not readable.",
    ("a script that logs in again and again to run one command", "a monitor that checks whether the service is up"),
)
OPERATED = Kind(
    "It changed what an industrial or building controller does.",
    ("a controller, gateway or panel that does what it was bought for", "commissioning by its installer"),
)


class Speaker:
    """Makes findings of one device."""

    def __init__(self, traffic: DeviceTraffic, declaration: Declaration) -> None:
        self.traffic, self.declaration = traffic, declaration

    def standing(self, rows: NDArray[np.intp]) -> Standing:
        """How the declaration stands to the party of the flows at `rows`."""
        return standing(self.traffic, self.declaration, rows)

    def plain(self, kind: Kind, rows: NDArray[np.intp], subject: str, says: str) -> Iterator[Finding]:
        """What the wire shows beyond doubt: a declaration does not make it less than `medium`."""
        stands = self.standing(rows)
        if stands.judged:
            yield self.finding(kind, rows, subject, says, SEVERITY if stands.undeclared else "medium", stands)

    def finding(
        self, kind: Kind, rows: NDArray[np.intp], subject: str, says: str, severity: str, stands: Standing, frames: Frames | None = None
    ) -> Finding:
        """The finding of one kind on the flows at `rows`; `frames` narrow its evidence, as in `_from_flows.finding`."""
        who = _subjects.opening(self.traffic, self.declaration)
        return finding(
            self.traffic,
            rows,
            detector=NAME,
            subject=subject,
            severity=severity,
            confidence={"high": "high", "medium": "medium"}.get(severity, "low"),
            commitments=COMMITMENTS,
            observation=f"{who} {says}; {_says(stands)}.",
            inference=kind.inference,
            alternatives=kind.alternatives,
            refuted_by=REFUTED_BY,
            frames=frames,
        )


def _says(stands: Standing) -> str:
    if stands.declared:
        return "the party is declared" if stands.destination is None else f"{stands.destination.title} is declared"
    return "no item declares it" if stands.undeclared else "nothing is declared of it"
