"""The report to hand on: one file, no request to anywhere, readable without its script, on paper and on a telephone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gdsi_audit import glossary
from gdsi_audit.audit import Audit
from gdsi_audit.commitments.initiative import initiative
from gdsi_audit.findings.quantities import counted, duration
from gdsi_audit.readers._endings import in_words
from gdsi_audit.reports import _words
from gdsi_audit.reports._activity_strip import strip
from gdsi_audit.reports._document import document
from gdsi_audit.reports._instant import minute, span
from gdsi_audit.reports._stories import same_frames, stories

SUFFIXES = (".html", ".htm")

FOLDER = Path(__file__).parent / "_html"
MOST_CARDS = 150
MOST_EVIDENCE = 3
MOST_REASONS = 4
MOST_DEVICES = 10
MOST_ROWS = 200
MOST_DESTINATIONS = 1000
MOST_HOURS = 2000
CONTENTS = (
    ("verdicts", "Verdicts"), ("declared", "Declared against observed"), ("findings", "Findings"), ("destinations", "Destinations"),
    ("jurisdictions", "Jurisdictions"), ("activity", "Activity"), ("coverage", "Coverage"), ("method", "Method and databases"),
    ("commitments", "The commitments"), ("words", "Words"), ("verify", "How to verify"),
)  # fmt: skip


def render(audit: Audit) -> str:
    """The whole page. Every value passes through the template's escaping; the policy allows this file's own style and script alone."""
    whole = document(audit)
    style, script = (FOLDER / "style.css").read_text(encoding="utf-8"), (FOLDER / "script.js").read_text(encoding="utf-8")
    own = {"style": Markup(style), "script": Markup(script), "style_hash": _policy_hash(style), "script_hash": _policy_hash(script)}
    return _environment().get_template("report.html.j2").render(**own, **_view(whole))


def summary(audit: Audit) -> str:
    """The verdicts as a fragment for a notebook, with the limits that belong to them."""
    return _environment().get_template("summary.html.j2").render(**_verdicts(document(audit)))


@cache
def _environment() -> Environment:
    made = Environment(autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(FOLDER), trim_blocks=True, lstrip_blocks=True)
    made.filters["question"] = _words.question
    return made


def _policy_hash(text: str) -> str:
    """As a content security policy names what it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _verdicts(whole: dict[str, Any]) -> dict[str, Any]:
    """What both templates show."""
    findings = {one["id"]: one for one in whole["findings"]}
    by_device: dict[str, list[dict[str, Any]]] = {}
    for verdict in whole["verdicts"]:
        by_device.setdefault(verdict["device"], []).append(verdict)
    shared = {device: _words.shared(given) for device, given in by_device.items()}
    for device, given in by_device.items():
        by_device[device] = [{**one, "why": _words.why(one, findings, shared[device])} for one in given]
    found = f"{counted(len(findings), 'finding')}{': ' if findings else ''}{_words.severities(whole['findings'])}."
    return {
        "whole": whole,
        "by_device": [(one, by_device[one]) for one in _words.ranked(whole["verdicts"])],
        "titles": _words.TITLES,
        "shared": shared,
        "answer": _words.answer(whole["verdicts"]),
        "found": found,
    }


