"""Findings as CSV."""

from __future__ import annotations

import csv as reader
import io

from made_findings import finding

from gdsi_audit.reports import csv


def rows(text):
    return list(reader.DictReader(io.StringIO(text, newline="")))


def test_one_row_per_finding(made_audit):
    audit = made_audit()
    read = rows(csv.render(audit))
    assert [row["id"] for row in read] == [one.id for one in audit.findings]
    assert read[0]["verdicts"] == "GDSI-3 contradicted; GDSI-7 indicator" or read[0]["verdicts"].startswith("GDSI-3 ")
    assert read[0]["frames"] == "1-4, 10"
    assert read[0]["contradicts"] == "destination ports (camera.toml:10), stated by the vendor"
    assert read[-1]["frames"].endswith("4 more pieces of evidence")


def test_lines_end_as_rfc_4180_has_it(made_audit):
    assert csv.render(made_audit(())) == ",".join(csv.COLUMNS) + "\r\n"


def test_formulas_are_guarded(made_audit):
    text = csv.render(made_audit((finding(1, subject="=1+1", observation=" @SUM(A1)", inference="-2", refuted_by="plain = text"),)))
    row = rows(text)[0]
    assert (row["subject"], row["observation"], row["inference"], row["refuted_by"]) == ("'=1+1", "' @SUM(A1)", "'-2", "plain = text")
