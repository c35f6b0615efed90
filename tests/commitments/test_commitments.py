"""Which word may be used when, and what is missing when it may not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gdsi_audit.commitments.initiative import initiative
from gdsi_audit.commitments.verdicts import WORDS, verdicts
from gdsi_audit.declarations import NOTHING_DECLARED, DeclaredDevice, Destination, Identifier, Jurisdictions, Phase, Product, Vantage
from gdsi_audit.findings.finding import Broken, Evidence, Finding
from gdsi_audit.geo import Answer, Place
from gdsi_audit.traffic import LATEST

SEEN = (Evidence(frames=(("ab" * 32, ((1, 2),)),), display_filter="frame.number >= 1 && frame.number <= 2"),)
INSIDE = {"203.0.113.1": Place(located_in=Answer("DE", ("one", "two"), "high"))}
TABLE = "remote name name_source up_bytes\n203.0.113.1:443 api.cams.example tls-sni 1000"
ALL_GATES = {
    "product": Product(home="SE"),
    "vantage": Vantage(position="access-point", country="DE"),
    "jurisdictions": Jurisdictions(allowed=frozenset({"DE", "SE"}), allowed_words=("EU",)),
    "identifiers": (Identifier(id="imei", kind="imei", value="490154203237518"),),
}


def finding(severity="high", confidence="high", by="vendor", commitments=("GDSI-3",), device="camera") -> Finding:
    return Finding(
        detector="test",
        device=device,
        subject="evil.example",
        severity=severity,
        confidence=confidence,
        commitments=commitments,
        observation="This device sent 1,000 bytes to evil.example.",
        inference="-",
        alternatives=("-",),
        refuted_by="-",
        evidence=SEEN,
        contradicts=(Broken("destination", "name", "camera.toml", 10, by),) if by else (),
    )


@pytest.fixture
def words(device_traffic, traffic_of, declared):
    """Verdict words by commitment, for one device and whatever is changed."""

    def of(*findings, declaration=None, coverage=None, table=TABLE, places=INSIDE, absent=(), unkept=None, **settings):
        stated = declaration or declared("api.cams.example", devices=tuple(DeclaredDevice(name=name) for name in absent), **ALL_GATES)
        device = replace(device_traffic(table, places=places, coverage=coverage), **(unkept or {}))
        return {one.commitment: one for one in verdicts(traffic_of(device), stated, findings, **settings) if one.device == "camera"}

    return of


def test_all_gates_open(words):
    found = words()
    none = "no contradiction observed"
    assert [one.verdict for one in found.values()] == [none, none, "inconclusive", none, none, "not testable", none]
    assert [one.missing for one in found.values() if one.commitment not in ("GDSI-3", "GDSI-6")] == [()] * 5
    assert "Observed: 2 hours," in found["GDSI-2"].sentence and "loss 0.00%" in found["GDSI-2"].sentence
    assert found["GDSI-7"].sentence.endswith("“no back door”: dormant code cannot be excluded.")
    assert found["GDSI-5"].coverage["inside"] == 1.0


def test_identifiers_that_nobody_looked_for_say_nothing(words):
    assert words()["GDSI-3"].missing == ("the declared identifiers were not looked for in payload",)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "contradicted"),
        ({"severity": "medium"}, "contradicted"),
        ({"severity": "low"}, "indicator"),
        ({"confidence": "medium"}, "indicator"),
        ({"by": "tester"}, "indicator"),
        ({"by": "drafted"}, "indicator"),
        ({"by": ""}, "indicator"),
        ({"severity": "info"}, "inconclusive"),
        ({"device": "lamp"}, "inconclusive"),
        ({"commitments": ("GDSI-2",)}, "inconclusive"),
    ],
)
def test_what_a_finding_may_lead_to(words, given, word):
    assert words(finding(**given))["GDSI-3"].verdict == word


def test_a_contradiction_is_printed_as_one_of_a_declaration(words):
    found = words(finding())["GDSI-3"]
    assert found.sentence.startswith(
        "A declaration that speaks to GDSI-3 is contradicted by 1 finding: the list of destinations (from camera.toml:10 on)."
    )
    assert found.findings == (finding().id,) and found.confidence == "high"


@pytest.mark.parametrize("commitment", ["GDSI-1", "GDSI-6"])
def test_some_are_never_more_than_an_indicator(words, commitment):
    assert words(finding(commitments=(commitment,)))[commitment].verdict == "indicator"


def test_without_a_vendors_declaration_nothing_is_contradicted(words, declared):
    assert words(finding(), declaration=declared("a.example", by="tester"))["GDSI-3"].verdict == "indicator"
    found = words(finding(), declaration=NOTHING_DECLARED)
    assert found["GDSI-3"].verdict == "indicator"
    assert [one.verdict for one in found.values()].count("inconclusive") == 4
    assert "allowed jurisdictions need declaring" in found["GDSI-5"].missing


@pytest.mark.parametrize(
    ("changed", "blocked", "missing"),
    [
        ({"coverage": {"loss": 0.02}}, (1, 2, 3, 4, 5, 7), "loss is 2.00%, more than 1%"),
        ({"coverage": {"observed_s": 1800.0}}, (1, 2, 3, 4, 5, 7), "30 minutes were observed, less than 1 hour"),
        ({"unkept": {"folded": 1}}, (1, 2, 3, 4, 5, 7), "1 flow more than memory holds, not judged one by one"),
        ({"unkept": {"kept_until": {"dns": LATEST, "ntp": 5}}}, (1, 2, 3, 4, 5, 7), "not all messages of ntp were kept"),
        ({"absent": ("lamp", "camera")}, (1, 2, 3, 4, 5, 7), "the declared device lamp never appeared"),
        ({"coverage": {"readable": 0.9}}, (3,), "90.0% of upload bytes are readable, less than 95%"),
        ({"places": {}}, (4, 5), "0.0% of upload bytes are assessed inside, less than 95%"),
        ({"coverage": {"notes": ("inbound does not show from this vantage",)}}, (7,), "inbound does not show from this vantage"),
    ],
)
def test_what_keeps_a_verdict_open(words, changed, blocked, missing):
    found = words(**changed)
    assert {int(one.commitment[-1]) for one in found.values() if one.verdict == "inconclusive"} == {3, *blocked}
    assert tuple(int(one.commitment[-1]) for one in found.values() if one.commitment != "GDSI-6" and missing in one.missing) == blocked


@pytest.mark.parametrize(
    ("key", "value", "blocked", "missing"),
    [
        ("identifiers", (), (3,), "identifiers to look for need declaring"),
        ("product", Product(), (4,), "the vendor's home territory needs declaring"),
        ("jurisdictions", Jurisdictions(), (4, 5), "allowed jurisdictions need declaring"),
        ("vantage", Vantage(position="wan", country="DE"), (7,), "inbound and local traffic do not surely show at the vantage (wan)"),
        ("phases", (Phase(name="idle", start=0, end=10**9, user_active=False),), (1, 2, 3, 4, 5, 7), "phase idle is not covered"),
        ("product", Product(scope="app:x", home="SE"), (1, 2, 3, 4, 5, 7), "no flow of app:x was seen, and the declaration is of nothing else"),
    ],
)
def test_what_needs_declaring(words, declared, key, value, blocked, missing):
    found = words(declaration=declared("api.cams.example", **(ALL_GATES | {key: value})))
    assert {int(one.commitment[-1]) for one in found.values() if one.verdict == "inconclusive"} == {3, *blocked}
    assert tuple(int(one.commitment[-1]) for one in found.values() if one.commitment != "GDSI-6" and missing in one.missing) == blocked


def test_phases_within_the_capture_and_its_tolerance_are_covered(words, declared, flows_table):
    begin = int(flows_table(TABLE)["start"].iloc[0])
    phase = Phase(name="idle", start=begin - 29 * 10**9, end=begin + 3600 * 10**9, user_active=False)
    assert words(declaration=declared("api.cams.example", **ALL_GATES, phases=(phase,)))["GDSI-2"].verdict == "no contradiction observed"
    early = replace(phase, start=phase.start - 2 * 10**9)
    assert words(declaration=declared("api.cams.example", **ALL_GATES, phases=(early,)))["GDSI-2"].verdict == "inconclusive"


def test_the_shortest_observation_is_a_setting(words):
    assert words(coverage={"observed_s": 1800.0}, shortest_observation_h=0.5)["GDSI-2"].verdict == "no contradiction observed"


def test_bytes_to_classes_are_exempt_and_local_ones_have_no_place(words, declared):
    table = """
    remote            transport  service  name               name_source  up_bytes
    203.0.113.1:443   tcp        -        api.cams.example   tls-sni      1000
    203.0.113.9:123   udp        ntp      t.test             dns          9000
    192.168.1.9:80    tcp        -        -                  -            9000
    """
    stated = declared("api.cams.example", Destination(klass="time"), **ALL_GATES)
    found = words(declaration=stated, table=table)["GDSI-5"]
    assert (found.verdict, found.coverage["inside"], found.coverage["assessed_bytes"]) == ("no contradiction observed", 1.0, 1000)


def test_nothing_seen_is_inconclusive_for_all(device_traffic, traffic_of, declared):
    stated = declared("a.example", devices=(DeclaredDevice(name="lamp"),))
    found = verdicts(traffic_of(), stated, ())
    assert {(one.device, one.verdict) for one in found} == {("lamp", "inconclusive")} and len(found) == 7
    assert {(one.device, one.verdict) for one in verdicts(traffic_of(), NOTHING_DECLARED, ())} == {("", "inconclusive")}
    assert {one.verdict for one in verdicts(traffic_of(device_traffic("")), NOTHING_DECLARED, ())} == {"inconclusive"}


def test_words_that_are_not_ours_are_not_used(words):
    sentences = " ".join(one.sentence for one in (*words().values(), *words(finding()).values(), *words(coverage={"loss": 0.5}).values()))
    ours = sentences.replace("no illegal", "")
    assert not re.search(r"\b(transfer|export|adequate|unlawful|compliant|safe|violated)", ours)
    assert {one.verdict for one in words().values()} <= set(WORDS)


def test_both_numberings_and_both_wordings():
    whole = initiative()
    assert [one.id for one in whole.commitments] == [f"GDSI-{number}" for number in range(1, 8)]
    assert [point.point for one in whole.commitments for point in one.formal] == list(range(1, 9))
    assert [point.point for one in whole.commitments for point in one.formal if not point.checked] == [6, 8]
    assert {one.wording for one in whole.sources} == {"formal", "speech"}
