"""The one document that every format prints: the audit as plain lists and tables, texts still unescaped for their sink."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from gdsi_audit.audit import Audit
from gdsi_audit.declarations import Declaration
from gdsi_audit.findings.finding import Evidence, Finding
from gdsi_audit.jurisdictions import Share, by_jurisdiction, by_operator
from gdsi_audit.matching import matches
from gdsi_audit.reports._declared import declared
from gdsi_audit.reports._destinations import destinations
from gdsi_audit.reports._gathered import whole
from gdsi_audit.reports._instant import EPOCH, SECOND_NS, iso
from gdsi_audit.reports._limits import limits
from gdsi_audit.reports._parties import SUMS, Parties, parties
from gdsi_audit.reports._plain import attributes, plain
from gdsi_audit.tables.distinct import sums
from gdsi_audit.traffic import Capture, DeviceTraffic

HOUR_NS = 3600 * SECOND_NS


def document(audit: Audit) -> dict[str, Any]:
    """The audit but for its endpoints, under the design's keys, in their order. Instants are text, bytes payload without retransmissions."""
    return {key: plain(value) for key, value in parts(audit, parties_of(audit))}


def parties_of(audit: Audit) -> list[Parties]:
    """Whom each device spoke with."""
    return [parties(one, matches(one, audit.declaration), audit.declaration) for one in audit.traffic.devices]


def parts(audit: Audit, found: Sequence[Parties]) -> Iterator[tuple[str, Any]]:
    """What `document` is made of, not yet plain: texts as they came, sets and numbers of other kinds, long lists as iterators.

    `found`: the parties of each device.
    """
    traffic = audit.traffic
    yield "captures", [_capture(one) for one in traffic.captures]
    yield "devices", [_device(*one, audit) for one in zip(traffic.devices, found, strict=True)]
    yield "findings", [_finding(one) for one in audit.findings]
    yield "verdicts", [attributes(one) for one in audit.verdicts]
    yield "gaps", [attributes(one) for one in audit.gaps]
    covered = [{"device": one.device.id, **attributes(one.coverage)} for one in traffic.devices]
    yield "coverage", {"limits": limits(audit), "devices": covered, "background": [attributes(one) for one in traffic.background]}
    yield "databases", [_database(one, traffic.captures) for one in traffic.databases]
    yield "settings", {**audit.settings, "declaration": _statement(audit.declaration)}
    yield "version", audit.version


def _capture(capture: Capture) -> dict[str, Any]:
    spans = {"first": iso(capture.first), "last": iso(capture.last)}
    return {**attributes(capture), **spans, "ledger": {**attributes(capture.ledger), "adds_up": capture.ledger.adds_up()}}


def _device(device: DeviceTraffic, found: Parties, audit: Audit) -> dict[str, Any]:
    return {
        **attributes(device.device),
        **whole(found).totals(),
        "flows_folded": device.folded,
        "jurisdictions": [_share(one, "jurisdiction") for one in by_jurisdiction(device)],
        "operators": [{**_share(one, "operator"), "seat": one.seat} for one in by_operator(device)],
        "destinations": destinations(found, device.endpoints, audit.declaration),
        "declared_items": declared(device, matches(device, audit.declaration), audit.declaration, audit.findings),
        "activity": _activity(device),
    }


def _share(share: Share, title: str) -> dict[str, Any]:
    return {title: share.name, "flows": share.flows, "up_bytes": share.up_bytes, "down_bytes": share.down_bytes}


def _activity(device: DeviceTraffic) -> list[dict[str, Any]]:
    """Per UTC hour with traffic."""
    contacts = device.tables.contacts
    hours, numbers = np.unique(contacts["hour"], return_inverse=True)
    moved = sums(numbers.ravel(), hours.size, *(contacts[name] for name in SUMS))
    rows = zip(hours.tolist(), *(column.tolist() for column in moved), strict=True)
    return [{"hour": iso(hour * HOUR_NS), "flows": flows, "up_bytes": up, "down_bytes": down} for hour, flows, up, down in rows]


def _finding(finding: Finding) -> dict[str, Any]:
    spans = {"first_seen": iso(finding.first_seen or None), "last_seen": iso(finding.last_seen or None)}
    broken = [attributes(one) for one in finding.contradicts]
    return {"id": finding.id, **attributes(finding), **spans, "evidence": [_evidence(one) for one in finding.evidence], "contradicts": broken}


def _evidence(evidence: Evidence) -> dict[str, Any]:
    frames = [{"capture": capture, "ranges": ranges} for capture, ranges in evidence.frames]
    return {**attributes(evidence), "frames": frames, "frame_count": evidence.frame_count}


def _database(database: Mapping[str, Any], captures: tuple[Capture, ...]) -> dict[str, Any]:
    """With its age when the last frame was captured: not today, for the same audit gives the same bytes."""
    last = max((one.last for one in captures if one.last is not None), default=None)
    age = None if last is None else _days_between(str(database.get("edition", "")), last)
    return {**database, "age_days": age}


def _days_between(edition: str, instant_ns: int) -> int | None:
    """Days from an ISO date to an instant; negative where the edition is younger; None where it is no date."""
    try:
        return (instant_ns - (date.fromisoformat(edition) - EPOCH.date()).days * 24 * HOUR_NS) // (24 * HOUR_NS)
    except ValueError:
        return None


def _statement(declaration: Declaration) -> dict[str, Any]:
    """What was declared, but for items (each device's `declared_items`) and the values of identifiers (never printed)."""
    product, vantage, jurisdictions = declaration.product, declaration.vantage, declaration.jurisdictions
    return {
        "statements": [attributes(one) for one in declaration.statements],
        "product": {name: getattr(product, name) for name in ("vendor", "model", "firmware", "home", "scope")},
        "vantage": {name: getattr(vantage, name) for name in ("position", "country", "latitude", "longitude", "timezone", "clock_offset_s")},
        "jurisdictions": {
            "data_generated_in": jurisdictions.data_generated_in,
            "allowed": jurisdictions.allowed_words if jurisdictions.allowed is not None else None,
            "denied": jurisdictions.denied,
            "hosts_from": jurisdictions.hosts_from,
            "operators_from": jurisdictions.operators_from,
        },
        "identifiers": [{"id": one.id, "kind": one.kind, "allowed_to": one.allowed_to} for one in declaration.identifiers],
        "phases": [{"name": one.name, "start": iso(one.start), "end": iso(one.end), "consent": one.consent} for one in declaration.phases],
        "bench": [{"role": one.role, "address": one.address, "reason": one.reason} for one in declaration.bench],
        "ignore": [{"filter": one.filter, "reason": one.reason} for one in declaration.ignore],
        "notes": [{"kind": one.kind, "text": one.text, "file": one.source.file, "line": one.source.line} for one in declaration.notes],
    }
