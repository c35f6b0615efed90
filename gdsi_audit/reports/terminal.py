"""For a reader at a terminal: the answer first, then why, then what it rests on."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gdsi_audit.audit import Audit
from gdsi_audit.commitments import WORDS
from gdsi_audit.reports import _words
from gdsi_audit.reports._declared import WORDS as ITEM_WORDS
from gdsi_audit.reports._document import document
from gdsi_audit.reports._instant import minute
from gdsi_audit.reports._stories import Story, same_frames, stories

SUFFIXES: tuple[str, ...] = (".txt",)

WIDTH = 110
MOST_DEVICES = 2
MOST_CARDS = 3
MOST_LINES = 6
MOST_ALSO = 4
MOST_LIKEWISE = 8
MOST_SHARES = 6
MOST_DESTINATIONS = 12
MOST_ITEMS = 8
LONGEST_FILTER = 240
NARROW = 100
STYLES = {
    "contradicted": "bold red", "indicator": "bold yellow", "no contradiction observed": "cyan", "inconclusive": "dim", "not testable": "dim",
    "critical": "bold red", "high": "bold red", "medium": "bold yellow", "low": "cyan", "info": "dim",
    "no": "bold yellow", "not like this": "bold yellow", "outside": "bold red", "contested": "yellow",
}  # fmt: skip
"""Colours are a second sign: the word always stands beside them."""


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
    for section in (_head(whole), *_devices(whole, shown, narrow=narrow), *_findings(whole), *of_each, *_limits(whole, shown), _heading("next")):
        console.print(section, highlight=False, markup=False, emoji=False)
    for line in _next(whole):
        console.print(line, soft_wrap=True, highlight=False, markup=False, emoji=False)


def _text(text: object, style: str = "") -> Text:
    return Text(str(text), style=style or STYLES.get(str(text), ""))


def _heading(title: str, aside: str = "") -> Text:
    return Text.assemble("\n", (title.upper(), "bold"), (f"  {aside}" if aside else "", "dim"))


def _table(*columns: str, right: Sequence[str] = (), wide: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim", show_edge=False, expand=bool(wide))
    for title in columns:
        table.add_column(
            title, justify="right" if title in right else "left", ratio=1 if title in wide else None, no_wrap=title in right, overflow="fold"
        )
    return table


def _head(whole: Mapping[str, Any]) -> RenderableType:
    lines = [f"gdsi-audit {whole['version']}"]
    for capture in whole["captures"][:MOST_LINES]:
        span = f", {minute(capture['first'])} to {minute(capture['last'])} UTC" if capture["first"] else ""
        lines.append(f"{capture['path']}: {_words.counted(capture['frame_count'], 'frame')}{span}")
    if len(whole["captures"]) > MOST_LINES:
        lines.append(f"and {_words.counted(len(whole['captures']) - MOST_LINES, 'more capture')}")
    for statement in whole["settings"]["declaration"]["statements"]:
        lines.append(f"held against {statement['file']}, by {statement['by']}{': ' if statement['text'] else ''}{statement['text']}")
    return Text("\n").join(_text(line, "dim") for line in lines)


def _in_question(whole: Mapping[str, Any]) -> list[str]:
    """Ids of the devices that are shown whole: those of whom something is to be said, gravest first; else the first."""
    ranked = _words.ranked(whole["verdicts"])
    spoken_of = {one["device"] for one in whole["verdicts"] if WORDS.index(one["verdict"]) <= WORDS.index("indicator")}
    return [one for one in ranked if one in spoken_of][:MOST_DEVICES] or ranked[:1]


def _devices(whole: Mapping[str, Any], shown: Sequence[str], *, narrow: bool) -> Iterator[RenderableType]:
    """The answer for each device: what it is, one line, seven rows. Those not in `shown` get the line."""
    known = {device["id"]: device for device in whole["devices"]}
    findings = {one["id"]: one for one in whole["findings"]}
    others = [one for one in _words.ranked(whole["verdicts"]) if one not in shown]
    for device in shown:
        verdicts = [one for one in whole["verdicts"] if one["device"] == device]
        mine = [one for one in whole["findings"] if one["device"] == device]
        about = _words.described(known[device]) if device in known else ""
        answer = f"{_words.tally(verdicts)}.\n{_words.counted(len(mine), 'finding')}{': ' if mine else ''}{_words.severities(mine)}."
        yield Text.assemble("\n", (device or "no device", "bold"), (f"  {about}" if about else "", "dim"), "\n", answer, "\n")
        table = _table("", "in short", "verdict", "why", wide=("why",))
        for column in table.columns[1:3]:
            column.max_width = 16 if narrow else None
        for verdict in verdicts:
            table.add_row(
                verdict["commitment"], _words.TITLES[verdict["commitment"]], _text(verdict["verdict"]), _text(_words.why(verdict, findings))
            )
        yield table
    for device in others[:MOST_LINES]:
        tally = _words.tally(one for one in whole["verdicts"] if one["device"] == device)
        yield Text.assemble("\n" if device == others[0] else "", (device, "bold"), f"  {tally}")
    if len(others) > MOST_LINES:
        yield _text(f"and {_words.counted(len(others) - MOST_LINES, 'more device')}: --device NAME judges one")


def _findings(whole: Mapping[str, Any]) -> Iterator[RenderableType]:
    findings = whole["findings"]
    yield _heading("findings", _words.severities(findings) or "none: read the limits below before you quote that")
    paths = {capture["sha256"]: capture["path"] for capture in whole["captures"]}
    several = len(whole["devices"]) > 1
    told = stories(findings)
    cards = [story for story in told if story.first["severity"] != "info"][:MOST_CARDS]
    for before, story in zip([None, *cards], cards, strict=False):
        yield _card(story, paths, several, same_as_above=before is not None and before.first["alternatives"] == story.first["alternatives"])
    rest = told[len(cards) :]
    table = _table("severity", "finding", "subject", wide=("subject",))
    lines = _lines(rest)
    for (severity, detectors, subject), devices in lines[:MOST_LINES]:
        whose = f"{_words.listed(devices, 1)}: " if several else ""
        table.add_row(*map(_text, (severity, detectors, f"{whose}{subject}")))
    if rest:
        yield Padding(table, (1, 0, 0, 0))
    told_of = {line for line, _ in lines[:MOST_LINES]}
    if left := sum(len(story.findings) for story in rest if _line(story) not in told_of):
        yield _text(f"and {_words.counted(left, 'more finding')}: --format html or json has them all")


def _lines(rest: Sequence[Story]) -> list[tuple[tuple[str, str, str], list[str]]]:
    """What there is no room to tell, and of which devices: the same of several is one line."""
    devices: dict[tuple[str, str, str], list[str]] = {}
    for story in rest:
        devices.setdefault(_line(story), []).append(story.first["device"])
    return list(devices.items())


def _line(story: Story) -> tuple[str, str, str]:
    """Severity, detectors and subjects."""
    subjects = _words.listed([one["subject"] for one in story.findings], MOST_LIKEWISE)
    return story.first["severity"], _words.listed([one["detector"] for one in story.findings], MOST_ALSO), subjects


def _card(story: Story, paths: Mapping[str, str], several: bool, *, same_as_above: bool) -> RenderableType:
    finding = story.first
    title = Text.assemble(
        "\n", (finding["severity"].upper(), STYLES[finding["severity"]]), "  ", (finding["subject"], "bold"),
        (f"  {finding['detector']}, confidence {finding['confidence']}, {' '.join(finding['commitments'])}", "dim"),
    )  # fmt: skip
    rows = Table.grid(padding=(0, 2), expand=True)
    rows.add_column(width=8)
    rows.add_column(ratio=1)
    said = (
        ("device", finding["device"] if several else ""),
        ("observed", finding["observation"]),
        ("breaks", _broken(finding)),
        ("or else", "as above" if same_as_above else "; ".join(finding["alternatives"])),
        *_evidence(finding["evidence"], paths),
        *_others(story),
    )
    for label, text in said:
        if text:
            rows.add_row(_text(label, "dim"), _text(text))
    return Group(title, Padding(rows, (0, 0, 0, 2)))


def _broken(finding: Mapping[str, Any]) -> str:
    return "; ".join(f"{one['table']} {one['field']} ({one['file']}:{one['line']}, {one['by']})" for one in finding["contradicts"])


def _others(story: Story) -> Iterator[tuple[str, str]]:
    """What else is found of the same party, a line each; or whom else the same is found of."""
    first, others = story.first, story.findings[1:]
    if story.kind == "likewise":
        yield "likewise", f"{_words.listed([one['subject'] for one in others], MOST_LIKEWISE)} ({_words.counted(len(others), 'more finding')})"
        return
    for one in others[:MOST_ALSO]:
        about = f" of {one['subject']}" if one["subject"] != first["subject"] else ""
        frames = "; the same frames" if same_frames(one, first) else ""
        yield "also", f"{one['severity'].upper()} {one['detector']}{about}, {' '.join(one['commitments'])}{frames}: {one['observation']}"
    if len(others) > MOST_ALSO:
        yield "also", f"{_words.severities(others[MOST_ALSO:])}: {_words.listed([one['detector'] for one in others[MOST_ALSO:]], MOST_ALSO)}"


def _evidence(evidence: Sequence[Mapping[str, Any]], paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    first = evidence[0]
    more = f"; {_words.counted(len(evidence) - 1, 'more piece')} of evidence in --format json" if len(evidence) > 1 else ""
    yield "frames", f"{first['frame_count']:,}: {_words.ranges(first, paths)}{more}"
    whole = first["display_filter"]
    superset = " (and other frames)" if first["filter_kind"] == "superset" else ""
    yield "filter", f"{whole}{superset}" if len(whole) <= LONGEST_FILTER else f"{len(whole):,} characters: in --format html or json"


def _declared(device: Mapping[str, Any], *, narrow: bool) -> Iterator[RenderableType]:
    if not device["declared_items"]:
        return
    yield _heading("declared against observed", device["id"])
    kept = sorted(device["declared_items"], key=lambda item: ITEM_WORDS.index(item["state"]))
    one_file = len({item["file"] for item in kept}) == 1
    columns = ("declared", *(() if narrow else ("for",)), "observed", "flows", "up", "down", "line" if one_file else "stands in")
    table = _table(*columns, right=("flows", "up", "down"))
    for item in kept[:MOST_ITEMS]:
        title = Text.assemble(item["item"], (f"\n{item['terms']}" if item["terms"] else "", "dim"))
        sums = (f"{item['flows']:,}", _words.size(item["up_bytes"]), _words.size(item["down_bytes"]))
        line = str(item["line"]) if one_file else f"{_words.basename(item['file'])}:{item['line']}"
        table.add_row(title, *map(_text, (*(() if narrow else (item["purpose"],)), item["state"], *sums, line)))
    yield table
    if len(kept) > MOST_ITEMS:
        yield _text(f"and {_words.counted(len(kept) - MOST_ITEMS, 'more item')} in --format html or json")


def _destinations(device: Mapping[str, Any], *, narrow: bool) -> Iterator[RenderableType]:
    """Beyond the local network, most upload first."""
    rows = [row for row in device["destinations"] if row["match"] != "link_upkeep"]
    beyond = [row for row in rows if not _words.is_local(row)]
    if not rows:
        return
    limited = any(row["assessment"] != "unknown" for row in beyond)
    yield _heading("destinations", f"{device['id']}; payload bytes; where: first hop only")
    columns = ("destination", "where", *(("jurisdiction",) if limited else ()), *(() if narrow else ("network of",)), "up", "down", "declared")
    table = _table(*columns, right=("up", "down"), wide=("destination", "network of"))
    for row in beyond[:MOST_DESTINATIONS]:
        many = f" ({len(row['addresses'])} addresses)" if len(row["addresses"]) > 1 else ""
        sums = (_words.size(row["up_bytes"]), _words.size(row["down_bytes"]))
        where = (", ".join(row["places"]), *((row["assessment"],) if limited else ()), *(() if narrow else row["organisations"][:1] or ("",)))
        table.add_row(*map(_text, (row["destination"] + many, *where, *sums, _words.declared(row))))
    if beyond:
        yield table
    for group, noun in (
        (beyond[MOST_DESTINATIONS:], "more destination"),
        ([row for row in rows if _words.is_local(row)], "local or multicast destination"),
    ):
        if group:
            yield _text(f"{_words.counted(len(group), noun)}: {_words.size(sum(row['up_bytes'] for row in group))} up", "dim")


def _jurisdictions(device: Mapping[str, Any]) -> Iterator[RenderableType]:
    """One line each; where no single country can be named, it says so."""
    for kind in ("jurisdiction", "operator"):
        rows = device[f"{kind}s"]
        said = [f"{_seated(row, kind)} {_words.size(row['up_bytes'])} up {_words.size(row['down_bytes'])} down" for row in rows[:MOST_SHARES]]
        more = [f"{_words.counted(len(rows) - MOST_SHARES, 'more row')} in --format html or json"] if len(rows) > MOST_SHARES else []
        if said:
            yield _text(f"By {kind}: {' · '.join((*said, *more))}", "dim")


def _seated(row: Mapping[str, Any], kind: str) -> str:
    return f"{row[kind]} ({row['seat']})" if row.get("seat") else str(row[kind])


def _limits(whole: Mapping[str, Any], shown: Sequence[str]) -> Iterator[RenderableType]:
    lines = [f"• {sentence}" for sentence in whole["coverage"]["limits"]]
    for one in (covered for covered in whole["coverage"]["devices"] if covered["device"] in shown):
        shares = f"{one['named']:.0%} named, {one['located']:.0%} located, {one['readable']:.0%} readable"
        notes = f" {'; '.join(one['notes'])}." if one["notes"] else ""
        lines.append(f"• {one['device']}: {_words.duration(one['observed_s'])} observed, loss {one['loss']:.2%}; of upload bytes {shares}.{notes}")
    yield Padding(Panel(_text("\n".join(lines)), title="what this report cannot say", title_align="left", box=box.SQUARE), (1, 0, 0, 0))
    ledgers = [capture["ledger"] for capture in whole["captures"]]
    skipped: dict[str, int] = {}
    for ledger in ledgers:
        for reason, frames in ledger["skipped"].items():
            skipped[reason] = skipped.get(reason, 0) + frames
    reasons = f" ({', '.join(f'{frames:,} {reason}' for reason, frames in sorted(skipped.items()))})" if skipped else ""
    read, decoded = sum(one["read"] for one in ledgers), sum(one["decoded"] for one in ledgers)
    yield _text(f"Ledger: {read:,} frames read = {decoded:,} decoded + {sum(skipped.values()):,} skipped{reasons}.")
    if whole["gaps"]:
        shown = ", ".join(f"{gap['count']:,} {gap['kind']}" for gap in whole["gaps"][:MOST_LINES])
        yield _text(f"Gaps: {shown}{' …' if len(whole['gaps']) > MOST_LINES else ''}.")


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
