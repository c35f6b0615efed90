"""Connections that stay open."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors.persistent_channel import detect

NAMED = "remote name name_source duration_s\n203.0.113.9:443 api.cams.example tls-sni 4000"


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


def test_an_hour_is_the_limit(device_traffic):
    table = "remote duration_s\n203.0.113.9:443 3700\n[2001:db8:f::9]:443 4000\n203.0.113.8:443 3500"
    assert found(device_traffic(table)) == [("2001:db8:f::9", "low"), ("203.0.113.9", "low")]


def test_a_connection_that_outlives_a_silence(device_traffic):
    start = 1_790_000_000 * 10**9
    lines = [f"203.0.113.9:443 50000 {start + number * 1500 * 10**9} {16 * (5 * number + 1 - 5) if number else -1}" for number in range(4)]
    table = "\n".join(["remote flow start continues", *lines]).replace(" 50000 ", " - ")
    assert found(device_traffic(table)) == [("203.0.113.9", "low")]
    assert (
        found(device_traffic("\n".join(line.rsplit(" ", 1)[0] + " -1" if number else line for number, line in enumerate(table.splitlines())))) == []
    )


@pytest.mark.parametrize(
    ("item", "severity"),
    [
        (Destination(name="api.cams.example"), "low"),
        (Destination(name="api.cams.example", persistent=True), "info"),
        (Destination(name="api.cams.example", persistent=False), "medium"),
        (Destination(name="other.example"), "medium"),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, item, severity):
    (one,) = detect(device_traffic(NAMED), declared(item))
    assert (one.subject, one.severity) == ("cams.example", severity)
    assert [broken.field for broken in one.contradicts] == (["persistent"] if item.persistent is False else [])


@pytest.mark.parametrize(
    ("item", "nameable", "severity"),
    [
        (Destination(name="api.cams.example", persistent=True), "no", "info"),
        (Destination(name="api.cams.example", persistent=True, ports=((8883, 8883),)), "no", "low"),
        (Destination(name="api.cams.example"), "no", "low"),
        (Destination(name="api.cams.example", persistent=True), "yes", "medium"),
    ],
)
def test_a_connection_without_a_name_may_be_one_that_is_declared(device_traffic, declared, item, nameable, severity):
    (one,) = detect(device_traffic(f"remote duration_s nameable\n203.0.113.9:443 4000 {nameable}"), declared(item))
    assert (one.severity, one.contradicts) == (severity, ())


@pytest.mark.parametrize("cells", ["192.168.1.9:443 4000 - -", "203.0.113.9:443 4000 0 -", "203.0.113.9:123 4000 - ntp"])
def test_what_is_no_channel(device_traffic, cells):
    assert found(device_traffic(f"remote duration_s down_bytes service\n{cells}")) == []
