"""Does the device show a name while it talks to somebody else?

Looks for: a server name (TLS, QUIC) or HTTP host shown at an address that no answer gave this device for that name, in another organisation's network
than every address that was answered; a certificate (TLS up to 1.2) of somebody else's domain; two different names in one connection (fronting); and a
hello under a name whose cipher suites exist in no implementation of TLS. Names that are declared are decoys as well as any. Where the networks are
unknown, the answers had expired, or the device also asks resolvers that cannot be overheard, it is `low`; without a list of destinations at most
`medium`. Nothing is said where the network is the same, or where the name was never answered in the clear.

Also looks like this: a service that moved between lookups the capture missed, an address kept from an earlier day, a server that still has another
customer's certificate. Declare the service's addresses or network as a destination of their own.

References: RFC 6066 section 3 (server name); RFC 9110 section 7.2 (Host); RFC 6125 section 6.4; IANA "TLS Cipher Suites"; Fifield and others 2015
(domain fronting).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _decoys, _movement, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import at_most, standing
from gdsi_audit.detectors._strangers import Decoy
from gdsi_audit.findings.finding import CONFIDENCES, SEVERITIES, Finding
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-7",)

NAME = "decoy_name"
ALTERNATIVES = (
    "the service moved, or answers differ by place, and the capture missed a lookup",
    "an address kept from an earlier lookup, or written into the firmware by the vendor",
    "a proxy or load balancer of the same service in a network that it rents",
)
UNSURE = "medium"
"""Ceiling where no destinations are declared."""


def detect(traffic: DeviceTraffic, declaration: Declaration, *, least_unassigned_suites: int = 3) -> Iterator[Finding]:
    """See `Detector`. A hello is no TLS when at least this many, and more than half, of its cipher suites are in nobody's use."""
    decoys = _decoys.decoys(traffic, least_unassigned_suites)
    if not decoys:
        return
    matched = matches(traffic, declaration)
    judged = ~matched.is_any("verdict", NOT_JUDGED)
    for name, reasons in decoys:
        rows = np.unique(np.concatenate([decoy.rows for decoy in reasons]))
        rows = rows[judged[rows]]
        if rows.size and not _addresses_declared(traffic, declaration, rows):
            yield _finding(traffic, declaration, name, reasons, rows)


def _finding(traffic: DeviceTraffic, declaration: Declaration, name: str, reasons: list[Decoy], rows: NDArray[np.intp]) -> Finding:
    flows = traffic.tables.flows.take(rows)
    addresses = flows.distinct("remote_addr")
    stands = standing(traffic, declaration, rows)
    ceiling = max((decoy.ceiling for decoy in reasons), key=SEVERITIES.index)
    severity = at_most(at_most(_movement.worst(_movement.grades(flows, SEVERITY)), ceiling), SEVERITY if stands.stated else UNSURE)
    who = _subjects.opening(traffic, declaration)
    own = f" {name} is a declared name." if stands.declared else ""
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{addresses[0]}{f' and {len(addresses) - 1} more' if len(addresses) > 1 else ''} as {name}",
        severity=severity,
        confidence=max((decoy.confidence for decoy in reasons), key=CONFIDENCES.index),
        commitments=COMMITMENTS,
        observation=f"{who} showed the name {name} to {_subjects.listed(addresses)} "
        f"({_subjects.listed(_subjects.services(flows))}): {_subjects.moved(flows)}; {'; '.join(decoy.says for decoy in reasons)}.{own}",
        inference="The name shown need not be that of the party that received the traffic: whoever filters or declares by name would be misled.",
        alternatives=ALTERNATIVES,
        refuted_by="A DNS answer, the service operator's list of addresses or a certificate made for the name, that puts the name at this address.",
        measures={"reasons": ", ".join(sorted(decoy.kind for decoy in reasons))},
    )


def _addresses_declared(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp]) -> bool:
    """Whether every address is declared by itself or by its network, so that the name does not matter."""
    flows = traffic.tables.flows.take(rows)
    items = [item for item in declaration.destinations if item.network is not None or item.asn is not None]
    return bool(items) and all(_decoys.is_within(traffic, address, items) for address in flows.distinct("remote_addr"))
