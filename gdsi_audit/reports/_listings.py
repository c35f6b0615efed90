"""What a report for a terminal lists of one device: declared against observed, destinations, jurisdictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from gdsi_audit.findings.quantities import counted
from gdsi_audit.reports import _words
from gdsi_audit.reports._declared import WORDS as ITEM_WORDS
from gdsi_audit.reports._sheet import Column, heading, table, text

MOST_SHARES = 6
MOST_DESTINATIONS = 12
MOST_ITEMS = 8

DECLARED = (
    Column("declared", share=0.5),
    Column("for", from_width=100),
    Column("observed"),
    Column("flows", from_width=70, right=True),
    Column("up", from_width=50, right=True),
    Column("down", from_width=70, right=True),
    Column("line", from_width=60),
)
DESTINATIONS = (
    Column("destination", share=0.42, least=18),
    Column("where"),
    Column("jurisdiction", from_width=72),
    Column("network of", from_width=100, wide=True, least=18),
    Column("up", from_width=50, right=True),
    Column("down", from_width=70, right=True),
    Column("declared"),
)


def listings(device: Mapping[str, Any], width: int) -> Iterator[RenderableType]:
    """All of them, cut where they are long; what is left out is counted. `width`: characters on a line."""
    yield from _declared(device, width)
    yield from _destinations(device, width)
    yield from _jurisdictions(device)


def _declared(device: Mapping[str, Any], width: int) -> Iterator[RenderableType]:
    if not device["declared_items"]:
        return
    yield heading("declared against observed", device["id"])
    kept = sorted(device["declared_items"], key=lambda item: ITEM_WORDS.index(item["state"]))
    one_file = len({item["file"] for item in kept}) == 1
    yield table(DECLARED, (_item(item, one_file) for item in kept[:MOST_ITEMS]), width)
    if len(kept) > MOST_ITEMS:
        yield text(f"and {counted(len(kept) - MOST_ITEMS, 'more item')} in --format html or json")


def _item(item: Mapping[str, Any], one_file: bool) -> tuple[object, ...]:
    title = Text.assemble(item["item"], (f"\n{item['terms']}" if item["terms"] else "", "dim"))
    line = item["line"] if one_file else f"{_words.basename(item['file'])}:{item['line']}"
    return title, item["purpose"], item["state"], f"{item['flows']:,}", _words.size(item["up_bytes"]), _words.size(item["down_bytes"]), line


def _destinations(device: Mapping[str, Any], width: int) -> Iterator[RenderableType]:
    """Beyond the local network, most upload first."""
    rows = [row for row in device["destinations"] if row["match"] != "link_upkeep"]
    local, beyond = [row for row in rows if _words.is_local(row)], [row for row in rows if not _words.is_local(row)]
    if not rows:
        return
    yield heading("destinations", f"{device['id']}; payload bytes; where: first hop only")
    limited = any(row["assessment"] != "unknown" for row in beyond)
    columns = [column for column in DESTINATIONS if limited or column.title != "jurisdiction"]
    if beyond:
        yield table(columns, (_destination(row, limited) for row in beyond[:MOST_DESTINATIONS]), width)
    for group, noun in ((beyond[MOST_DESTINATIONS:], "more destination"), (local, "local or multicast destination")):
        if group:
            yield text(f"{counted(len(group), noun)}: {_words.size(sum(row['up_bytes'] for row in group))} up", "dim")


def _destination(row: Mapping[str, Any], limited: bool) -> tuple[str, ...]:
    many = f" ({len(row['addresses'])} addresses)" if len(row["addresses"]) > 1 else ""
    where = (", ".join(row["places"]), *((row["assessment"],) if limited else ()), *(row["organisations"][:1] or ("",)))
    return row["destination"] + many, *where, _words.size(row["up_bytes"]), _words.size(row["down_bytes"]), _words.declared(row)


def _jurisdictions(device: Mapping[str, Any]) -> Iterator[RenderableType]:
    """One line each; where no single country can be named, it says so."""
    for kind in ("jurisdiction", "operator"):
        rows = device[f"{kind}s"]
        said = [f"{_seated(row, kind)} {_words.size(row['up_bytes'])} up {_words.size(row['down_bytes'])} down" for row in rows[:MOST_SHARES]]
        more = [f"{counted(len(rows) - MOST_SHARES, 'more row')} in --format html or json"] if len(rows) > MOST_SHARES else []
        if said:
            yield text(f"By {kind}: {' · '.join((*said, *more))}", "dim")


def _seated(row: Mapping[str, Any], kind: str) -> str:
    return f"{row[kind]} ({row['seat']})" if row.get("seat") else str(row[kind])
