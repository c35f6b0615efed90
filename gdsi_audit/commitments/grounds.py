"""What a verdict rests on: the numbers of one device, and what is missing before anything may be said where nothing was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gdsi_audit.commitments.unjudged import unjudged
from gdsi_audit.declarations import Declaration, Phase
from gdsi_audit.findings.quantities import counted, duration
from gdsi_audit.jurisdictions.assessed_flows import sides
from gdsi_audit.tables.distinct import sums
from gdsi_audit.traffic import LATEST, DeviceTraffic, Traffic

MOST_LOSS = 0.01
LEAST_READABLE = 0.95
LEAST_INSIDE = 0.95
PHASE_TOLERANCE_S = 30.0
INBOUND_SHOWS_AT = frozenset({"device", "access-point", "lan"})
"""Vantages where what comes in and what stays in the local network can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """All that the verdicts on one device rest on."""

    device: str
    seen: bool
    coverage: Mapping[str, float | int | str]
    missing: tuple[str, ...]
    """What keeps every commitment from `no contradiction observed`."""
    missing_of: Mapping[str, tuple[str, ...]]
    """What keeps one commitment from it."""
    by_vendor: bool
    observed_s: float = 0.0


def grounds(traffic: Traffic, declaration: Declaration, *, shortest_observation_h: float) -> list[Grounds]:
    """One per device in the order of `traffic`, then one per declared device that never appeared; one for the capture where there was none."""
    absent = _absent(traffic, declaration)
    found = [_grounds(device, traffic, declaration, absent, shortest_observation_h) for device in traffic.devices]
    listed = [one.device for one in found]
    found += [_unseen(name, declaration) for name in absent if name not in listed]
    return found or [_unseen("", declaration)]


def _absent(traffic: Traffic, declaration: Declaration) -> tuple[str, ...]:
    """Declared devices of which no flow was seen."""
    seen = {device.device.id for device in traffic.devices if device.coverage.flows}
    return tuple(device.name for device in declaration.devices if device.name not in seen)


def _unseen(name: str, declaration: Declaration) -> Grounds:
    """A declared device that never appeared, or a capture in which there was none."""
    reason = f"the declared device {name} never appeared" if name else "no device was seen"
    numbers = {"observed_hours": 0.0, "flows": 0, "up_bytes": 0, "down_bytes": 0, "loss": 0.0, "readable": 0.0}
    return Grounds(device=name, seen=False, coverage=numbers, missing=(reason,), missing_of={}, by_vendor=declaration.by_vendor)


def _grounds(device: DeviceTraffic, traffic: Traffic, declaration: Declaration, absent: Sequence[str], shortest_observation_h: float) -> Grounds:
    if not device.coverage.flows:
        return _unseen(device.device.id, declaration)
    inside, assessed_bytes = _share_inside(device, declaration)
    uncovered = [phase.name for phase in declaration.phases if not _is_covered(phase, traffic)]
    numbers = _numbers(device, declaration) | {
        "inside": inside,
        "assessed_bytes": assessed_bytes,
        "phases_covered": len(declaration.phases) - len(uncovered),
    }
    return Grounds(
        device=device.device.id,
        seen=True,
        observed_s=device.coverage.observed_s,
        coverage=numbers,
        missing=(*_missing(device, absent, uncovered, shortest_observation_h), *unjudged(device, traffic, declaration)),
        missing_of={
            "GDSI-1": () if declaration.given else ("destinations need declaring",),
            "GDSI-3": tuple(_missing_to_read(device, declaration)),
            "GDSI-4": (*_missing_of_home(declaration), *_missing_to_place(declaration, inside)),
            "GDSI-5": tuple(_missing_to_place(declaration, inside)),
            "GDSI-7": tuple(_missing_of_vantage(device, declaration)),
        },
        by_vendor=declaration.by_vendor,
    )


def _numbers(device: DeviceTraffic, declaration: Declaration) -> dict[str, float | int | str]:
    coverage = device.coverage
    return {
        "observed_hours": round(coverage.observed_s / 3600, 4),
        "flows": coverage.flows,
        "up_bytes": coverage.up_bytes,
        "down_bytes": coverage.down_bytes,
        "loss": coverage.loss,
        "midstream": coverage.midstream,
        "one_sided": coverage.one_sided,
        "named": coverage.named,
        "readable": coverage.readable,
        "located": coverage.located,
        "cut_by_snaplen": coverage.cut_by_snaplen,
        "phases_declared": len(declaration.phases),
        "identifiers": len(declaration.identifiers),
        "vantage": declaration.vantage.position,
        "notes": "; ".join(coverage.notes),
    }


