"""The HTML report: self-contained, whole, small."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from made_findings import finding

from gdsi_audit.commitments.verdicts import verdicts
from gdsi_audit.findings.finding import Broken
from gdsi_audit.reports import html
from gdsi_audit.reports._words import STATED

VOID = {"meta", "br", "input", "img", "hr", "link"}


class Page(HTMLParser):
    """Checks nesting and gathers what matters."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" not in self.open and "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def source(made_audit):
    return html.render(made_audit())


@pytest.fixture(scope="module")
def page(source):
    found = Page(source)
    assert found.open == []
    return found


def test_nothing_is_requested(page):
    assert [entry for entry in page.attributes if entry[1] in ("src", "srcset", "action", "style") or entry[1].startswith("on")] == []
    assert {value[0] for tag, name, value in page.attributes if name == "href"} == {"#"}


def test_policy_allows_this_style_and_script_alone(source):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', source).group(1)
    for kind in ("style", "script"):
        body = re.search(rf"<{kind}>(.*?)</{kind}>", source, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_every_internal_link_has_its_target(page):
    anchors = {value for _, name, value in page.attributes if name == "id"}
    assert {value[1:] for _, name, value in page.attributes if name == "href"} <= anchors


def test_sections_stand_in_order(source):
    wanted = [
        "limits",
        "verdicts",
        "declared",
        "findings",
        "destinations",
        "jurisdictions",
        "activity",
        "coverage",
        "method",
        "commitments",
        "words",
        "verify",
    ]
    assert re.findall(r'<h2 id="([a-z]+)"', source) == wanted


def test_finding_keeps_four_fields_apart(page):
    for label in ("Observation", "Inference", "Other explanations", "Refuted by", "tshark -r camera.pcap -Y 'frame.number == 1'", "camera.toml:10"):
        assert label in page.text


def test_page_names_limits_and_attribution(page):
    assert "Data by One" in page.text
    assert "112 days" in page.text
    assert "no back door" in page.text


def test_rows_are_as_many_as_in_the_document(made_audit, source):
    body = source.split('id="destinations"')[1].split("</table>")[0].split("<tbody>")[1]
    assert body.count("<tr>") == 11  # two addresses of one name are one row


@pytest.mark.parametrize("count", [0, 1, 2000])
def test_any_number_of_findings(made_audit, count):
    text = html.render(made_audit(tuple(finding(number + 1) for number in range(count))))
    found = Page(text)
    assert found.open == []
    assert len(text) < 2_000_000
    assert ("host2000.example" in found.text) is (count == 2000)


def test_two_hundred_destinations_stay_below_two_megabytes(made_audit):
    rows = "\n".join(f"203.0.{number // 250}.{number % 250}:443 host{number}.example tls-sni tls 10 10 -" for number in range(200))
    audit = made_audit(
        tuple(finding(number + 1) for number in range(200)), flows=f"remote name name_source service up_bytes down_bytes device_is_originator\n{rows}"
    )
    assert len(html.render(audit)) < 2_000_000


def test_no_devices(made_audit):
    audit = made_audit((), stated=False)
    empty = replace(audit, traffic=replace(audit.traffic, devices=()), verdicts=())
    assert "No device was seen" in Page(html.render(empty)).text


def test_same_audit_same_bytes(made_audit, source):
    assert html.render(made_audit()) == source


def test_summary_is_a_fragment_with_limits(made_audit):
    text = html.summary(made_audit())
    assert "<html" not in text
    assert "GDSI-7" in text
    assert "no back door" in text


def test_of_several_devices_the_gravest_comes_first(made_audit):
    audit = made_audit((finding(1, "high", device="doorbell"),))
    share = audit.traffic.devices[0]
    other = replace(share, device=replace(share.device, id="doorbell"))
    traffic = replace(audit.traffic, devices=(share, other))
    both = replace(audit, traffic=traffic, verdicts=verdicts(traffic, audit.declaration, audit.findings))
    text = Page(html.render(both)).text.partition("Verdicts ")[2]
    assert text.index("doorbell") < text.index("camera")


def test_a_broken_list_is_not_taken_for_its_first_item(made_audit):
    listed = replace(finding(1, "high"), contradicts=(Broken("destination", "name", "camera.toml", 10, "vendor"),))
    assert "the list of destinations (from camera.toml:10 on), stated by the vendor" in Page(html.render(made_audit((listed,)))).text


def test_instants_are_written_alike_and_beside_local_time(made_audit):
    made = made_audit()
    placed = replace(made, declaration=replace(made.declaration, vantage=replace(made.declaration.vantage, timezone="Europe/Berlin")))
    text = Page(html.render(placed)).text
    assert "2026-09-21 14:13:20 to 14:13:21 UTC (16:13:20 to 16:13:21 Europe/Berlin)" in text
    assert re.findall(r"\d{4}-\d\d-\d\dT\d\d", text) == []


def test_names_of_phases_overlap_neither_each_other_nor_a_device(source):
    drawing = re.search(r"<svg role=.img.*?</svg>", source, re.DOTALL)[0]
    texts = [(float(x), float(y), text) for x, y, text in re.findall(r'<text x="([\d.]+)" y="([\d.]+)">([^<]*)</text>', drawing)]
    assert len(texts) > 2
    for (x, y, text), (after_x, after_y, _) in itertools.pairwise(sorted(texts, key=lambda one: (one[1], one[0]))):
        assert after_y - y >= 10 or x + 6 * len(text) <= after_x


@pytest.mark.parametrize("by", ["vendor", "tester", "drafted"])
def test_it_says_who_stands_for_the_declaration(made_audit, by):
    broken = replace(finding(1, "high"), contradicts=(Broken("destination", "ports", "camera.toml", 10, by),))
    text = Page(html.render(made_audit((broken,)))).text
    assert f"destination ports (camera.toml:10), {STATED[by]}" in text
    assert "stated by the drafted" not in text


def test_every_table_scrolls_or_stacks_on_a_narrow_screen(source):
    tables = re.findall(r"(.{60})<table([^>]*)>", source, re.DOTALL)
    assert len(tables) > 5
    assert [before + inside for before, inside in tables if "stack" not in inside and 'tabindex="0">' not in before] == []


def test_what_came_by_standard_input_is_called_so(made_audit):
    made = made_audit()
    piped = replace(made, traffic=replace(made.traffic, captures=tuple(replace(one, path="-") for one in made.traffic.captures)))
    text = Page(html.render(piped)).text
    assert "Capture standard input 1,000 frames" in text
    assert "tshark -r CAPTURE -Y" in text
