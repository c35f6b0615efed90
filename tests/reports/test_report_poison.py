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

NAMES = {f"poison{number}.example": shown for number, shown in enumerate(SHOWN)}
RAW_PATH = b"".join(raw[:30] for raw in POISON if b"/" not in raw).decode("utf-8", "surrogateescape")
ROWS = [f"203.0.113.{number + 1}:443 {name} tls-sni {1000 + number} 1" for number, name in enumerate(NAMES)]
FLOWS = "\n".join(["remote name name_source up_bytes down_bytes", *ROWS])


@pytest.fixture(scope="module")
def poisoned(made_audit):
    """Display forms in names, host names, subjects, sentences and notes; raw text in the capture's path, which no parser has seen."""
    findings = [finding(number + 1, subject=shown, observation=f"It said {shown}.") for number, shown in enumerate(SHOWN)]
    return made_audit(tuple(findings), rename=NAMES, flows=FLOWS, path=RAW_PATH)


@pytest.fixture(scope="module")
def page(poisoned):
    return Page(html.render(poisoned))


def test_json_is_faithful(poisoned):
    text = "".join(json.render(poisoned))
    text.encode()
    whole = json_reader.loads(text)
    assert {name["name"] for row in whole["endpoints"] for name in row["names"]} == set(SHOWN)
    subjects = [one["subject"] for one in whole["findings"]]
    assert subjects == list(SHOWN)
    assert [original(shown) for shown in subjects if not shown.endswith("\\x…")] == [raw for raw in POISON if len(raw) <= 4096]


def test_terminal_prints_no_control_character(poisoned):
    text = terminal.render(poisoned)
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) == []
    text.encode()


def test_terminal_takes_no_markup_from_the_wire(made_audit):
    text = terminal.render(made_audit((finding(1, subject="[bold red]x[/]", observation=":smile:"),)))
    assert "[bold red]x[/]" in text
    assert ":smile:" in text


def test_csv_begins_no_formula(poisoned):
    rows = list(csv_reader.reader(io.StringIO(csv.render(poisoned), newline="")))
    assert {len(row) for row in rows} == {len(csv.COLUMNS)}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\x00")) for row in rows[1:] for cell in row)


@pytest.mark.parametrize("shown", SHOWN, ids=[shown[:20] for shown in SHOWN])
def test_html_shows_it_as_text(page, shown):
    assert page.open == []
    assert " ".join(shown.split()) in page.text


def test_html_has_no_element_from_the_wire(page):
    assert not any(tag in ("img", "iframe", "object") or name.startswith("on") for tag, name, _ in page.attributes)


def test_browser_runs_nothing_and_shows_the_text(poisoned, tmp_path):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no chromium is installed to look at the page")
    page = tmp_path / "report.html"
    page.write_text(html.render(poisoned), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=1000"]
    dom = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, timeout=60, check=True).stdout.decode()
    found = Page(dom)
    assert [shown for shown in SHOWN if " ".join(shown.split()) not in found.text] == []
    assert dom.count("<img") == 0
    assert dom.count('class="copy"') == dom.count('class="copyable"') > 0  # the page's own script ran