def _missing(device: DeviceTraffic, absent: Sequence[str], uncovered: Sequence[str], shortest_observation_h: float) -> Iterator[str]:
    """What every commitment needs."""
    coverage = device.coverage
    hours = coverage.observed_s / 3600
    if coverage.loss > MOST_LOSS:
        yield f"loss is {coverage.loss:.2%}, more than {MOST_LOSS:.0%}"
    if hours < shortest_observation_h:
        yield f"{duration(coverage.observed_s)} were observed, less than {duration(shortest_observation_h * 3600)}"
    yield from _not_kept(device)
    yield from (f"phase {name} is not covered" for name in uncovered)
    yield from (f"the declared device {name} never appeared" for name in absent)


def _not_kept(device: DeviceTraffic) -> Iterator[str]:
    """What was seen and, for want of room, not judged."""
    if device.folded:
        yield f"{counted(device.folded, 'flow')} more than memory holds, not judged one by one"
    if protocols := sorted(protocol for protocol in device.kept_until if device.complete_until(protocol) < LATEST):
        yield f"not all messages of {', '.join(protocols)} were kept"


def _missing_to_read(device: DeviceTraffic, declaration: Declaration) -> Iterator[str]:
    flows = device.tables.flows
    uploaded = int(flows["up_bytes"][~flows["remote_is_local"]].sum()) or device.folded
    if uploaded and device.coverage.readable < LEAST_READABLE:
        yield f"{device.coverage.readable:.1%} of upload bytes are readable, less than {LEAST_READABLE:.0%}"
    if not declaration.identifiers:
        yield "identifiers to look for need declaring"
    else:
        yield "the declared identifiers were not looked for in payload"


def _missing_of_home(declaration: Declaration) -> Iterator[str]:
    if not declaration.product.home:
        yield "the vendor's home territory needs declaring"
    if not (declaration.jurisdictions.data_generated_in or declaration.vantage.country):
        yield "where the data is generated needs declaring"


def _missing_to_place(declaration: Declaration, inside: float) -> Iterator[str]:
    places = [declaration.jurisdictions.allowed, *(item.jurisdictions for item in declaration.destinations)]
    if all(allowed is None for allowed in places) and not declaration.jurisdictions.denied:
        yield "allowed jurisdictions need declaring"
    elif inside < LEAST_INSIDE:
        yield f"{inside:.1%} of upload bytes are assessed inside, less than {LEAST_INSIDE:.0%}"


def _missing_of_vantage(device: DeviceTraffic, declaration: Declaration) -> Iterator[str]:
    position = declaration.vantage.position
    if not declaration.given:
        yield "destinations and listeners need declaring"
    if position not in INBOUND_SHOWS_AT:
        yield f"inbound and local traffic do not surely show at the vantage ({position})"
    yield from (note for note in device.coverage.notes if "inbound" in note or "interface" in note)


def _share_inside(device: DeviceTraffic, declaration: Declaration) -> tuple[float, int]:
    """(share of upload bytes beyond the local network that is assessed inside, those bytes). 1.0 of nothing.

    Bytes to class items without jurisdictions of their own are exempt; where nothing is declared, all others are unassessed.
    """
    rows, numbers, found = sides(device, declaration)
    (sent,) = sums(numbers, len(found), device.tables.flows["up_bytes"][rows])
    counted = np.array([not side.is_exempt for side in found], np.bool_)
    inside = counted & np.array([side.assessment == "inside" for side in found], np.bool_)
    assessed, inside_bytes = int(sent[counted].sum()), int(sent[inside].sum())
    return (round(inside_bytes / assessed, 6) if assessed else 1.0), assessed


def _is_covered(phase: Phase, traffic: Traffic) -> bool:
    """Whether captures cover the phase but for the tolerance, and at least a part of it."""
    uncovered = _uncovered_ns(phase, traffic)
    return uncovered <= PHASE_TOLERANCE_S * 1e9 and uncovered < phase.end - phase.start


def _uncovered_ns(phase: Phase, traffic: Traffic) -> int:
    """Nanoseconds of the phase that no capture covers."""
    spans = sorted((one.first, one.last) for one in traffic.captures if one.first is not None and one.last is not None)
    reached, uncovered = phase.start, 0
    for first, last in spans:
        uncovered += max(0, min(first, phase.end) - reached)
        reached = max(reached, min(last, phase.end))
    return uncovered + max(0, phase.end - reached)
