"""Lists of what is known to be bad, in every format."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit import discover
from gdsi_audit.indicators import KINDS, Listed, csv, hosts, misp, stix, text
from gdsi_audit.indicators._read import read
from gdsi_audit.indicators._values import entry, instant

FORMATS = discover.modules("gdsi_audit.indicators")


def pairs(listed: Listed) -> list[tuple[str, str, int]]:
    return [(one.kind, one.value, one.line) for one in listed.entries]


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("Evil.Example.", "name", "evil.example"),
        ("evil[.]example", "name", "evil.example"),
        ("*.evil.example", "name", "*.evil.example"),
        (".evil.example", "name", "*.evil.example"),
        ("bücher.example", "name", "xn--bcher-kva.example"),
        ("203.0.113.9", "address", "203.0.113.9"),
        ("203[.]0[.]113[.]9", "address", "203.0.113.9"),
        ("2001:DB8:0::9", "address", "2001:db8::9"),
        ("203.0.113.77/24", "prefix", "203.0.113.0/24"),
        ("hxxps://Evil[.]example:443/a?b=1#c", "url", "https://evil.example/a?b=1"),
        ("http://[2001:db8::1]:8080", "url", "http://[2001:db8::1]:8080/"),
    ],
)
def test_what_somebody_wrote_becomes_canonical(written, kind, value):
    assert entry(written, 1)[:2] == (kind, value)


@pytest.mark.parametrize(
    "written", ["", "com", "co.uk", "*.github.io", "0.0.0.0/0", "::/0", "ftp://a.example/", "a b", "1.2.3", "x" * 3000, "a..b", "http://"]
)
def test_what_is_no_indicator(written):
    with pytest.raises(ValueError, match=r"."):
        entry(written, 1)


def test_below_a_listed_name():
    assert entry("evil.example", 1).below
    assert not entry("tenant.github.io", 1).below or entry("tenant.github.io", 1).value == "tenant.github.io"
    assert not entry("github.io", 1).below


def test_a_plain_list():
    listed = text.read(b"# comment\nevil.example\n\n203.0.113.0/32 # one\nno indicator at all\n2001:db8::/32\n")
    assert pairs(listed) == [("name", "evil.example", 2), ("address", "203.0.113.0", 4), ("prefix", "2001:db8::/32", 6)]
    assert len(listed.left_out) == 1 and listed.left_out[0].startswith("line 5: ")


def test_a_hosts_file():
    listed = hosts.read(b"127.0.0.1 localhost\n0.0.0.0 evil.example www.evil.example # both\n::1 ip6-localhost\n")
    assert pairs(listed) == [("name", "evil.example", 2), ("name", "www.evil.example", 2)]
    assert not listed.entries[0].below
    with pytest.raises(ValueError, match=r"line 1: '10\.0\.0\.1'"):
        hosts.read(b"10.0.0.1 nas.example\n")


def test_a_table():
    raw = b'# by somebody\ntype,indicator,description\ndomain,evil.example,"a botnet, at home"\nip,203.0.113.0/24,\nip:port,203.0.113.7:443,c2\n'
    raw += b"file,abc.exe,x\nja3," + b"A" * 32 + b",x\n"
    listed = csv.read(raw)
    assert pairs(listed) == [
        ("name", "evil.example", 3),
        ("prefix", "203.0.113.0/24", 4),
        ("address", "203.0.113.7", 5),
        ("ja3", "a" * 32, 7),
    ]
    assert listed.entries[0].label == "a botnet, at home"
    assert listed.left_out == ("line 6: type 'file' is not seen in traffic here",)


@pytest.mark.parametrize(
    "raw", [b"evil.example,today\n203.0.113.7,x\n", b"dst_ip,dst_port\n203.0.113.7,443\n", b"# first_seen,dst_ip\n2026,203.0.113.7\n"]
)
def test_a_table_with_few_words(raw):
    assert ("address", "203.0.113.7") in [one[:2] for one in csv.read(raw).entries]


def test_a_row_without_its_first_cell_is_read_and_one_without_a_value_is_counted():
    listed = csv.read(b"seen_by,domain\n,evil.example\n198.51.100.1,\n,\n")
    assert [one.value for one in listed.entries] == ["evil.example"]
    assert len(listed.left_out) == 1


def test_misp():
    attributes = [
        {"type": "domain|ip", "value": "evil.example|203.0.113.9", "to_ids": True, "comment": "c2"},
        {"type": "hostname", "value": "www.evil.example", "to_ids": True},
        {"type": "ip-dst|port", "value": "203.0.113.8|443", "to_ids": "1"},
        {"type": "ip-dst", "value": "203.0.113.0/24", "to_ids": True},
        {"type": "domain", "value": "context.example", "to_ids": False},
        {"type": "md5", "value": "0" * 32, "to_ids": True},
        {"type": "x509-fingerprint-sha1", "value": "AB" * 20, "to_ids": True},
    ]
    event = {"Event": {"info": "x", "Attribute": attributes[:5], "Object": [{"name": "file", "Attribute": attributes[5:]}]}}
    raw = json.dumps({"response": [event]}, indent=1).encode()
    listed = misp.read(raw)
    assert [one[:2] for one in listed.entries] == [
        ("name", "evil.example"),
        ("address", "203.0.113.9"),
        ("name", "www.evil.example"),
        ("address", "203.0.113.8"),
        ("prefix", "203.0.113.0/24"),
        ("certificate-sha1", "ab" * 20),
    ]
    assert [one.below for one in listed.entries[:3]] == [True, False, False]
    assert listed.entries[0].line == 1 + raw[: raw.index(b"evil.example|")].count(b"\n") and listed.entries[0].label == "c2"
    assert len(listed.left_out) == 1 and "'md5'" in listed.left_out[0]


def bundle(*patterns: str, **more: object) -> bytes:
    made = [
        {"type": "indicator", "id": f"indicator--{number}", "pattern_type": "stix", "pattern": one, **more} for number, one in enumerate(patterns)
    ]
    return json.dumps({"type": "bundle", "objects": [{"type": "malware", "name": "x"}, *made]}, indent=1).encode()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[domain-name:value = 'evil.example']", [("name", "evil.example")]),
        ("[ipv4-addr:value = '203.0.113.9' OR ipv6-addr:value='2001:db8::9']", [("address", "203.0.113.9"), ("address", "2001:db8::9")]),
        ("[ipv4-addr:value ISSUBSET '203.0.113.0/24']", [("prefix", "203.0.113.0/24")]),
        ("[ipv4-addr:value = '203.0.113.9/32']", [("address", "203.0.113.9")]),
        ("[domain-name:value IN ('a.example', 'b.example')]", [("name", "a.example"), ("name", "b.example")]),
        (
            "[url:value = 'http://evil.example/a\\'b'] OR [domain-name:value = 'b.example']",
            [("url", "http://evil.example/a'b"), ("name", "b.example")],
        ),
        (f"[x509-certificate:hashes.'SHA-256' = '{'A' * 64}']", [("certificate-sha256", "a" * 64)]),
    ],
)
def test_stix_patterns(pattern, expected):
    listed = stix.read(bundle(pattern))
    assert [one[:2] for one in listed.entries] == expected and listed.left_out == ()
    assert listed.entries[0].line > 1


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "[domain-name:value = 'a.example'",
        "domain-name:value = 'a.example'",
        "[domain-name:value = 'a.example' AND ipv4-addr:value = '203.0.113.9']",
        "[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']",
        "[domain-name:value = 'a.example'] WITHIN 5 SECONDS",
        "[domain-name:value LIKE '%.example']",
        "[domain-name:value != 'a.example']",
        "[NOT domain-name:value = 'a.example']",
        "[file:hashes.MD5 = '00000000000000000000000000000000']",
        "[domain-name:value ISSUBSET 'a.example']",
        "[domain-name:value = 'com']",
        "[domain-name:value = 'a.example' OR file:name = 'x']",
    ],
)
def test_other_patterns_are_left_out_whole_and_named(pattern):
    listed = stix.read(bundle(pattern, "[domain-name:value = 'good.example']"))
    assert [one.value for one in listed.entries] == ["good.example"]
    assert len(listed.left_out) == 1 and "indicator--0" in listed.left_out[0]


def test_times_and_withdrawal():
    (one,) = stix.read(bundle("[domain-name:value = 'a.example']", valid_from="2026-01-01T00:00:00Z", valid_until="2026-02-01T00:00:00.5Z")).entries
    assert (one.since, one.until) == (1_767_225_600 * 10**9, 1_769_904_000 * 10**9 + 500_000_000)
    assert stix.read(bundle("[domain-name:value = 'a.example']", revoked=True)).entries == ()
    assert instant("yesterday") is None
    assert "'yara'" in stix.read(bundle("rule x {}", pattern_type="yara")).left_out[0]


def test_files_are_known_by_their_content(tmp_path):
    files = {
        "bad.txt": b"evil.example\n",
        "hosts.txt": b"0.0.0.0 evil.example\n",
        "bad": b"evil.example\n",
        "bad.csv": b"domain,note\nevil.example,x\n",
        "stix.json": bundle("[domain-name:value = 'evil.example']"),
        "misp.json": b'{"Event": {"Attribute": [{"type": "domain", "value": "evil.example", "to_ids": true}]}}',
    }
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    imported = read([tmp_path / name for name in files])
    assert [[one.value for one in each.indicators] for each in imported] == [["evil.example"]] * len(files)
    assert all(len(each.sha256) == 64 and each.indicators[0].file == each.file for each in imported)
    assert "bad.txt (SHA-256 " in imported[0].summary() and imported[0].summary().endswith(": 1 indicators")


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("a.json", b"{", "line 1"),
        ("a.json", b'{"type": "bundle", "objects": []}', "holds no indicator"),
        ("a.txt", b"com\n", "whole public suffix"),
        ("a.txt", b"\xff\xfe\xff\xfe", "UTF-8"),
        ("a.bin", b"\xff\xfe\xff\xfe", "no known format"),
    ],
)
def test_what_cannot_be_used_is_said_loudly(tmp_path, name, raw, says):
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ValueError, match=says) as error:
        read([tmp_path / name])
    assert str(error.value).startswith(f"{name}: ")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"none\.txt: cannot be read"):
        read([tmp_path / "none.txt"])


PIECES = st.lists(
    st.sampled_from(
        [
            "evil.example",
            "203.0.113.9",
            "::/0",
            "[",
            "]",
            "'",
            '"',
            "=",
            ",",
            "\n",
            "{",
            "}",
            " OR ",
            "domain-name:value",
            '"type"',
            ":",
            "\\",
            "#",
            "0.0.0.0 ",
        ]
    )
    | st.text(max_size=6)
)


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.__name__.rpartition(".")[2])
@settings(max_examples=150)
@given(pieces=PIECES, raw=st.binary(max_size=40))
def test_any_bytes_give_indicators_or_value_error(module, pieces, raw):
    for data in ("".join(pieces).encode("utf-8", "replace"), raw):
        assert module.claims(data) in (True, False)
        try:
            listed = module.read(data)
        except ValueError as error:
            assert "line" in str(error) or "byte" in str(error)
            continue
        assert all(one.kind in KINDS and one.value and one.line >= 1 for one in listed.entries)


@settings(max_examples=150)
@given(st.lists(PIECES.map("".join), max_size=4), st.booleans())
def test_any_pattern_and_attribute_in_well_formed_json(texts, wrapped):
    attributes = [{"type": "domain", "value": one, "to_ids": True} for one in texts]
    misp_raw = json.dumps({"Event": {"Attribute": attributes}} if wrapped else attributes).encode()
    for listed in (stix.read(bundle(*texts)), misp.read(misp_raw)):
        assert len(listed.entries) + len(listed.left_out) >= 0
        assert all(one.kind in KINDS for one in listed.entries)


names_below = st.from_regex(r"[a-z][a-z0-9]{2,8}\.[a-z]{3,8}\.example", fullmatch=True)


@settings(max_examples=60)
@given(st.lists(names_below, min_size=1, max_size=6, unique=True))
def test_every_format_reads_the_same_names(listed):
    written = {
        text: "\n".join(listed).encode(),
        hosts: "\n".join(f"0.0.0.0 {name}" for name in listed).encode(),
        csv: "\n".join(["domain,comment", *(f"{name},x" for name in listed)]).encode(),
        stix: bundle(" OR ".join(f"[domain-name:value = '{name}']" for name in listed)),
        misp: json.dumps({"Attribute": [{"type": "domain", "value": name, "to_ids": True} for name in listed]}).encode(),
    }
    for module, raw in written.items():
        assert module.claims(raw)
        assert [one.value for one in module.read(raw).entries] == listed
