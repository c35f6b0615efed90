"""Findings for a spreadsheet, one row each. JSON is the faithful form: here a value that a spreadsheet would calculate gets an apostrophe."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from gdsi_audit.audit import Audit
from gdsi_audit.findings.quantities import counted
from gdsi_audit.reports import _words
from gdsi_audit.reports._document import document

SUFFIXES = (".csv",)

COLUMNS = (
    *("id", "device", "detector", "severity", "confidence", "subject", "commitments", "verdicts", "contradicts", "observation", "inference"),
    *("alternatives", "refuted_by", "count", "bytes", "first_seen", "last_seen", "frame_count", "frames", "filter", "filter_kind", "community_id"),
)
CALCULATED = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
"""First characters that make a spreadsheet calculate; the full-width ones do so too where input is normalised."""


def render(audit: Audit) -> str:
    """RFC 4180: a header, CRLF, quotes where needed. Frames are those of the first piece of evidence; the others are counted."""
    whole = document(audit)
    paths = {capture["sha256"]: capture["path"] for capture in whole["captures"]}
    verdicts = {(one["device"], one["commitment"]): one["verdict"] for one in whole["verdicts"]}
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(COLUMNS)
    for finding in whole["findings"]:
        row = _row(finding, verdicts, paths)
        writer.writerow([_guarded(row[column]) for column in COLUMNS])
    return sheet.getvalue()


def _row(finding: Mapping[str, Any], verdicts: Mapping[tuple[str, str], str], paths: Mapping[str, str]) -> dict[str, Any]:
    first, more = finding["evidence"][0], len(finding["evidence"]) - 1
    words = [verdicts.get((finding["device"], one), "") for one in finding["commitments"]]
    return {
        **finding,
        "commitments": " ".join(finding["commitments"]),
        "verdicts": "; ".join(f"{one} {word}" for one, word in zip(finding["commitments"], words, strict=True) if word),
        "contradicts": _words.broken(finding),
        "alternatives": "; ".join(finding["alternatives"]),
        "frame_count": sum(one["frame_count"] for one in finding["evidence"]),
        "frames": _words.ranges(first, paths, most=100) + (f"; {counted(more, 'more piece')} of evidence" if more else ""),
        "filter": first["display_filter"],
        "filter_kind": first["filter_kind"],
        "community_id": first["community_id"],
    }


def _guarded(value: object) -> object:
    """Text that does not begin a formula; numbers stay numbers."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.lstrip(" ").startswith(CALCULATED) else value
