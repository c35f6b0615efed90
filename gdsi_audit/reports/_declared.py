"""Declared against observed: one row per item of the declaration, with what the device did about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gdsi_audit.declarations import Declaration, Destination, Listener, Source
from gdsi_audit.findings.finding import Finding
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.distinct import sums
from gdsi_audit.traffic import DeviceTraffic

WORDS = ("contradicted", "observed", "not observed", "not assessable")


def declared(device: DeviceTraffic, matched: Columns, declaration: Declaration, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Rows in the order of the declaration, destinations first."""
    if not (declaration.destinations or declaration.listeners):
        return []
    flows = device.tables.flows
    moved = sums(matched["destination"] + 1, len(declaration.destinations) + 1, np.ones(len(flows)), flows["up_bytes"], flows["down_bytes"])
    observed = [(int(count), int(up), int(down)) for count, up, down in zip(*moved, strict=True)][1:]
    mine = [one for one in findings if one.device == device.device.id and one.contradicts]
    rows = [_row("destination", item, item.title, pair, mine) for item, pair in zip(declaration.destinations, observed, strict=True)]
    return [*rows, *_listeners(device, declaration, mine)]


def _listeners(device: DeviceTraffic, declaration: Declaration, findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    flows = device.tables.flows
    for item in declaration.listeners:
        used = ~flows["device_is_originator"] & (flows["local_port"] == item.port) & flows.is_any("transport", (item.transport,))
        moved = (int(used.sum()), int(flows["up_bytes"][used].sum()), int(flows["down_bytes"][used].sum()))
        yield _row("listener", item, f"listens {item.transport}/{item.port} to {item.sender}", moved, findings)


def _row(table: str, item: Destination | Listener, title: str, moved: tuple[int, int, int], findings: Sequence[Finding]) -> dict[str, Any]:
    flows, up_bytes, down_bytes = moved
    breaking = [one for one in findings if _breaks(one, table, item.source)]
    unusable = isinstance(item, Destination) and bool(item.not_assessable)
    state = "contradicted" if breaking else "not assessable" if unusable else "observed" if flows else "not observed"
    return {
        "table": table,
        "item": title,
        "terms": terms(item) if isinstance(item, Destination) else "",
        "purpose": item.purpose if isinstance(item, Destination) else "",
        "recipient": item.recipient if isinstance(item, Destination) else "",
        "file": item.source.file,
        "line": item.source.line,
        "by": item.source.by,
        "state": state,
        "flows": flows,
        "up_bytes": up_bytes,
        "down_bytes": down_bytes,
        "findings": [one.id for one in breaking],
    }


def _breaks(finding: Finding, table: str, source: Source) -> bool:
    place = (table, source.file, source.line)
    return any((one.table, one.file, one.line) == place and not one.is_the_list for one in finding.contradicts)


def terms(item: Destination) -> str:
    """What is promised, in words: `tcp 443, in DE FR, encryption tls, at most 200,000,000 bytes up a day`."""
    ports = " ".join(str(first) if first == last else f"{first}-{last}" for first, last in item.ports)
    limit = item.max_upload_bytes_per_day
    said = (
        f"{item.transport} {ports}".strip(),
        f"in {' '.join(sorted(item.jurisdictions))}" if item.jurisdictions is not None and len(item.jurisdictions) <= 4 else "",
        f"in {len(item.jurisdictions)} countries" if item.jurisdictions is not None and len(item.jurisdictions) > 4 else "",
        f"begun by the {item.initiator}" if item.initiator else "",
        f"encryption {item.encryption}" if item.encryption else "",
        f"{item.direction} only" if item.direction in ("upload", "download") else "",
        f"at most {limit:,} bytes up a day" if limit is not None else "",
        f"every {item.period_s:g} s" if item.period_s is not None else "",
        f"only in {' '.join(item.phases)}" if item.phases else "",
        item.not_assessable,
    )
    return ", ".join(filter(None, said))
