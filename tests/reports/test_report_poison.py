"""Hostile text through every sink."""

from __future__ import annotations

import csv as csv_reader
import io
import json as json_reader
import re
import shutil
import subprocess

import pytest
from made_findings import finding
from poison_list import POISON, SHOWN
from test_report_html import Page

from gdsi_audit.reports import csv, html, json, terminal
from gdsi_audit.wire_text import original

NAMES = [str(raw[:20]) for raw in POISON]


@pytest.fixture(scope="module", params=SHOWN, ids=NAMES)
def poisoned(request, made_audit):
    """The display form in names, subjects and sentences; the raw text in the capture's path, which no parser has seen."""
    shown = request.param
    raw = POISON[SHOWN.index(shown)].decode("utf-8", "surrogateescape")
    return shown, made_audit((finding(1, subject=shown, observation=f"It said {shown}."), finding(2)), name=shown, path=raw)


def test_json_is_faithful(poisoned):
    shown, audit = poisoned
    whole = json_reader.loads(json.render(audit))
    assert shown in {name["name"] for row in whole["endpoints"] for name in row["names"]}
    assert whole["findings"][0]["subject"] == shown
    if not shown.endswith("\\x…"):
        assert original(whole["findings"][0]["subject"]) == POISON[SHOWN.index(shown)]
    json.render(audit).encode()


def test_terminal_prints_no_control_character(poisoned):
    text = terminal.render(poisoned[1])
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) == []
    text.encode()


def test_csv_begins_no_formula(poisoned):
    rows = list(csv_reader.reader(io.StringIO(csv.render(poisoned[1]), newline="")))
    assert {len(row) for row in rows} == {len(csv.COLUMNS)}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\x00")) for row in rows[1:] for cell in row)


def test_html_shows_it_as_text(poisoned):
    shown, audit = poisoned
    text = html.render(audit)
    page = Page(text)
    assert page.open == []
    assert " ".join(shown.split()) in page.text
    assert not any(tag in ("img", "iframe", "object") or name.startswith("on") for tag, name, _ in page.attributes)
    text.encode()


def test_browser_runs_nothing_and_shows_the_text(made_audit, tmp_path):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no chromium is installed to look at the page")
    page = tmp_path / "report.html"
    findings = tuple(finding(number + 1, subject=shown) for number, shown in enumerate(SHOWN))
    page.write_text(html.render(made_audit(findings, name=SHOWN[0])), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=1000"]
    dom = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, timeout=60, check=True).stdout.decode()
    found = Page(dom)
    assert all(" ".join(shown.split()) in found.text for shown in SHOWN)
    assert dom.count("<img") == 0
    assert dom.count('class="copy"') == dom.count('class="copyable"') > 0  # the page's own script ran
