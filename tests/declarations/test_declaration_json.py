"""Declarations in JSON: the same as in TOML."""

from __future__ import annotations

import json as standard
import tomllib
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdsi_audit.declarations import Source, Statement, json, toml
from gdsi_audit.declarations._fields import TABLES

TOML = """\
[statement]
date = 2026-10-01
[jurisdictions]
allowed = ["EU", "CH"]
[[destination]]
name = "*.cams.example"
ports = [443, "1-2"]
period_s = 60
[[phase]]
name = "idle"
start = 2026-11-01T10:00:00.25+02:00
end = 2026-11-01T11:00:00Z
"""


def as_json(value: object) -> str:
    return standard.dumps(value, default=lambda item: item.isoformat() if isinstance(item, date | datetime) else str(item), indent=1)


def without_sources(value: object) -> object:
    if isinstance(value, tuple):
        return [without_sources(item) for item in value if not isinstance(item, Source)]
    if isinstance(value, Statement):
        return value.by, value.date
    if is_dataclass(value) and not isinstance(value, Source):
        return {field.name: without_sources(getattr(value, field.name)) for field in fields(value) if field.name not in ("source", "sources")}
    return value


def test_json_of_the_same_shape_is_the_same_declaration():
    in_json = json.read(Path("camera.json"), as_json(tomllib.loads(TOML)).encode())
    assert without_sources(in_json) == without_sources(toml.read(Path("camera.toml"), TOML.encode()))
    assert in_json.destinations[0].source == Source("camera.json", 12, "vendor")


WRONG = [
    ('{"destination": [\n{"name": "a.example",\n"prots": []}]}', 'camera.json:3: [[destination]] has no key "prots"; did you mean "ports"?'),
    (
        '{"destination": [\n{"name": "a.example",\n"ports": [1,\n null]}]}',
        'camera.json:4: [[destination]] "ports" must be a whole number, not nothing',
    ),
    ('{"product": {},\n"product": {}}', "camera.json:2: not JSON: the key 'product' is given twice"),
    ('{"phase": [{"name": "x", "start": "2026-11-01T10:00:00", "end": "2026-11-01T10:00:00Z"}]}', "is a local time"),
    ('{"phase": [{"name": "x", "start": "2026-11-01T23:59:60Z", "end": "2026-11-01T10:00:00Z"}]}', "is a date-time that cannot be"),
    ('{"phase": [{"name": "x", "start": 1793527200, "end": "2026-11-01T10:00:00Z"}]}', '"start" must be a date-time with its offset'),
    ('{"statement": {"date": "1.10.2026"}}', '"date" must be a date such as 2026-10-01'),
    ("[]", "camera.json:1: a declaration is a table of tables, not a list"),
    ('{"product": {"vendor": "\\ud800"}}', "half a surrogate"),
    ("{" * 3, "camera.json:1: not JSON: a key in quotes is missing"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_what_is_wrong_is_named_with_file_and_line(text, message):
    with pytest.raises(ValueError) as raised:
        json.read(Path("camera.json"), text.encode())
    assert message in str(raised.value)


scalars = st.sampled_from(["", "x", "*.cams.example", "10.0.0.0/8", "EU", "tcp", "2026-11-01T10:00:00Z", 0, 1, 443, -1, 0.5, 1e308, True, None])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
keys = st.sampled_from(sorted({key for table in TABLES.values() for key in table.keys} | {"x", "\ud800", "\n"}))
tables = st.dictionaries(keys, values, max_size=6)
documents = st.dictionaries(st.sampled_from([*TABLES, "x"]), st.one_of(tables, st.lists(tables, max_size=2), values), max_size=4)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_any_document_is_a_declaration_or_a_value_error(document):
    try:
        assert json.read(Path("x"), standard.dumps(document).encode()).given
    except ValueError as error:
        assert all(line.startswith("x:") for line in str(error).splitlines())
