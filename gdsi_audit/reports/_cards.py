"""The findings for a terminal: the gravest stories as cards, the others a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gdsi_audit.findings.quantities import counted
from gdsi_audit.reports import _words
from gdsi_audit.reports._instant import span
from gdsi_audit.reports._sheet import STYLES, Column, heading, table, text
from gdsi_audit.reports._stories import Story, same_frames, stories

MOST_CARDS = 3
MOST_LINES = 6
MOST_ALSO = 4
MOST_LIKEWISE = 8
LONGEST_FILTER = 240
SHORT = (Column("severity"), Column("finding", share=0.35, least=15), Column("subject", wide=True, least=12))

Line = tuple[str, str, str]
"""Severity, detectors, subjects."""


def findings(whole: Mapping[str, Any], width: int) -> Iterator[RenderableType]:
    """All of them, or how many there was no room for."""
    found = whole["findings"]
    yield heading("findings", _words.severities(found) or "none: read the limits below before you quote that")
    paths = {capture["sha256"]: capture["path"] for capture in whole["captures"]}
    several, zone = len(whole["devices"]) > 1, whole["settings"]["declaration"]["vantage"]["timezone"]
    told = stories(found)
    cards = [story for story in told if story.first["severity"] != "info"][:MOST_CARDS]
    for before, story in zip([None, *cards], cards, strict=False):
        yield _card(story, paths, zone, several, same_as_above=before is not None and before.first["alternatives"] == story.first["alternatives"])
    rest = told[len(cards) :]
    lines = _lines(rest)
    if rest:
        yield Padding(table(SHORT, map(partial(_short, several), lines[:MOST_LINES]), width), (1, 0, 0, 0))
    told_of = {line for line, _ in lines[:MOST_LINES]}
    if left := sum(len(story.findings) for story in rest if _line(story) not in told_of):
        yield text(f"and {counted(left, 'more finding')}: --format html or json has them all")


def _short(several: bool, line: tuple[Line, list[str]]) -> tuple[str, ...]:
    (severity, detectors, subject), devices = line
    return severity, detectors, f"{f'{_words.listed(devices, 1)}: ' if several else ''}{subject}"


def _lines(rest: Sequence[Story]) -> list[tuple[Line, list[str]]]:
    """What there is no room to tell, and of which devices: the same of several is one line."""
    devices: dict[Line, list[str]] = {}
    for story in rest:
        devices.setdefault(_line(story), []).append(story.first["device"])
    return list(devices.items())


def _line(story: Story) -> Line:
    """Severity, detectors and subjects."""
    subjects = _words.listed([one["subject"] for one in story.findings], MOST_LIKEWISE)
    return story.first["severity"], _words.listed([one["detector"] for one in story.findings], MOST_ALSO), subjects


def _card(story: Story, paths: Mapping[str, str], zone: str, several: bool, *, same_as_above: bool) -> RenderableType:
    finding = story.first
    title = Text.assemble(
        "\n", (finding["severity"].upper(), STYLES[finding["severity"]]), "  ", (finding["subject"], "bold"),
        (f"  {finding['detector']}, confidence {finding['confidence']}, {' '.join(finding['commitments'])}", "dim"),
    )  # fmt: skip
    rows = Table.grid(padding=(0, 2), expand=True)
    rows.add_column(width=10)
    rows.add_column(ratio=1, overflow="fold")
    said = (
        ("device", finding["device"] if several else ""),
        ("observed", finding["observation"]),
        ("breaks", _words.broken(finding)),
        ("or else", "as above" if same_as_above else "; ".join(finding["alternatives"])),
        ("refuted by", finding["refuted_by"]),
        ("seen", span(finding["first_seen"], finding["last_seen"], zone)),
        *_evidence(finding["evidence"], paths),
        *_others(story),
    )
    for label, words in said:
        if words:
            rows.add_row(text(label, "dim"), text(words))
    return Group(title, Padding(rows, (0, 0, 0, 2)))


def _others(story: Story) -> Iterator[tuple[str, str]]:
    """What else is found of the same party, a line each; or whom else the same is found of."""
    first, others = story.first, story.findings[1:]
    if story.kind == "likewise":
        subjects = [one["subject"] for one in others if one["subject"] != first["subject"]]
        kinds = {one["detector"] for one in others}
        more = f"{counted(len(others), 'more finding')}{': ' if len(kinds) > 1 else ''}{', '.join(sorted(kinds)) if len(kinds) > 1 else ''}"
        yield "likewise", f"{_words.listed(subjects, MOST_LIKEWISE)} ({more})"
        return
    for one in others[:MOST_ALSO]:
        about = f" of {one['subject']}" if one["subject"] != first["subject"] else ""
        frames = "; the same frames" if same_frames(one, first) else ""
        yield "also", f"{one['severity'].upper()} {one['detector']}{about}, {' '.join(one['commitments'])}{frames}: {one['observation']}"
    if len(others) > MOST_ALSO:
        yield "also", f"{_words.severities(others[MOST_ALSO:])}: {_words.listed([one['detector'] for one in others[MOST_ALSO:]], MOST_ALSO)}"


def _evidence(evidence: Sequence[Mapping[str, Any]], paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    first = evidence[0]
    more = f"; {counted(len(evidence) - 1, 'more piece')} of evidence in --format json" if len(evidence) > 1 else ""
    yield "evidence", f"{counted(first['frame_count'], 'frame')}: {_words.ranges(first, paths)}{more}"
    whole = first["display_filter"]
    superset = " (and other frames)" if first["filter_kind"] == "superset" else ""
    yield "filter", f"{whole}{superset}" if len(whole) <= LONGEST_FILTER else f"{len(whole):,} characters: in --format html or json"
