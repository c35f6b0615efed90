"""For a reader at a terminal: the answer first, then why, then what it rests on."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from gdsi_audit.audit import Audit
from gdsi_audit.commitments import WORDS
from gdsi_audit.reports import _words
from gdsi_audit.reports._cards import LONGEST_FILTER, findings
from gdsi_audit.reports._declared import WORDS as ITEM_WORDS
from gdsi_audit.reports._document import document
from gdsi_audit.reports._instant import minute
from gdsi_audit.reports._sheet import heading, table, text

SUFFIXES: tuple[str, ...] = (".txt",)

WIDTH = 110
MOST_DEVICES = 2
MOST_LINES = 6
MOST_SHARES = 6
MOST_DESTINATIONS = 12
MOST_ITEMS = 8
NARROW = 100


def render(audit: Audit) -> str:
    """Plain text, 110 columns, no control sequence."""
    sheet = io.StringIO()
    show(audit, Console(file=sheet, width=WIDTH, force_terminal=False, force_jupyter=False, color_system=None, legacy_windows=False))
    return "\n".join(line.rstrip() for line in sheet.getvalue().splitlines()) + "\n"


def show(audit: Audit, console: Console) -> None:
    """The same on `console`, in its colours and width."""
    whole = document(audit)
    shown, narrow = _in_question(whole), console.width < NARROW
    of_each = [
        part
        for device in whole["devices"]
        if device["id"] in shown
        for part in (*_declared(device, narrow=narrow), *_destinations(device, narrow=narrow), *_jurisdictions(device))
    ]
    for section in (_head(whole), *_devices(whole, shown, narrow=narrow), *findings(whole), *of_each, *_limits(whole, shown), heading("next")):
        console.print(section, highlight=False, markup=False, emoji=False)
    for line in _next(whole):
        console.print(line, soft_wrap=True, highlight=False, markup=False, emoji=False)


def _head(whole: Mapping[str, Any]) -> RenderableType:
    lines = [f"gdsi-audit {whole['version']}"]
    for capture in whole["captures"][:MOST_LINES]:
        span = f", {minute(capture['first'])} to {minute(capture['last'])} UTC" if capture["first"] else ""
        lines.append(f"{capture['path']}: {_words.counted(capture['frame_count'], 'frame')}{span}")
    if len(whole["captures"]) > MOST_LINES:
        lines.append(f"and {_words.counted(len(whole['captures']) - MOST_LINES, 'more capture')}")
    for statement in whole["settings"]["declaration"]["statements"]:
        lines.append(f"held against {statement['file']}, by {statement['by']}{': ' if statement['text'] else ''}{statement['text']}")
    return Text("\n").join(text(line, "dim") for line in lines)


def _in_question(whole: Mapping[str, Any]) -> list[str]:
    """Ids of the devices that are shown whole: those of whom something is to be said, gravest first; else the first."""
    ranked = _words.ranked(whole["verdicts"])
    spoken_of = {one["device"] for one in whole["verdicts"] if WORDS.index(one["verdict"]) <= WORDS.index("indicator")}
    return [one for one in ranked if one in spoken_of][:MOST_DEVICES] or ranked[:1]


def _devices(whole: Mapping[str, Any], shown: Sequence[str], *, narrow: bool) -> Iterator[RenderableType]:
    """The answer for each device: what it is, one line, seven rows. Those not in `shown` get the line."""
    known = {device["id"]: device for device in whole["devices"]}
    by_id = {one["id"]: one for one in whole["findings"]}
    others = [one for one in _words.ranked(whole["verdicts"]) if one not in shown]
    for device in shown:
        verdicts = [one for one in whole["verdicts"] if one["device"] == device]
        mine = [one for one in whole["findings"] if one["device"] == device]
        about = _words.described(known[device]) if device in known else ""
        answer = f"{_words.tally(verdicts)}.\n{_words.counted(len(mine), 'finding')}{': ' if mine else ''}{_words.severities(mine)}."
        yield Text.assemble("\n", (device or "no device", "bold"), (f"  {about}" if about else "", "dim"), "\n", answer, "\n")
        sheet = table("", "in short", "verdict", "why", wide=("why",))
        for column in sheet.columns[1:3]:
            column.max_width = 16 if narrow else None
        shared = _words.shared(verdicts)
        for verdict in verdicts:
            why = _words.why(verdict, by_id, shared)
            sheet.add_row(verdict["commitment"], _words.TITLES[verdict["commitment"]], text(verdict["verdict"]), text(why))
        yield sheet
        if shared:
            yield text(f"For all that is inconclusive: {'; '.join(shared)}.")
    for device in others[:MOST_LINES]:
        tally = _words.tally(one for one in whole["verdicts"] if one["device"] == device)
        yield Text.assemble("\n" if device == others[0] else "", (device, "bold"), f"  {tally}")
    if len(others) > MOST_LINES:
        yield text(f"and {_words.counted(len(others) - MOST_LINES, 'more device')}: --device NAME judges one")


def _declared(device: Mapping[str, Any], *, narrow: bool) -> Iterator[RenderableType]:
    if not device["declared_items"]:
        return
    yield heading("declared against observed", device["id"])
    kept = sorted(device["declared_items"], key=lambda item: ITEM_WORDS.index(item["state"]))
    one_file = len({item["file"] for item in kept}) == 1
    columns = ("declared", *(() if narrow else ("for",)), "observed", "flows", "up", "down", "line" if one_file else "stands in")
    sheet = table(*columns, right=("flows", "up", "down"))
    for item in kept[:MOST_ITEMS]:
        title = Text.assemble(item["item"], (f"\n{item['terms']}" if item["terms"] else "", "dim"))
        sums = (f"{item['flows']:,}", _words.size(item["up_bytes"]), _words.size(item["down_bytes"]))
        line = str(item["line"]) if one_file else f"{_words.basename(item['file'])}:{item['line']}"
        sheet.add_row(title, *map(text, (*(() if narrow else (item["purpose"],)), item["state"], *sums, line)))
    yield sheet
    if len(kept) > MOST_ITEMS:
        yield text(f"and {_words.counted(len(kept) - MOST_ITEMS, 'more item')} in --format html or json")


def _destinations(device: Mapping[str, Any], *, narrow: bool) -> Iterator[RenderableType]:
    """Beyond the local network, most upload first."""
    rows = [row for row in device["destinations"] if row["match"] != "link_upkeep"]
    beyond = [row for row in rows if not _words.is_local(row)]
    if not rows:
        return
    limited = any(row["assessment"] != "unknown" for row in beyond)
    yield heading("destinations", f"{device['id']}; payload bytes; where: first hop only")
    columns = ("destination", "where", *(("jurisdiction",) if limited else ()), *(() if narrow else ("network of",)), "up", "down", "declared")
    sheet = table(*columns, right=("up", "down"), wide=("destination", "network of"))
    for row in beyond[:MOST_DESTINATIONS]:
        many = f" ({len(row['addresses'])} addresses)" if len(row["addresses"]) > 1 else ""
        sums = (_words.size(row["up_bytes"]), _words.size(row["down_bytes"]))
        where = (", ".join(row["places"]), *((row["assessment"],) if limited else ()), *(() if narrow else row["organisations"][:1] or ("",)))
        sheet.add_row(*map(text, (row["destination"] + many, *where, *sums, _words.declared(row))))
    if beyond:
        yield sheet
    for group, noun in (
        (beyond[MOST_DESTINATIONS:], "more destination"),
        ([row for row in rows if _words.is_local(row)], "local or multicast destination"),
    ):
        if group:
            yield text(f"{_words.counted(len(group), noun)}: {_words.size(sum(row['up_bytes'] for row in group))} up", "dim")


def _jurisdictions(device: Mapping[str, Any]) -> Iterator[RenderableType]:
    """One line each; where no single country can be named, it says so."""
    for kind in ("jurisdiction", "operator"):
        rows = device[f"{kind}s"]
        said = [f"{_seated(row, kind)} {_words.size(row['up_bytes'])} up {_words.size(row['down_bytes'])} down" for row in rows[:MOST_SHARES]]
        more = [f"{_words.counted(len(rows) - MOST_SHARES, 'more row')} in --format html or json"] if len(rows) > MOST_SHARES else []
        if said:
            yield text(f"By {kind}: {' · '.join((*said, *more))}", "dim")


def _seated(row: Mapping[str, Any], kind: str) -> str:
    return f"{row[kind]} ({row['seat']})" if row.get("seat") else str(row[kind])


def _limits(whole: Mapping[str, Any], shown: Sequence[str]) -> Iterator[RenderableType]:
    lines = [f"• {sentence}" for sentence in whole["coverage"]["limits"]]
    for one in (covered for covered in whole["coverage"]["devices"] if covered["device"] in shown):
        shares = f"{one['named']:.0%} named, {one['located']:.0%} located, {one['readable']:.0%} readable"
        notes = f" {'; '.join(one['notes'])}." if one["notes"] else ""
        lines.append(f"• {one['device']}: {_words.duration(one['observed_s'])} observed, loss {one['loss']:.2%}; of upload bytes {shares}.{notes}")
    yield Padding(Panel(text("\n".join(lines)), title="what this report cannot say", title_align="left", box=box.SQUARE), (1, 0, 0, 0))
    ledgers = [capture["ledger"] for capture in whole["captures"]]
    skipped: dict[str, int] = {}
    for ledger in ledgers:
        for reason, frames in ledger["skipped"].items():
            skipped[reason] = skipped.get(reason, 0) + frames
    reasons = f" ({', '.join(f'{frames:,} {reason}' for reason, frames in sorted(skipped.items()))})" if skipped else ""
    read, decoded = sum(one["read"] for one in ledgers), sum(one["decoded"] for one in ledgers)
    yield text(f"Ledger: {read:,} frames read = {decoded:,} decoded + {sum(skipped.values()):,} skipped{reasons}.")
    if whole["gaps"]:
        shown = ", ".join(f"{gap['count']:,} {gap['kind']}" for gap in whole["gaps"][:MOST_LINES])
        yield text(f"Gaps: {shown}{' …' if len(whole['gaps']) > MOST_LINES else ''}.")


def _next(whole: Mapping[str, Any]) -> Iterator[str]:
    """Commands to copy: never wrapped."""
    paths = {capture["sha256"]: capture["path"] for capture in whole["captures"]}
    capture = shlex.quote(whole["captures"][0]["path"]) if whole["captures"] else "CAPTURE"
    if not whole["settings"]["declaration"]["statements"]:
        yield (f"hold it against a declaration   gdsi-audit audit {capture} --declaration FILE.toml")
    if whole["findings"]:
        worst = whole["findings"][0]
        yield (f"what a finding means            gdsi-audit explain {worst['detector']}")
        if len(worst["evidence"][0]["display_filter"]) <= LONGEST_FILTER:
            yield (f"re-check the gravest            {_words.tshark(worst['evidence'][0], paths)}")
    yield ("what a commitment says          gdsi-audit explain GDSI-7")
    yield (f"a report to hand on             gdsi-audit audit {capture} -o report.html")
