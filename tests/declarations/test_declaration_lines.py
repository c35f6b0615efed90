"""Lines of TOML keys and JSON keys."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.declarations._json_lines import located
from gdsi_audit.declarations._lines import nearest_line, toml_lines

TOML = '''# comment with [brackets] and "quotes
top = "a"
"quoted.key" = 'it''s' # not TOML: replaced below
[table] # comment
text = """
[not.a.table]
key = 1 \\"""
still"""
literal = \'\'\'
[[nor.this]]\'\'\'
after = 1

[[items]]
list = [ # comment ]
  1,
  "],}",
  [2,
   3],
]
inline = { a = 1, b = { c = [
   4, 5] } }
dotted.key.here = 2026-01-01T00:00:00Z
[[items]]
[items.sub]
deep = true
[[items.rows]]
x = 1
[[items.rows]]
"y\\u0041" = 2
'''.replace("'it''s' # not TOML: replaced below", "'its'")


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ((), 1),
        (("top",), 2),
        (("quoted.key",), 3),
        (("table",), 4),
        (("table", "text"), 5),
        (("table", "literal"), 9),
        (("table", "after"), 11),
        (("items", 0), 13),
        (("items", 0, "list"), 14),
        (("items", 0, "list", 0), 15),
        (("items", 0, "list", 1), 16),
        (("items", 0, "list", 2), 17),
        (("items", 0, "list", 2, 1), 18),
        (("items", 0, "inline"), 20),
        (("items", 0, "inline", "b", "c", 1), 21),
        (("items", 0, "dotted", "key", "here"), 22),
        (("items", 1), 23),
        (("items", 1, "sub", "deep"), 25),
        (("items", 1, "rows", 0, "x"), 27),
        (("items", 1, "rows", 1, "yA"), 29),
    ],
)
def test_toml_keys_have_their_lines(where, line):
    assert toml_lines(TOML)[where] == line


def every_place(value, where=()):
    yield where
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from every_place(item, (*where, key))


def test_every_place_of_the_document_has_a_line():
    assert set(every_place(tomllib.loads(TOML))) == set(toml_lines(TOML))


def test_what_has_no_line_takes_that_of_what_is_around_it():
    assert nearest_line({(): 1, ("a",): 5}, ("a", 3, "b")) == 5
    assert nearest_line({}, ("a",)) == 1


@pytest.mark.parametrize("text", ["a = " + "[" * 100 + "]" * 100, ".".join("a" * 100) + " = 1", "[" + ".".join("a" * 100) + "]"])
def test_deep_toml_is_refused(text):
    with pytest.raises(ValueError, match="64"):
        toml_lines(text)


JSON = '{\n "a": [1,\n  {"b": null}],\n\n "c": {\n  "d": "\\u00e9"}, "e": -1.5e3}'


def test_json_values_and_lines():
    value, lines = located(JSON)
    assert value == {"a": [1, {"b": None}], "c": {"d": "é"}, "e": -1500.0}
    assert lines == {(): 1, ("a",): 2, ("a", 0): 2, ("a", 1): 3, ("a", 1, "b"): 3, ("c",): 5, ("c", "d"): 6, ("e",): 6}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: a value is missing"),
        ('{"a": 1,\n"a": 2}', "line 2: the key 'a' is given twice"),
        ('{"a": 1,}', "a key in quotes is missing"),
        ("[1 2]", '"," is missing'),
        ("[1,", "a value is missing"),
        ("[1,]", 'line 1: "]" begins no value'),
        ('"\\ud800"', "half a surrogate"),
        ('"tab\t"', "line 1: "),
        ("01", "something follows"),
        ("NaN", '"NaN" begins no value'),
        ("nullx", "something follows"),
        ("[" * 100, "nested deeper"),
        ('{"a":' * 100_000, "nested deeper"),
        ("1" * 5000, "a number has more than 400 characters"),
        ("\n\n{1: 2}", "line 3: a key in quotes"),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text, why):
    with pytest.raises(ValueError, match=why):
        located(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_json_reads_as_the_standard_library_does(value):
    import json

    text = json.dumps(value, indent=1)
    found, lines = located(text)
    assert found == json.loads(text) and set(lines) == set(every_place(found))


@given(st.text(alphabet='{}[]",:\\ \n0123456789.eE+-truefalsn', max_size=60))
def test_json_accepts_exactly_what_the_standard_library_accepts_strictly(text):
    import json

    def twice(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        expected = json.loads(text, object_pairs_hook=twice)
    except ValueError:
        with pytest.raises(ValueError):
            located(text)
    else:
        assert located(text)[0] == expected
