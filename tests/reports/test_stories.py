"""Findings that belong together are told together, and none is lost."""

from __future__ import annotations

import pytest
from made_findings import SHA256, finding

from gdsi_audit.findings.finding import Evidence
from gdsi_audit.reports import html, terminal
from gdsi_audit.reports._stories import party, stories

OTHER_FRAMES = (Evidence(frames=((SHA256, ((900, 901),)),), display_filter="frame.number in {900..901}"),)


def plain(one):
    evidence = [{"frames": [{"capture": capture, "ranges": ranges} for capture, ranges in piece.frames]} for piece in one.evidence]
    return {name: getattr(one, name) for name in ("id", "device", "detector", "subject", "severity", "inference", "alternatives")} | {
        "evidence": evidence
    }


def told(*findings):
    return [(story.kind, [one["subject"] for one in story.findings]) for story in stories([plain(one) for one in findings])]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("vision-insight.example in BR", "vision-insight.example"),
        ("eu.drop.botnet.example", "botnet.example"),
        ("audience.example behind *.cams.example", "audience.example"),
        ("stream on tcp/554 from inside", "tcp/554"),
        ("http://pages.example/raw/c2.txt", "pages.example"),
        ("2001:db8::5 (Tor)", "2001:db8::5"),
        ("116.202.1.1 as api.cams.example", "116.202.1.1"),
        ("hosts of the local network", ""),
        ("http://[", ""),
        ("...", ""),
    ],
)
def test_a_subject_names_its_party(subject, expected):
    assert party(subject) == expected


def test_one_party_is_one_story_whatever_the_question():
    first, other = finding(1, subject="a.vision.example"), finding(2, "low", subject="vision.example in BR", detector="undeclared_jurisdiction")
    assert told(first, finding(3, "low", detector="beaconing"), other) == [
        ("party", ["a.vision.example", "vision.example in BR"]),
        ("single", ["host3.example"]),
    ]


def test_the_same_frames_are_one_story_whatever_the_subject():
    first, other = finding(1, detector="persistent_channel"), finding(2, "info", subject="names not observable", evidence=finding(1).evidence)
    assert told(first, other) == [("party", ["host1.example", "names not observable"])]


def test_parties_are_joined_through_others_and_devices_never():
    linked = finding(3, subject="b.example", evidence=finding(1).evidence)
    assert told(finding(1, subject="a.example"), finding(2, subject="b.example", evidence=OTHER_FRAMES), linked)[0][0] == "party"
    assert len(told(finding(1), finding(1, device="doorbell"))) == 2


def test_one_question_with_one_answer_of_several_parties_is_told_once():
    assert told(*(finding(number) for number in (1, 2, 3))) == [("likewise", ["host1.example", "host2.example", "host3.example"])]


def test_the_same_questions_with_the_same_answers_of_many_parties_are_told_once(made_audit):
    pairs = [(finding(n, subject=f"10.0.0.{n}"), finding(n, "low", subject=f"10.0.0.{n}", detector="unnamed_destination")) for n in range(1, 60)]
    found = tuple(sorted((one for pair in pairs for one in pair), key=lambda one: one.severity))
    assert [(kind, len(subjects)) for kind, subjects in told(*found)] == [("likewise", 118)]
    text = " ".join(terminal.render(made_audit(found)).split())
    assert "10.0.0.8, 10.0.0.9 and 50 more (117 more findings: undeclared_destination, unnamed_destination)" in text


def test_no_finding_is_lost_in_any_form(made_audit):
    findings = (finding(1), finding(2, "low", subject="www.host1.example", detector="weak_tls"), finding(3), finding(9, "info"))
    page = html.render(made_audit(findings))
    assert all(page.count(f'id="f-{one.id}"') == 1 for one in findings)
    assert all(one.subject in terminal.render(made_audit(findings)) for one in findings)
