"""Does the device contact global addresses that it never asked a name for?

Looks for: flows to addresses beyond the local network whose beginning was captured, at a time when the device's DNS could have been seen, and
which carry no name: no answer that this device got, no server name in a handshake. No declared item holds the address. Where destinations are
declared, what the other side's own certificate says is no name, unless it is a declared one. Where the device's own start was captured before (it
asked for an address or a router), a flow whose handshake is missing counts too: it cannot be older. Payload upload makes it `low`; less is `info`.
Flows whose name could not have been seen (begun before the capture, before the device's first DNS, or under a name known only from a weak source)
are one `info` row.

Also looks like this: peer-to-peer calls and games; servers written into the firmware, such as time servers and fallback resolvers; names resolved
over encrypted DNS; answers kept from before the capture. Declare the address or its network with its purpose, or capture from before the device
starts.

References: RFC 9499 (DNS terminology); Perdisci et al., IoTFinder, EuroS&P 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _movement, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.findings.finding import Finding
from gdsi_audit.matching import matches
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "low"
COMMITMENTS = ("GDSI-7",)

NAME = "unnamed_destination"
ALTERNATIVES = (
    "a peer-to-peer service that exchanges addresses inside its own protocol",
    "an address written into the firmware for a legitimate service, such as time or a fallback resolver",
    "a name resolved over encrypted DNS, or before the capture began",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_subjects: int = 8) -> Iterator[Finding]:
    """See `Detector`. Beyond `most_subjects` addresses, those that moved least become one finding."""
    beyond, verdicts = ~traffic.tables.flows["remote_is_local"], matches(traffic, declaration)
    unnamed = np.flatnonzero(beyond & verdicts.is_any("verdict", ("unnamed",)))
    flows = traffic.tables.flows.take(unnamed)
    for subject, rows in grouped(_subjects.gathered(flows["remote_addr"], flows["up_bytes"], most_subjects, "further addresses")):
        yield _unnamed(traffic, declaration, unnamed[rows], subject)
    hidden = np.flatnonzero(beyond & verdicts.is_any("verdict", ("not_observable",)))
    if hidden.size:
        yield _not_observable(traffic, hidden)


def _unnamed(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], subject: str) -> Finding:
    group = traffic.tables.flows.take(rows)
    who = _subjects.opening(traffic, declaration)
    organisations = _subjects.listed(group.distinct("organisation"))
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=subject,
        severity=_movement.worst(_movement.grades(group, SEVERITY)),
        confidence="medium",
        commitments=COMMITMENTS,
        observation=f"{who} exchanged {_subjects.moved(group)} with {_subjects.listed(group.distinct('remote_addr'))} "
        f"({_subjects.listed(_subjects.services(group))}{'; ' + organisations if organisations else ''}) without a name in DNS or handshake.",
        inference="The address was known to the device by other means than a name that could be seen.",
        alternatives=ALTERNATIVES,
        refuted_by="A capture from the device's start that shows the name being resolved.",
    )


def _not_observable(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> Finding:
    group = traffic.tables.flows.take(rows)
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject="names not observable",
        severity="info",
        confidence="high",
        commitments=COMMITMENTS,
        observation=f"{_subjects.moved(group)} with {_subjects.addresses(group)} "
        f"whose name could not be seen with certainty in this capture: {_subjects.listed(group.distinct('remote_addr'))}.",
        inference="Who was contacted cannot be said by name.",
        alternatives=(
            "the flows began before the capture, or before the device's first DNS in it",
            "the name is hidden inside the handshake, for the user's privacy",
        ),
        refuted_by="A capture from the device's start.",
    )