def _view(whole: dict[str, Any]) -> dict[str, Any]:
    """All that the page shows, cut where a page must be cut; what is left out is said there."""
    declaration, names = whole["settings"]["declaration"], {one["sha256"]: _words.basename(one["path"]) for one in whole["captures"]}
    whole["captures"] = [{**one, "name": _words.basename(one["path"])} for one in whole["captures"]]
    whole["devices"] = [{**one, "about": _words.described(one)} for one in whole["devices"]]
    ranks = {device: rank for rank, device in enumerate(_words.ranked(whole["verdicts"]))}
    gravest = sorted(whole["devices"], key=lambda one: ranks.get(one["id"], len(ranks)))
    destinations = sorted(_of_all(whole["devices"], "destinations"), key=lambda pair: (-pair[1]["up_bytes"], -pair[1]["down_bytes"], *pair[:1]))
    declared = _of_all(whole["devices"], "declared_items")
    files = {_words.basename(item["file"]) for _, item in declared}
    cards = [_card(one, names) for one in whole["findings"][:MOST_CARDS]]
    return {
        **_verdicts(whole),
        "title": _title(whole, declaration["product"]),
        "contents": [entry for entry in CONTENTS if declared or entry[0] != "declared"],
        "declaration": declaration,
        "product": declaration["product"],
        "gravest": gravest[:MOST_DEVICES],
        "devices_left": max(0, len(gravest) - MOST_DEVICES),
        "most_rows": MOST_ROWS,
        "of_device": _of_device(whole["findings"]),
        "tally": _words.tally,
        "several": len(whole["devices"]) > 1,
        "findings": cards,
        "stories": stories(cards),
        "same_frames": same_frames,
        "cards": {one["id"]: one for one in cards},
        "most_reasons": MOST_REASONS,
        "further": whole["findings"][MOST_CARDS:],
        "most_evidence": MOST_EVIDENCE,
        "declared": declared,
        "one_file": files.pop() if len(files) == 1 else "",
        "stated": _words.STATED,
        "destinations": destinations[:MOST_DESTINATIONS],
        "destinations_left": max(0, len(destinations) - MOST_DESTINATIONS),
        "limited": bool(declaration["jurisdictions"]["allowed"] is not None or declaration["jurisdictions"]["denied"]),
        "activity": _of_all(whole["devices"], "activity")[:MOST_HOURS],
        "strip": strip(whole["devices"], declaration["phases"]),
        "settings": _settings(whole["settings"]),
        "attributions": list(dict.fromkeys(row["attribution"] for row in whole["databases"] if row.get("attribution"))),
        "initiative": initiative(),
        "declared_word": _words.declared,
        "is_local": _words.is_local,
        "share": _share,
        **{name: getattr(_words, name) for name in ("basename", "size", "severities", "listed", "question", "broken")},
        "counted": counted,
        "duration": duration,
        "minute": minute,
        "span": span,
        "zone": declaration["vantage"]["timezone"],
        "in_words": in_words,
        "words": [*glossary.VERDICTS.items(), *glossary.WORDS.items()],
        "covered": [one for one in whole["coverage"]["devices"] if one["device"] in {device["id"] for device in gravest[:MOST_DEVICES]}],
        "coverage": _words.covered,
    }


def _of_device(findings: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in findings:
        found.setdefault(one["device"], []).append(one)
    return found


def _of_all(devices: Sequence[Mapping[str, Any]], key: str) -> list[tuple[str, dict[str, Any]]]:
    return [(device["id"], row) for device in devices for row in device[key]]


def _title(whole: Mapping[str, Any], product: Mapping[str, str]) -> str:
    """The product as declared, else the device, else the capture."""
    declared = " ".join(filter(None, (product["vendor"], product["model"])))
    devices = whole["devices"]
    seen = devices[0]["id"] if len(devices) == 1 else counted(len(devices), "device") if devices else "No device"
    return declared or seen


def _card(finding: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    shown = [
        {**one, "shown_ranges": _words.ranges(one, names, most=24), "command": _words.tshark(one, names)}
        for one in finding["evidence"][:MOST_EVIDENCE]
    ]
    return {**finding, "evidence": [*shown, *finding["evidence"][MOST_EVIDENCE:]]}


def _share(count: int, rows: Sequence[Mapping[str, Any]]) -> float:
    """Width of a bar in percent: the longest of both directions fills it."""
    most = max((max(row["up_bytes"], row["down_bytes"]) for row in rows), default=0)
    return round(99 * count / most, 2) if most else 0.0


def _settings(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Options and thresholds, a row each."""
    options = [(name, str(value)) for name, value in settings.items() if name not in ("thresholds", "declaration") and value not in ("", None)]
    thresholds = [(f"{detector} {name}", str(value)) for detector, found in settings.get("thresholds", {}).items() for name, value in found.items()]
    return [*options, *thresholds]
