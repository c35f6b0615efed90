"""The report for a terminal."""

from __future__ import annotations

import io
import itertools
import re
from collections import Counter
from dataclasses import replace

import pytest
from made_findings import SIX, finding
from rich.console import Console

from gdsi_audit.commitments.verdicts import verdicts
from gdsi_audit.reports import terminal


def test_answer_comes_first(made_audit):
    lines = terminal.render(made_audit()).splitlines()
    assert lines[1].startswith("captures/camera.pcap: 1,000 frames, 2026-09-21")
    assert lines[4].startswith("camera  Example · ipcam")
    assert re.match(r"Of 7 commitments: \d contradicted, \d indicator, .*\d not testable\.$", lines[5])
    assert lines[6] == "6 findings: 1 critical, 1 high, 1 medium, 1 low, 2 info."


def test_length_suits_a_screen_or_two(made_audit):
    assert 30 <= len(terminal.render(made_audit()).splitlines()) <= 110


def test_seven_verdicts_and_the_limits_are_there(made_audit):
    text = terminal.render(made_audit())
    assert all(f"GDSI-{number} " in text for number in range(1, 8))
    assert "what this report cannot say" in text
    assert "Ledger: 1,000 frames read = 990 decoded + 10 skipped (10 not_ip)." in text


def test_plain_text_has_no_control_sequence(made_audit, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = terminal.render(made_audit())
    assert "\x1b" not in text
    assert all(len(line) <= terminal.WIDTH for line in text.partition("\nNEXT")[0].splitlines())


def test_width_of_the_terminal_does_not_matter(made_audit, monkeypatch):
    before = terminal.render(made_audit())
    monkeypatch.setenv("COLUMNS", "40")
    assert terminal.render(made_audit()) == before


def test_colours_on_a_terminal(made_audit):
    sheet = io.StringIO()
    terminal.show(made_audit(), Console(file=sheet, width=100, force_terminal=True, color_system="standard"))
    assert "\x1b[" in sheet.getvalue()


def test_no_finding_is_no_clearance(made_audit):
    text = terminal.render(made_audit((), stated=False))
    assert "none: read the limits below before you quote that" in text
    assert "No declaration was given" in text
    assert "gdsi-audit declare captures/camera.pcap -o draft.toml" in text
    assert "the same command with --declaration draft.toml" in text


def test_thousands_of_findings_stay_short(made_audit):
    text = terminal.render(made_audit(tuple(finding(number + 1) for number in range(2000))))
    assert len(text.splitlines()) <= 130
    assert "(1,999 more findings)" in text
    assert "host9.example and 1,991 more" in text


def test_words_that_are_not_ours(made_audit):
    text = terminal.render(made_audit(SIX)).lower()
    assert not re.findall(r"\b(compliant|safe|violated|unlawful|illegal|adequate|export(?:ed)?)\b", text)


def test_no_column_is_squeezed_to_nothing(made_audit):
    sheet = io.StringIO()
    terminal.show(made_audit(), Console(file=sheet, width=80, force_terminal=False))
    table = sheet.getvalue().partition("DECLARED AGAINST OBSERVED")[2].partition("DESTINATIONS")[0]
    assert "*.cams.example" in table
    assert max(map(len, sheet.getvalue().partition("\nNEXT")[0].splitlines())) <= 80


def test_what_is_the_same_of_several_devices_is_one_line(made_audit):
    rows = tuple(finding(number, "info", device=f"device-{number}", subject="names not observable") for number in range(40))
    audit = made_audit(rows)
    several = replace(audit, traffic=replace(audit.traffic, devices=audit.traffic.devices * 2))
    assert "device-0 and 39 more: names not observable" in terminal.render(several)


def test_what_is_missing_for_every_verdict_is_said_once(made_audit):
    whole = made_audit((), stated=False)
    short = replace(whole.traffic.devices[0], coverage=replace(whole.traffic.devices[0].coverage, observed_s=600.0))
    traffic = replace(whole.traffic, devices=(short,))
    text = terminal.render(replace(whole, traffic=traffic, verdicts=verdicts(traffic, whole.declaration, ())))
    assert text.count("10 minutes were observed") == 1
    assert "see below" in text


@pytest.mark.parametrize("width", [40, 60, 80, 110, 200])
def test_a_line_of_any_width_is_readable(made_audit, width):
    """Long names stand whole somewhere, no column is a letter wide, no line is longer than the terminal."""
    sheet = io.StringIO()
    terminal.show(made_audit(), Console(file=sheet, width=width, color_system=None))
    before_commands, _ = sheet.getvalue().split("\nNEXT\n")
    lines = [line.strip("│ ") for line in before_commands.splitlines()]
    assert max(map(len, before_commands.splitlines())) <= width
    assert [line for line, after in itertools.pairwise(lines) if len(line) == 1 == len(after)] == []
    assert "".join("".join(lines).split()).count("refutedby") >= 1


def test_a_card_says_what_would_refute_it_and_when_it_was_seen_beside_local_time(made_audit):
    made = made_audit()
    placed = replace(made, declaration=replace(made.declaration, vantage=replace(made.declaration.vantage, timezone="Asia/Kolkata")))
    text = " ".join(terminal.render(placed).split())
    assert (
        "refuted by A longer capture. seen 2026-09-21 14:13:20 to 14:13:21 UTC (19:43:20 to 19:43:21 Asia/Kolkata) evidence 5 frames: 1-4, 10" in text
    )


def test_what_the_analyst_left_out_stands_among_the_limits(made_audit):
    made = made_audit()
    (capture,) = made.traffic.captures
    ledger = replace(capture.ledger, decoded=capture.ledger.decoded - 40, skipped=capture.ledger.skipped + Counter(filtered=40))
    traffic = replace(made.traffic, captures=(replace(capture, ledger=ledger, incomplete="truncated_record at byte 98882"),))
    chosen = replace(made, traffic=traffic, settings={**made.settings, "exclude": "udp.port == 53"})
    limits = " ".join(terminal.render(chosen).replace("│", " ").split())
    assert f"The analyst left out 40 of {ledger.read:,} frames (--exclude udp.port == 53): of these nothing is said." in limits
    assert "camera.pcap was not read to its end: the file ends inside a frame (truncated_record at byte 98882)." in limits
    assert "captures/camera.pcap was not" not in limits
