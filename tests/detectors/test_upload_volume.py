"""Bytes in bulk: against declared limits, and to parties of whom none is stated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captures._device import begun, found, uploads
from captures._home import behind_router
from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors import _windows
from gdsi_audit.detectors.upload_volume import detect

START, HOUR = 1_790_000_000 * 10**9, 3600 * 10**9
NAMED = "api.cams.example tls-sni"
SERVER = behind_router("116.202.1.1", "2a01:4f8:1::1")
STATED = """
[statement]
by = "vendor"
[[device]]
name = "camera"
mac = "02:00:00:00:00:50"
[[destination]]
name = "*.vendor.example"
{}
[[destination]]
class = "resolver"
[[destination]]
class = "dhcp"
"""


def table(*rows: tuple[float, float, int, int], remote: str = "203.0.113.9:443", name: str = NAMED) -> str:
    """Flows from (hour of start, hours long, bytes up, bytes down)."""
    head = "remote name name_source start duration_s up_bytes down_bytes"
    lines = [f"{remote} {name} {START + int(at * HOUR)} {int(hours * 3600)} {up} {down}" for at, hours, up, down in rows]
    return "\n".join([head, *lines])


def seen(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity, [broken.field for broken in one.contradicts]) for one in detect(traffic, declaration)]


@pytest.mark.parametrize(
    ("why", "item", "nameable", "severity"),
    [
        ("an item for uploads", Destination(name="a.example", direction="upload"), "no", "info"),
        ("an item that says nothing of volume", Destination(name="a.example"), "no", "low"),
        ("a name could be seen", Destination(name="a.example", direction="upload"), "yes", "medium"),
    ],
)
def test_an_upload_whose_name_could_not_be_seen_may_be_the_declared_one(device_traffic, declared, why, item, nameable, severity):
    rows = f"remote up_bytes down_bytes nameable\n203.0.113.9:443 9000000 4000 {nameable}"
    assert seen(device_traffic(rows), declared(item)) == [("203.0.113.9", severity, [])], why


LIMITED = Destination(name="api.cams.example", max_upload_bytes_per_day=1000)
BROKEN = [("api.cams.example: upload", "medium", ["max_upload_bytes_per_day"])]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 0, 1000, 0)], []),
        ([(0, 0, 1001, 0)], BROKEN),
        ([(0, 0, 600, 0), (23.9, 0, 600, 0)], BROKEN),
        ([(0, 0, 600, 0), (24.1, 0, 600, 0)], []),
        ([(0, 20, 600, 0), (12, 20, 600, 0)], []),  # no window surely holds both
        ([(0, 48, 2000, 0)], []),
        ([(0, 48, 2002, 0)], BROKEN),  # one of its two days holds more than half
    ],
)
def test_a_ceiling_holds_in_any_24_hours(device_traffic, declared, rows, expected):
    assert seen(device_traffic(table(*rows)), declared(LIMITED)) == expected


def test_all_addresses_of_the_item_count_together(device_traffic, declared):
    both = table((0, 0, 600, 0)) + "\n" + table((1, 0, 600, 0), remote="[2001:db8:f::9]:443").splitlines()[1]
    (one,) = detect(device_traffic(both), declared(LIMITED))
    assert one.measures["in_24_h_bytes"] == 1200
    assert one.contradicts[0].line == 10 and one.confidence == "high"


def test_bytes_that_were_not_captured_do_not_count(device_traffic, declared):
    flows = table((0, 0, 1500, 0)).splitlines()
    assert seen(device_traffic(f"{flows[0]} missed_bytes\n{flows[1]} 600"), declared(LIMITED)) == []


def test_a_weak_name_contradicts_nothing(device_traffic, declared):
    assert seen(device_traffic(table((0, 0, 1500, 0), name="api.cams.example dns-later")), declared(LIMITED)) == [
        ("api.cams.example: upload", "low", [])
    ]


@pytest.mark.parametrize(
    ("direction", "up", "down", "expected"),
    [
        ("download", 256_000, 0, []),
        ("download", 256_001, 0, [("api.cams.example: upload", "medium", ["direction"])]),
        ("download", 300_000, 2_800_000, []),
        ("download", 300_000, 2_600_000, [("api.cams.example: upload", "medium", ["direction"])]),
        ("upload", 2_600_000, 300_000, [("api.cams.example: download", "medium", ["direction"])]),
        ("upload", 4_000_000, 300_000, []),
        ("both", 4_000_000, 3_000_000, []),
        ("both", 4_000_000, 0, []),
    ],
)
def test_bulk_goes_the_declared_way(device_traffic, declared, direction, up, down, expected):
    item = Destination(name="api.cams.example", direction=direction)
    assert seen(device_traffic(table((0, 0, up, down))), declared(item)) == expected


def test_a_bulk_download_speaks_of_code_and_not_of_personal_data(device_traffic, declared):
    (one,) = detect(device_traffic(table((0, 0, 0, 3_000_000))), declared(Destination(name="api.cams.example", direction="upload")))
    assert one.commitments == ("GDSI-1",) and "fetched 3,000,000 payload bytes" in one.observation


def test_ceiling_and_direction_broken_by_the_same_bytes_are_one_finding(device_traffic, declared):
    item = Destination(name="api.cams.example", direction="download", max_upload_bytes_per_day=1000)
    assert seen(device_traffic(table((0, 0, 300_000, 0))), declared(item)) == [
        ("api.cams.example: upload", "medium", ["max_upload_bytes_per_day", "direction"])
    ]


@pytest.mark.parametrize(
    ("item", "severity"),
    [
        (Destination(name="other.example"), ["medium"]),
        (Destination(name="api.cams.example"), ["low"]),
        (Destination(name="api.cams.example", data=("telemetry",)), ["low"]),
        (Destination(name="api.cams.example", data=("video clips",)), []),
        (Destination(name="api.cams.example", direction="upload"), []),
        (Destination(name="api.cams.example", direction="both"), []),
        (Destination(name="api.cams.example", max_upload_bytes_per_day=5_000_000), []),
    ],
)
def test_bulk_of_which_nothing_is_stated(device_traffic, declared, item, severity):
    traffic = device_traffic(table((0, 0, 4_000_000, 1000)))
    assert [one.severity for one in detect(traffic, declared(item))] == severity


def test_without_a_declaration_bulk_is_low(device_traffic):
    assert seen(device_traffic(table((0, 0, 4_000_000, 1000)))) == [("cams.example", "low", [])]
    assert seen(device_traffic(table(*[(hour, 0, 110_000, 900) for hour in range(20)]))) == [("cams.example", "low", [])]


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 4_000_000, 1_000_000)],
        [(0, 0, 1_990_000, 0)],
        [(0, 0, 250_000, 0)],
        [(0, 0, 200_000, 0), (30, 0, 200_000, 0)],
        [(0, 0, 900, 9_000_000)],
    ],
)
def test_what_is_no_lopsided_bulk(device_traffic, rows):
    assert seen(device_traffic(table(*rows))) == []


def test_the_local_network_is_another_matter(device_traffic):
    assert seen(device_traffic(table((0, 0, 4_000_000, 0), remote="192.168.1.9:443"))) == []


def test_an_upload_of_which_only_one_direction_was_captured(device_traffic, declared):
    lines = table((0, 0, 4_000_000, 0)).splitlines()
    (one,) = detect(device_traffic(f"{lines[0]} down_pkts\n{lines[1]} 0"), declared("other.example"))
    assert (one.severity, one.confidence) == ("low", "low")


@pytest.mark.parametrize("twin", ["", "_v6"])
def test_the_captures(repository, twin):
    folder = repository / "captures" / "detectors"
    reported, benign = (audit(folder / f"upload_volume{kind}{twin}.pcap", folder / "upload_volume.toml") for kind in ("", "_benign"))
    (one,) = [found for found in reported.findings if found.detector == "upload_volume"]
    assert (one.subject, one.severity, one.count) == ("relay.cams.example: upload", "medium", 4)
    assert 100_000 < one.measures["in_24_h_bytes"] < 110_000
    assert [found for found in benign.findings if found.severity != "info"] == []
    assert [verdict.verdict for verdict in reported.verdicts if verdict.commitment == "GDSI-3"] == ["contradicted"]


@pytest.mark.parametrize("ip_version", [4, 6])
def test_four_megabytes_to_an_allowed_host(tmp_path, ip_version):
    """Case 02: the wire is the same, the declaration is not."""
    capture = begun(ip_version, "case 02")
    found(capture, 1.0, SERVER, "api.vendor.example")
    uploads(capture, 2.0, SERVER, 4_000_000, "api.vendor.example")
    (tmp_path / "case.pcap").write_bytes(capture.pcap())
    (tmp_path / "silent.toml").write_text(STATED.format(""))
    (tmp_path / "honest.toml").write_text(STATED.format('direction = "upload"\nmax_upload_bytes_per_day = 8_000_000'))
    (one,) = [found for found in audit(tmp_path / "case.pcap", tmp_path / "silent.toml").findings if found.detector == "upload_volume"]
    assert (one.severity, one.subject) == ("low", "*.vendor.example")
    assert [found for found in audit(tmp_path / "case.pcap", tmp_path / "honest.toml").findings if found.severity != "info"] == []


times = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 90), st.integers(0, 50)), min_size=1, max_size=12)


@given(times, st.integers(1, 60))
def test_windows_hold_what_lies_in_them(flows, window):
    starts, lengths, sizes = (np.array(column, np.int64) for column in zip(*flows, strict=True))
    ends = starts + lengths
    sums, ceilings = _windows.contained(starts, ends, sizes, window), _windows.touching(starts, ends, sizes, window)
    for start, low, high in zip(starts, sums, ceilings, strict=True):
        assert low == sizes[(starts >= start) & (ends <= start + window)].sum()
        assert high == sizes[(starts <= start + window) & (ends >= start)].sum()
    best = _windows.most(starts, ends, sizes, window)
    assert best.moved_bytes >= sums.max() and best.moved_bytes <= sizes.sum()
