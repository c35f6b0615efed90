"""The one document, and JSON as its faithful form."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import jsonschema
import pytest
from made_findings import finding

from gdsi_audit.declarations import Identifier
from gdsi_audit.jurisdictions import assessment
from gdsi_audit.matching.rules import VERDICTS
from gdsi_audit.reports import json as report
from gdsi_audit.reports._instant import iso
from gdsi_audit.reports._parties import GRAVEST_ASSESSMENT, GRAVEST_VERDICT
from gdsi_audit.reports._plain import plain

KEYS = ["captures", "devices", "endpoints", "findings", "verdicts", "gaps", "coverage", "databases", "settings", "version"]
FINDING_KEYS = {
    *("id", "detector", "severity", "confidence", "subject", "device", "commitments", "contradicts", "observation", "inference", "alternatives"),
    *("refuted_by", "measures", "first_seen", "last_seen", "count", "bytes", "evidence"),
}


@pytest.fixture(scope="module")
def schema(repository):
    read = json.loads((repository / "gdsi_audit/reports/schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(read)
    return jsonschema.Draft202012Validator(read)


def text_of(audit):
    return "".join(report.render(audit))


@pytest.fixture(scope="module")
def whole(made_audit):
    return json.loads(text_of(made_audit()))


def test_keys_are_the_designs(whole):
    assert list(whole) == KEYS
    assert set(whole["findings"][0]) == FINDING_KEYS
    assert set(whole["verdicts"][0]) >= {"device", "commitment", "verdict", "confidence", "coverage", "findings"}
    assert {"path", "sha256", "frame_count", "wire_bytes", "ledger"} <= set(whole["captures"][0])
    assert whole["captures"][0]["ledger"]["skipped"] == {"not_ip": 10}


@pytest.mark.parametrize("given", [{}, {"findings": ()}, {"stated": False}, {"findings": (finding(7),), "rename": {"tele.example": "ta\\x00le"}}])
def test_schema_holds(made_audit, schema, given):
    errors = [f"{error.json_path}: {error.message}" for error in schema.iter_errors(json.loads(text_of(made_audit(**given))))]
    assert errors == []


def test_schema_holds_without_devices(made_audit, schema):
    audit = made_audit(())
    empty = replace(audit, traffic=replace(audit.traffic, devices=(), captures=()), verdicts=())
    assert [error.message for error in schema.iter_errors(json.loads(text_of(empty)))] == []


def test_schema_refuses_a_finding_without_alternatives(whole, schema):
    changed = {**whole, "findings": [{**whole["findings"][0], "alternatives": []}]}
    assert not schema.is_valid(changed)
    assert not schema.is_valid({**whole, "extra": 1})


def test_evidence_has_ranges_and_filter(whole):
    evidence = whole["findings"][0]["evidence"][0]
    assert evidence["frames"] == [{"capture": "ab" * 32, "ranges": [[1, 4], [10, 10]]}]
    assert (evidence["display_filter"], evidence["filter_kind"], evidence["frame_count"]) == ("frame.number == 1", "exact", 5)


def test_destinations_say_who_where_how_much_and_whether_declared(whole):
    rows = {row["destination"]: row for row in whole["devices"][0]["destinations"]}
    shown = {name: (row["places"], row["up_bytes"], row["match"], row["assessment"], row["services"]) for name, row in rows.items()}
    assert shown["api.cams.example"] == (["DE"], 150_000, "declared", "inside", ["tcp/443 tls"])
    assert shown["cdn.other.example"] == (["US"], 9000, "undeclared", "outside", ["tcp/443 tls"])
    assert shown["tele.example"][0::3] == (["contested"], "contested")
    assert shown["edge.example"][0::3] == (["multi-location"], "multi-location")
    assert shown["192.168.1.9"][4] == ["listens tcp/49162"]
    assert rows["api.cams.example"]["addresses"] == ["203.0.113.10", "203.0.113.11"]


def test_bytes_by_jurisdiction_add_up(whole):
    device = whole["devices"][0]
    for part in ("jurisdictions", "operators", "destinations", "activity"):
        assert sum(row["up_bytes"] for row in device[part]) == device["up_bytes"] == 168_248
    places = {row["jurisdiction"] for row in device["jurisdictions"]}
    assert places == {"DE", "US", "SG", "SE", "NL", "unknown", "contested", "multi-location", "local"}


def test_declared_items_say_what_became_of_them(whole):
    items = {row["item"]: (row["state"], row["flows"], row["findings"]) for row in whole["devices"][0]["declared_items"]}
    assert items["*.cams.example"] == ("contradicted", 2, [whole["findings"][0]["id"]])
    assert items["never.example"] == ("not observed", 0, [])
    assert items["class time"][0] == "observed"


def test_databases_age_to_the_capture(whole):
    assert whole["databases"][0]["age_days"] == 112  # from 2026-06-01 to 2026-09-21


def test_limits_come_with_it(whole):
    assert any("no back door" in sentence for sentence in whole["coverage"]["limits"])


def test_not_a_number_is_null(whole):
    assert next(one for one in whole["findings"] if one["severity"] == "low")["measures"] == {"ratio": None}


def test_same_audit_same_bytes(made_audit):
    assert text_of(made_audit()) == text_of(made_audit())


def test_words_are_those_of_their_stages():
    assert set(GRAVEST_VERDICT) == set(VERDICTS)
    assert set(GRAVEST_ASSESSMENT) == set(assessment.WORDS)


def test_identifier_values_never_show(made_audit, declared):
    audit = made_audit()
    secret = replace(audit.declaration, identifiers=(Identifier(id="imei", kind="imei", value="490154203237518"),))
    assert "490154203237518" not in text_of(replace(audit, declaration=secret))


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.500Z"),
        (1_000_001_000, "1970-01-01T00:00:01.000001Z"),
        (1_000_000_001, "1970-01-01T00:00:01.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1 << 100, None),
    ],
)
def test_instants(instant, text):
    assert iso(instant) == text


def test_plain_values():
    given = {"a": (1, {"b", "a"}), "b": float("inf"), "c": "x\x1b", "d": "\ud800"}
    assert plain(given) == {"a": [1, ["a", "b"]], "b": None, "c": "x\\x1b", "d": "\\xed\\xa0\\x80"}


def test_import_is_light():
    code = "import sys, gdsi_audit.reports.json; print([name for name in ('rich', 'jinja2') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_many_endpoints_are_quick(made_audit):
    rows = "\n".join(f"203.0.{number // 250}.{number % 250}:443 host{number}.example tls-sni tls 10 10 -" for number in range(500))
    audit = made_audit((), flows=f"remote name name_source service up_bytes down_bytes device_is_originator\n{rows}")
    begun = time.process_time()
    assert len(json.loads(text_of(audit))["endpoints"]) == 500
    assert time.process_time() - begun < 1.5  # several times what it takes, for the sake of loaded machines
