"""Uploads while nobody uses the device, or without consent."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Declaration, Destination, Phase
from gdsi_audit.detectors import _quiet_times
from gdsi_audit.detectors.idle_upload import detect
from gdsi_audit.protocols import Message

START, SECOND = 1_790_000_000 * 10**9, 10**9
NAMED = "api.cams.example tls-sni"


def phase(name: str, first_s: int, last_s: int, **given) -> Phase:
    return Phase(name=name, start=START + first_s * SECOND, end=START + last_s * SECOND, **{"user_active": name != "idle", **given})


USED, IDLE = phase("interact", 0, 600), phase("idle", 600, 4200)


def table(*rows: tuple[int, int, int], service: str = "tls", remote: str = "203.0.113.9:443", **more: object) -> str:
    """Flows from (second of start, seconds long, bytes up)."""
    head = " ".join(["remote name name_source service start duration_s up_bytes", *more])
    end = " ".join(str(value) for value in more.values())
    return "\n".join([head, *(f"{remote} {NAMED} {service} {START + at * SECOND} {long} {up} {end}" for at, long, up in rows)])


def seen(traffic, declaration):
    return [(one.subject, one.severity, [broken.field for broken in one.contradicts]) for one in detect(traffic, declaration)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1000, 5, 40_000)], ["low"]),
        ([(300, 5, 40_000)], []),
        ([(1000, 5, 17_000)], []),  # a handshake, and less than 16 kB
        ([(615, 5, 40_000)], []),  # within the tolerance
        ([(635, 5, 40_000)], ["low"]),
        ([(500, 1000, 400_000)], []),  # nobody can say when these bytes moved
        ([(700 + 60 * number, 1, 2_300) for number in range(55)], []),  # heartbeats
        ([(700 + 60 * number, 1, 7_000) for number in range(55)], ["low"]),  # a trickle of 84 bytes per second
        ([(700, 1, 9_600), (2000, 1, 9_600)], ["low"]),
    ],
)
def test_more_than_keep_alives_while_idle(device_traffic, declared, rows, expected):
    declaration = declared("api.cams.example", phases=(USED, IDLE))
    assert [one.severity for one in detect(device_traffic(table(*rows)), declaration)] == expected


@pytest.mark.parametrize(
    ("destinations", "phases", "expected"),
    [
        (("api.cams.example",), (USED, IDLE), [("api.cams.example", "low", [])]),
        (("other.example",), (USED, IDLE), [("cams.example", "medium", [])]),
        ((), (USED, IDLE), [("cams.example", "low", [])]),
        ((), (phase("setup", 600, 4200, consent="none"),), [("cams.example", "medium", [])]),
        ((), (phase("setup", 600, 4200, consent="withdrawn"),), [("cams.example", "medium", [])]),
        ((), (phase("setup", 600, 4200, consent="given"),), []),
        ((Destination(name="api.cams.example", phases=("interact",)),), (USED, IDLE), [("api.cams.example", "medium", ["phases"])]),
        ((Destination(name="api.cams.example", phases=("interact", "idle")),), (USED, IDLE), []),
        (("api.cams.example",), (), []),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, destinations, phases, expected):
    traffic = device_traffic(table((1000, 5, 40_000)))
    assert seen(traffic, declared(*destinations, phases=phases)) == expected


@pytest.mark.parametrize(
    ("why", "phases", "nameable", "severity"),
    [
        ("an item for this phase", ("idle",), "no", "info"),
        ("an item for another phase", ("interact",), "no", "low"),
        ("an item that says nothing of phases", (), "no", "low"),
        ("a name could be seen", ("idle",), "yes", "medium"),
    ],
)
def test_an_upload_whose_name_could_not_be_seen_may_be_the_declared_one(device_traffic, declared, why, phases, nameable, severity):
    traffic = device_traffic(table((1000, 5, 40_000), nameable=nameable).replace(NAMED, "- -"))
    declaration = declared(Destination(name="api.cams.example", phases=phases), phases=(USED, IDLE))
    assert seen(traffic, declaration) == [("203.0.113.9", severity, [])], why


@pytest.mark.parametrize(("at", "expected"), [(610, []), (632, ["phases"]), (4000, ["phases"]), (5000, []), (-40, [])])
def test_a_phase_that_nobody_tested_may_be_at_any_time_that_has_no_other(device_traffic, declared, at, expected):
    item = Destination(name="api.cams.example", phases=("interact", "setup"))
    found = seen(device_traffic(table((at, 1, 300))), declared(item, phases=(USED, IDLE)))
    assert [fields for _, _, fields in found] == [expected] * bool(expected)


@pytest.mark.parametrize(("at", "expected"), [(600, []), (629, []), (632, ["phases"]), (-40, ["phases"]), (5000, ["phases"])])
def test_few_bytes_outside_of_declared_phases(device_traffic, declared, at, expected):
    item = Destination(name="api.cams.example", phases=("interact",))
    found = seen(device_traffic(table((at, 1, 300))), declared(item, phases=(USED, IDLE)))
    assert [field for _, _, fields in found for field in fields] == expected


def test_a_weakly_named_flow_contradicts_no_phase(device_traffic, declared):
    item = Destination(name="api.cams.example", phases=("interact",))
    traffic = device_traffic(table((1000, 1, 300)).replace("tls-sni", "dns-later"))
    assert seen(traffic, declared(item, phases=(USED, IDLE))) == [("api.cams.example", "low", [])]


def test_requests_in_a_connection_that_outlasts_the_phase(device_traffic, declared):
    body = SimpleNamespace(method="POST", content_length=9_000, body_prefix=b"x")
    messages = {"http": tuple(Message(16, 3, START + at * SECOND, "http", False, body) for at in (300, 1000, 2000))}
    traffic = device_traffic(table((100, 3000, 30_000), service="http"), messages=messages)
    (one,) = detect(traffic, declared("api.cams.example", phases=(USED, IDLE)))
    assert (one.severity, one.measures["quiet_up_bytes"]) == ("low", 18_000)
    item = Destination(name="api.cams.example", phases=("interact",))
    assert seen(traffic, declared(item, phases=(USED, IDLE))) == [("api.cams.example", "medium", ["phases"])]


@pytest.mark.parametrize(
    "given", [{"remote": "192.168.1.9:443"}, {"service": "dns"}, {"initiator": "unknown", "device_is_originator": "no", "service": "ntp"}]
)
def test_what_is_no_upload_of_this_kind(device_traffic, declared, given):
    assert seen(device_traffic(table((1000, 5, 40_000), **given)), declared("other.example", phases=(USED, IDLE))) == []


def test_nothing_is_said_without_phases(device_traffic):
    assert list(detect(device_traffic(table((1000, 5, 40_000))), NOTHING_DECLARED)) == []
    assert list(detect(device_traffic(""), Declaration(phases=(IDLE,)))) == []


def test_spans_and_what_is_between_them():
    spans = _quiet_times.merged([phase("a", 10, 20), phase("b", 20, 30), phase("c", 50, 51)], -1)
    assert [((one.start - START) // SECOND, (one.end - START) // SECOND) for one in spans] == [(11, 29)]
    assert len(_quiet_times.between(spans)) == 2
    assert len(_quiet_times.between(())) == 1


@pytest.mark.parametrize("twin", ["", "_v6"])
def test_the_captures(repository, twin):
    folder = repository / "captures" / "detectors"
    reported, benign = (audit(folder / f"idle_upload{kind}{twin}.pcap", folder / "idle_upload.toml") for kind in ("", "_benign"))
    found = [one for one in reported.findings if one.detector == "idle_upload"]
    assert [(one.subject, one.severity) for one in found] == [("speech.cams.example", "medium"), ("relay.cams.example", "low")]
    assert 56_000 < found[1].measures["quiet_up_bytes"] < 61_000
    assert [found for found in benign.findings if found.severity != "info"] == []
