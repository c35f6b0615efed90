"""Does the device send much through a neighbour, so that what leaves the network leaves under another host's name?

Looks for: a bulk upload to a host of the local network that itself sends about as much to the internet at the same time or soon after, to a party it
had not sent as much before. The neighbour's traffic must be in the capture. Where no declaration speaks of destinations it is `low`; a neighbour that
is declared by its address makes it `info`, one that only a class covers `low`; one that nothing declares is the base.

Also looks like this: a hub, recorder or storage box of the home that keeps copies in a cloud; a user who looks at the camera and shares what it
shows; a proxy. Declare the neighbour by its address, and with it what it passes on.

References: MITRE ATT&CK T1090.001 (internal proxy) and T1074 (data staged); NISTIR 8425 (hub and companion components of a product).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._from_flows import ends, finding
from gdsi_audit.detectors._standing import at_most, standing
from gdsi_audit.findings.finding import Evidence, Finding
from gdsi_audit.findings.quantities import duration
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-2", "GDSI-7")

NAME = "local_relay"
EARLIER_SHARE = 0.25
"""A party that the neighbour already sent this share of the volume before is its own business."""


class Passed(NamedTuple):
    """What a neighbour sent on."""

    parties: tuple[str, ...]
    bytes: int
    first: int
    """UTC nanoseconds, at the earliest when the device began."""
    rows: NDArray[np.intp]
    """Positions in `traffic.neighbours`."""


def detect(
    traffic: DeviceTraffic,
    declaration: Declaration,
    *,
    least_bytes: int = 100_000,
    least_share: float = 0.7,
    most_share: float = 1.4,
    soon_s: float = 900.0,
) -> Iterator[Finding]:
    """See `Detector`. The neighbour passes on between `least_share` and `most_share` of what it was given, at the latest `soon_s` after it."""
    flows = traffic.tables.flows
    inside = flows["remote_is_local"] & ~flows["remote_is_multicast"] & (flows["up_bytes"] > 0) & flows.is_any("tunnel", ("",))
    rows = np.flatnonzero(inside)
    if not len(traffic.neighbours) or flows["up_bytes"][rows].sum() < least_bytes:
        return
    codes = flows.codes("remote_addr")[rows]
    given = np.bincount(codes, flows["up_bytes"][rows])
    for code in np.flatnonzero(given >= least_bytes).tolist():
        to_peer = rows[codes == code]
        passed = _passed(traffic, to_peer, (least_share * given[code], most_share * given[code]), soon_s)
        if passed is not None:
            yield from _finding(traffic, declaration, to_peer, passed)


def _passed(traffic: DeviceTraffic, rows: NDArray[np.intp], between: tuple[float, float], soon_s: float) -> Passed | None:
    """What the neighbour behind the flows at `rows` sent on: to one address, or to all that it had not sent much to before."""
    flows, sent = traffic.tables.flows, traffic.neighbours
    given = flows.take(rows)
    begin, end = int(given["start"].min()), int(ends(given).max())
    places = _sent_by(traffic, given)
    if not places.size:
        return None
    remote = sent.codes("remote_addr")[places].astype(np.int64)
    during = (sent["end"][places] >= begin) & (sent["start"][places] <= end + int(soon_s * 1e9))
    chosen = _fresh(remote, sent["up_bytes"][places], during, between)
    if not chosen.size:
        return None
    mine = places[during & np.isin(remote, chosen)]
    first = max(begin, int(sent["start"][mine].min()))
    parties = tuple(sent.words("remote_addr")[code] for code in chosen.tolist())
    return Passed(parties, int(sent["up_bytes"][mine].sum()), first, mine)


def _sent_by(traffic: DeviceTraffic, given: Columns) -> NDArray[np.intp]:
    """Places in `traffic.neighbours` of what the neighbour behind the flows `given` sent, by any of its addresses."""
    sent, macs = traffic.neighbours, np.unique(given["remote_mac"])
    same = sent.is_any("addr", given.distinct("remote_addr")) | (np.isin(sent["mac"], macs) & (sent["mac"] != 0))
    return np.flatnonzero(same & ~sent.is_any("addr", traffic.device.addresses))


def _fresh(remote: NDArray[np.int64], up_bytes: NDArray[np.int64], during: NDArray[np.bool_], between: tuple[float, float]) -> NDArray[np.intp]:
    """Of the parties `remote` one that got `between` so many bytes `during` the time, else all together that did; who got as much before is none."""
    after = np.bincount(remote[during], up_bytes[during], int(remote.max()) + 1)
    before = np.bincount(remote[~during], up_bytes[~during], after.size)
    fresh = (after > 0) & (before <= EARLIER_SHARE * after)
    alone = np.flatnonzero(fresh & (after >= between[0]) & (after <= between[1]))
    if alone.size:
        return alone[:1]
    return np.flatnonzero(fresh) if between[0] <= after[fresh].sum() <= between[1] else np.empty(0, np.intp)


def _finding(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], passed: Passed) -> Iterator[Finding]:
    flows = traffic.tables.flows.take(rows)
    stands = standing(traffic, declaration, rows)
    if not stands.judged:
        return
    severity, says = SEVERITY, "no item declares this neighbour"
    if stands.declared:
        by_address = stands.destination is not None and stands.destination.network is not None
        severity, says = (
            ("info", "the neighbour is declared by its address") if by_address else ("low", "the declaration only covers local hosts at large")
        )
    elif not stands.undeclared:
        severity, says = "low", "nothing is declared of it"
    if flows.is_any("initiator", ("unknown", "remote")).all() and not flows["device_is_originator"].any():
        severity = at_most(severity, "low")
    who, peer = _subjects.opening(traffic, declaration), flows["remote_addr"][0]
    given, later_s = flows.sum("up_bytes"), (passed.first - int(flows["start"].min())) / 1e9
    found = finding(
        traffic,
        rows,
        detector=NAME,
        subject=peer,
        severity=severity,
        confidence="medium",
        commitments=COMMITMENTS,
        observation=f"{who} sent {given:,} payload bytes to the neighbour {peer}, which {_when(later_s)} sent "
        f"{passed.bytes:,} to {_subjects.listed(passed.parties)} ({passed.bytes / given:.2f} times as much); {says}.",
        inference="The neighbour may pass on what the device gives it, to a party that the device itself never contacts.",
        alternatives=(
            "a hub, recorder or storage box of the home that keeps copies elsewhere",
            "a user who looks at what the device shows and shares it",
            "an upload of the neighbour's own that is as large by chance",
        ),
        refuted_by="What the neighbour sent at that time, in clear text, or a second run in which it sends as much without the device.",
        measures={"passed_on_bytes": passed.bytes, "passed_on_share": round(passed.bytes / given, 3), "later_s": round(later_s, 3)},
    )
    yield replace(found, evidence=(*found.evidence, *_onward(traffic, passed)))


def _when(later_s: float) -> str:
    return f"from {duration(later_s)} later on" if later_s >= 1 else "at the same time"


def _onward(traffic: DeviceTraffic, passed: Passed) -> Iterator[Evidence]:
    """The neighbour's own frames, which are no part of the device's."""
    sent = traffic.neighbours.take(passed.rows)
    for capture, ranges in traffic.frames.frames(sent["flow"].tolist()):
        pairs = sorted(set(zip(sent["addr"].tolist(), sent["remote_addr"].tolist(), strict=True)))[: _subjects.MOST_SHOWN * 4]
        terms = " || ".join(f"({_field(addr)} == {addr} && {_field(remote)} == {remote})" for addr, remote in pairs)
        span = f"frame.number >= {ranges[0][0]} && frame.number <= {ranges[-1][1]}"
        yield Evidence(
            frames=((traffic.captures[capture].sha256, ranges),),
            display_filter=f"({terms}) && {span}" if terms else span,
            filter_kind="superset",
        )


def _field(address: str) -> str:
    return "ipv6.addr" if ":" in address else "ip.addr"
