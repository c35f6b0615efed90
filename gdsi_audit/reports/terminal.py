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
from gdsi_audit.commitments.verdicts import WORDS
from gdsi_audit.findings.quantities import counted
from gdsi_audit.reports import _words
from gdsi_audit.reports._cards import LONGEST_FILTER, findings
from gdsi_audit.reports._document import document
from gdsi_audit.reports._instant import span
from gdsi_audit.reports._listings import listings
from gdsi_audit.reports._sheet import Column, heading, table, text

SUFFIXES: tuple[str, ...] = (".txt",)

WIDTH = 110
MOST_DEVICES = 2
MOST_LINES = 6

VERDICTS = (Column(""), Column("in short", from_width=72, share=0.28), Column("verdict", share=0.23, least=13), Column("why", wide=True, least=13))


def render(audit: Audit) -> str:
    """Plain text, 110 columns, no control sequence."""
    sheet = io.StringIO()
    show(audit, Console(file=sheet, width=WIDTH, force_terminal=False, force_jupyter=False, color_system=None, legacy_windows=False))
    return "\n".join(line.rstrip() for line in sheet.getvalue().splitlines()) + "\n"


def show(audit: Audit, console: Console) -> None:
    """The same on `console`, in its colours and width."""
    whole, width = document(audit), console.width
    shown = _in_question(whole)
    of_each = [part for device in whole["devices"] if device["id"] in shown for part in listings(device, width)]
    for section in (_head(whole), *_devices(whole, shown, width), *findings(whole, width), *of_each, *_limits(whole, shown), heading("next")):
        console.print(section, highlight=False, markup=False, emoji=False)
    for line in _next(whole):
        console.print(line, soft_wrap=True, highlight=False, markup=False, emoji=False)


def _head(whole: Mapping[str, Any]) -> RenderableType:
    lines = [f"gdsi-audit {whole['version']}"]
    for capture in whole["captures"][:MOST_LINES]:
        times = span(capture["first"], capture["last"], whole["settings"]["declaration"]["vantage"]["timezone"])
        lines.append(f"{capture['path']}: {counted(capture['frame_count'], 'frame')}{', ' if times else ''}{times}")
    if len(whole["captures"]) > MOST_LINES:
        lines.append(f"and {counted(len(whole['captures']) - MOST_LINES, 'more capture')}")
    for statement in whole["settings"]["declaration"]["statements"]:
        lines.append(f"held against {statement['file']}, {_words.STATED[statement['by']]}{': ' if statement['text'] else ''}{statement['text']}")
    return Text("\n").join(text(line, "dim") for line in lines)


def _in_question(whole: Mapping[str, Any]) -> list[str]:
    """Ids of the devices that are shown whole: those of whom something is to be said, gravest first; else the first."""
    ranked = _words.ranked(whole["verdicts"])
    spoken_of = {one["device"] for one in whole["verdicts"] if WORDS.index(one["verdict"]) <= WORDS.index("indicator")}
    return [one for one in ranked if one in spoken_of][:MOST_DEVICES] or ranked[:1]


def _devices(whole: Mapping[str, Any], shown: Sequence[str], width: int) -> Iterator[RenderableType]:
    """The answer for each device: what it is, one line, seven rows. Those not in `shown` get the line."""
    known = {device["id"]: device for device in whole["devices"]}
    by_id = {one["id"]: one for one in whole["findings"]}
    others = [one for one in _words.ranked(whole["verdicts"]) if one not in shown]
    for device in shown:
        verdicts = [one for one in whole["verdicts"] if one["device"] == device]
        mine = [one for one in whole["findings"] if one["device"] == device]
        about = _words.described(known[device]) if device in known else ""
        answer = f"{_words.answer(verdicts)}\n{counted(len(mine), 'finding')}{': ' if mine else ''}{_words.severities(mine)}."
        yield Text.assemble("\n", (device or "no device", "bold"), (f"  {about}" if about else "", "dim"), "\n", answer, "\n")
        shared = _words.shared(verdicts)
        yield table(VERDICTS, (_verdict(one, _words.why(one, by_id, shared)) for one in verdicts), width)
        if shared:
            yield text(f"For all that is inconclusive: {'; '.join(shared)}.")
    for device in others[:MOST_LINES]:
        tally = _words.tally(one for one in whole["verdicts"] if one["device"] == device)
        yield Text.assemble("\n" if device == others[0] else "", (device, "bold"), f"  {tally}")
    if len(others) > MOST_LINES:
        yield text(f"and {counted(len(others) - MOST_LINES, 'more device')}: --device NAME judges one")


def _verdict(verdict: Mapping[str, Any], why: str) -> tuple[str, ...]:
    return verdict["commitment"], _words.TITLES[verdict["commitment"]], verdict["verdict"], why


def _limits(whole: Mapping[str, Any], shown: Sequence[str]) -> Iterator[RenderableType]:
    lines = [f"• {sentence}" for sentence in whole["coverage"]["limits"]]
    lines += [f"• {one['device']}: {_words.covered(one)}" for one in whole["coverage"]["devices"] if one["device"] in shown]
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
    if not whole["settings"]["declaration"]["statements"]:
        few = [shlex.quote(path) for path in paths.values() if path != "-"][:MOST_LINES]
        yield f"draft a declaration             gdsi-audit declare {' '.join(few) if len(few) == len(paths) > 0 else 'CAPTURE...'} -o draft.toml"
        yield "hold this against it            the same command with --declaration draft.toml"
    if whole["findings"]:
        worst = whole["findings"][0]
        yield f"what a finding means            gdsi-audit explain {worst['detector']}"
        if len(worst["evidence"][0]["display_filter"]) <= LONGEST_FILTER:
            yield f"re-check the gravest            {_words.tshark(worst['evidence'][0], paths)}"
    yield "what a commitment says          gdsi-audit explain GDSI-7"
    yield "what a word means               gdsi-audit explain indicator"
    yield "a report to hand on             the same command with -o report.html"
