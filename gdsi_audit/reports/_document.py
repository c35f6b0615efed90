"""The one document that every format prints: the audit as plain lists and tables, texts still unescaped for their sink."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from gdsi_audit.audit import Audit
from gdsi_audit.columns import sums
from gdsi_audit.declarations import Declaration
from gdsi_audit.endpoints import Endpoint
from gdsi_audit.finding import Evidence, Finding
from gdsi_audit.geo import Answer, Place
from gdsi_audit.jurisdictions import Share, by_jurisdiction, by_operator, jurisdiction
from gdsi_audit.matching import matches
from gdsi_audit.reports._declared import declared
from gdsi_audit.reports._destinations import SUMS, Parties, Party, destinations, gravest_assessment, gravest_match, parties, totals
from gdsi_audit.reports._instant import EPOCH, SECOND_NS, iso
from gdsi_audit.reports._limits import limits
from gdsi_audit.reports._plain import plain, printable
from gdsi_audit.traffic import Capture, Device, DeviceTraffic

HOUR_NS = 3600 * SECOND_NS
PLACE_FIELDS = ("located_in", "registered_in", "hosted_by", "operated_by")


def document(audit: Audit) -> dict[str, Any]:
    """The whole audit under the design's keys, in their order. Instants are text, bytes are payload without retransmissions."""
    traffic = audit.traffic
    found = [parties(one, matches(one, audit.declaration), audit.declaration) for one in traffic.devices]
    whole = {
        "captures": [_capture(one) for one in traffic.captures],
        "devices": [_device(*one, audit) for one in zip(traffic.devices, found, strict=True)],
        "endpoints": _endpoints(traffic.devices, found, traffic.endpoints),
        "findings": [_finding(one) for one in audit.findings],
        "verdicts": [_attributes(one) for one in audit.verdicts],
        "gaps": [_attributes(one) for one in audit.gaps],
        "coverage": {
            "limits": limits(audit),
            "devices": [{"device": one.device.id, **_attributes(one.coverage)} for one in traffic.devices],
            "background": [_identity(one) for one in traffic.background],
        },
        "databases": [_database(one, traffic.captures) for one in traffic.databases],
        "settings": {**audit.settings, "declaration": _statement(audit.declaration)},
        "version": audit.version,
    }
    # Endpoints and the frames of findings may be many, and are made of plain values from the start.
    return {key: value if key in ("endpoints", "findings") else plain(value) for key, value in whole.items()}


def _attributes(value: Any) -> dict[str, Any]:
    """A dataclass as a table, one level deep."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _capture(capture: Capture) -> dict[str, Any]:
    spans = {"first": iso(capture.first), "last": iso(capture.last)}
    return {**_attributes(capture), **spans, "ledger": {**_attributes(capture.ledger), "adds_up": capture.ledger.adds_up()}}


def _identity(device: Device) -> dict[str, Any]:
    return _attributes(device)


def _device(device: DeviceTraffic, found: Parties, audit: Audit) -> dict[str, Any]:
    rows = list(found.values())
    return {
        **_identity(device.device),
        **totals(rows),
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


def _endpoints(devices: tuple[DeviceTraffic, ...], found: list[Parties], endpoints: Mapping[str, Endpoint]) -> list[dict[str, Any]]:
    """One row per remote address, ordered as text."""
    contacts: dict[str, list[tuple[str, Party]]] = {address: [] for address in sorted(endpoints)}
    for device, mine in zip(devices, found, strict=True):
        for (_, address), party in mine.items():
            contacts.setdefault(address, []).append((device.device.id, party))
    known = {address: endpoint for device in devices for address, endpoint in device.endpoints.items()} | dict(endpoints)
    return [_endpoint(known.get(address, Endpoint(address, (), Place())), given) for address, given in contacts.items()]


def _endpoint(endpoint: Endpoint, contacts: list[tuple[str, Party]]) -> dict[str, Any]:
    group = [party for _, party in contacts]
    return {
        "address": endpoint.address,
        "name": endpoint.name,
        "names": [{**_attributes(one), "time": iso(one.time)} for one in endpoint.names],
        "organisation": printable(endpoint.place.organisation),
        "place": _place(endpoint.place),
        "jurisdiction": jurisdiction(endpoint.place),
        "assessment": gravest_assessment(group),
        "match": gravest_match(group),
        "devices": sorted({printable(device) for device, _ in contacts}),
        "services": sorted({service for one in group for service in one.services})[:8],
        **totals(group),
    }


@lru_cache(maxsize=4096)
def _place(place: Place) -> dict[str, Any]:
    """Shared by the endpoints that are in the same place: nobody may change it."""
    whole: dict[str, Any] = plain({**_attributes(place), **{name: _answer(getattr(place, name)) for name in PLACE_FIELDS}})
    return whole


def _answer(answer: Answer) -> dict[str, Any]:
    return _attributes(answer)


def _finding(finding: Finding) -> dict[str, Any]:
    spans = {"first_seen": iso(finding.first_seen or None), "last_seen": iso(finding.last_seen or None)}
    broken = {"contradicts": [_attributes(one) for one in finding.contradicts]}
    table: dict[str, Any] = plain({"id": finding.id, **_attributes(finding), **broken, **spans, "evidence": ()})
    return {**table, "evidence": [_evidence(one) for one in finding.evidence]}


def _evidence(evidence: Evidence) -> dict[str, Any]:
    frames = [{"capture": capture, "ranges": [list(span) for span in ranges]} for capture, ranges in evidence.frames]
    table: dict[str, Any] = plain({**_attributes(evidence), "frames": (), "frame_count": evidence.frame_count})
    return {**table, "frames": frames}


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
        "statements": [_attributes(one) for one in declaration.statements],
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
