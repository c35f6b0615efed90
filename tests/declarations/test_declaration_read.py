"""Several declaration files become one."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import NOTHING_DECLARED, _read

VENDOR = """\
[product]
vendor = "Example Cameras"
[jurisdictions]
allowed = ["EFTA"]
[[destination]]
name = "a.example"
phases = ["interact"]
"""
TESTER = """\
[statement]
by = "tester"
[product]
vendor = "Example Cameras"
home = "SE"
[vantage]
country = "DE"
[jurisdictions]
denied = ["CH"]
[[destination]]
name = "b.example"
[[phase]]
name = "idle"
start = 2026-11-01T10:00:00Z
end = 2026-11-01T11:00:00Z
"""


@pytest.fixture
def files(tmp_path):
    def write(**texts):
        paths = [tmp_path / name.replace("_", ".") for name in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text)
        return paths

    return write


def test_without_files_nothing_is_declared():
    assert _read.read([]) == NOTHING_DECLARED and not _read.read([]).given


def test_tables_are_joined_and_keep_their_authors(files):
    declared = _read.read(files(vendor_toml=VENDOR, tester_toml=TESTER))
    assert [(item.name, item.source.by, item.source.file) for item in declared.destinations] == [
        ("a.example", "vendor", "vendor.toml"),
        ("b.example", "tester", "tester.toml"),
    ]
    assert [statement.by for statement in declared.statements] == ["vendor", "tester"] and declared.by_vendor
    assert (declared.product.vendor, declared.product.home) == ("Example Cameras", "SE")
    assert {key: source.file for key, source in declared.product.sources} == {"vendor": "vendor.toml", "home": "tester.toml"}
    stated = declared.jurisdictions
    assert stated.allowed == {"CH", "IS", "LI", "NO"} and stated.allowed_words == ("EFTA",) and stated.denied == {"CH"}


def test_data_are_generated_where_the_capture_was_taken_unless_said_otherwise(files):
    assert _read.read(files(tester_toml=TESTER)).jurisdictions.data_generated_in == "DE"
    assert _read.read(files(tester_toml=TESTER, v_toml='[jurisdictions]\ndata_generated_in = "SE"')).jurisdictions.data_generated_in == "SE"


@pytest.mark.parametrize(("offset_s", "start_s"), [("0.0", 1_793_527_200.0), ("-1.5", 1_793_527_198.5), ("3600", 1_793_530_800.0), ("-3e9", 0.0)])
def test_phases_are_moved_to_the_clock_of_the_capture(files, offset_s, start_s):
    stated = _read.read(files(tester_toml=TESTER.replace("[vantage]", f"[vantage]\nclock_offset_s = {offset_s}")))
    assert [phase.start for phase in stated.phases] == [round(start_s * 1e9)]


def test_a_phase_that_nobody_tested_is_noted(files):
    assert [note.kind for note in _read.read(files(vendor_toml=VENDOR)).notes] == []
    (note,) = _read.read(files(vendor_toml=VENDOR, tester_toml=TESTER)).notes
    assert note.kind == "phase_not_tested" and '"interact"' in note.text and note.source.line == 5
    (note,) = _read.read(files(vendor_toml=VENDOR, tester_toml=TESTER.replace('"idle"', '"interact-1"'))).notes
    assert note.text.endswith('which no [[phase]] covers; did you mean "interact-1"?')


def test_files_that_disagree_are_refused_with_both_lines(files):
    with pytest.raises(ValueError, match=r'^two\.toml:3: \[product\] "vendor" disagrees with vendor\.toml:2$'):
        _read.read(files(vendor_toml=VENDOR, two_toml='[product]\nmodel = "x"\nvendor = "Another"\n'))


BY_TESTER = '[statement]\nby = "tester"\n'


@pytest.mark.parametrize("order", [("vendor_toml", "tester_toml"), ("tester_toml", "vendor_toml")])
def test_what_both_say_the_vendor_says_whatever_the_order(files, order):
    texts = {
        "vendor_toml": '[jurisdictions]\nallowed = ["EFTA"]\n',
        "tester_toml": BY_TESTER + '[jurisdictions]\nallowed = ["CH", "IS", "LI", "NO"]\n',
    }
    stated = _read.read(files(**{name: texts[name] for name in order})).jurisdictions
    assert [(key, source.file, source.by) for key, source in stated.sources] == [("allowed", "vendor.toml", "vendor")]
    assert (stated.allowed_words, stated.words) == (("EFTA",), (("allowed", ("EFTA",)),))


def test_a_device_may_be_told_in_several_tables(files):
    vendor = '[[device]]\nname = "camera"\nmac = "02:00:00:00:00:50"\n[[device]]\nmac = "02:00:00:00:00:51"\n'
    tester = BY_TESTER + '[[device]]\nname = "camera"\nmac = ["02:00:00:00:00:50"]\naddresses = ["192.168.1.50"]\n'
    found = [(one.name, one.macs, one.addresses) for one in _read.read(files(vendor_toml=vendor, tester_toml=tester)).devices]
    assert found == [("camera", ("02:00:00:00:00:50",), ("192.168.1.50",)), ("02:00:00:00:00:51", ("02:00:00:00:00:51",), ())]


def test_a_mac_is_one_device_s(files):
    twice = '[[device]]\nname = "camera"\nmac = "02:00:00:00:00:50"\n[[device]]\nname = "lamp"\nmac = "02-00-00-00-00-50"\n'
    with pytest.raises(ValueError, match=r'^a\.toml:4: \[\[device\]\] "lamp" has the MAC 02:00:00:00:00:50 of "camera" \(a\.toml:1\)$'):
        _read.read(files(a_toml=twice))


def test_the_device_is_no_part_of_the_bench(files):
    device = '[[device]]\nname = "camera"\naddresses = ["2001:db8::50"]\n'
    bench = '[[bench]]\nrole = "companion"\naddress = "2001:DB8:0::50"\n'
    with pytest.raises(ValueError, match=r'^b\.toml:1: \[\[bench\]\] has the address 2001:db8::50 of \[\[device\]\] "camera" \(a\.toml:1\)$'):
        _read.read(files(a_toml=device, b_toml=bench))


def test_the_same_content_counts_once(files):
    assert len(_read.read(files(a_toml=VENDOR, b_toml=VENDOR)).destinations) == 1


def test_every_file_tells_its_own_problems(files, tmp_path):
    paths = [*files(a_toml="[x]", b_json="{"), tmp_path / "missing.toml", tmp_path]
    with pytest.raises(ValueError) as raised:
        _read.read(paths)
    told = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in told] == ["a.toml", "b.json", "missing.toml", tmp_path.name]
    assert "cannot be read" in told[2]


@pytest.mark.parametrize(
    ("name", "raw", "format"),
    [
        ("a.toml", b"", "toml"),
        ("a.json", b"{}", "json"),
        ("a.json", b'{"ietf-mud:mud": {}}', "mud"),
        ("a.mud", b"{", "mud"),
        ("a.json", b"[]", "json"),
        ("a", b"\xef\xbb\xbf {}", "json"),
        ("a", b"[product]", "toml"),
        ("a.txt", b'{"ietf-mud:mud": {}}', "mud"),
    ],
)
def test_the_format_is_told_by_suffix_and_content(tmp_path, name, raw, format):
    assert _read.format_of(tmp_path / name, raw).__name__ == f"gdsi_audit.declarations.{format}"
