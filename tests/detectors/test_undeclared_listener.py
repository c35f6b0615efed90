"""Ports that the device answers on."""

from __future__ import annotations

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Destination, Listener, Source
from gdsi_audit.detectors.undeclared_listener import detect
from gdsi_audit.geo import Place
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._dialogue import Command

COLUMNS = "local remote initiator transport service conn_state up_bytes\n"
OUTSIDE = COLUMNS + "192.168.1.50:2323 203.0.113.77:40000 remote tcp - SF 752"
INSIDE = COLUMNS + "192.168.1.50:80 192.168.1.77:40000 remote tcp http SF 752"


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity, one.confidence) for one in detect(traffic, declaration)]


def test_without_a_declaration(device_traffic):
    assert found(device_traffic(OUTSIDE)) == [("tcp/2323", "medium", "high")]
    assert found(device_traffic(INSIDE)) == [("tcp/80", "info", "high")]
    assert found(device_traffic(OUTSIDE.replace("203.0.113.77:40000", "[2001:db8:f::7]:40000"))) == [("tcp/2323", "medium", "high")]


@pytest.mark.parametrize(
    ("sender", "severity", "field"),
    [("local", "high", "from"), ("203.0.113.0/28", "high", "from"), ("203.0.113.0/24", "", ""), ("anywhere", "", ""), ("", "high", "")],
)
def test_a_listener_and_a_call_from_outside(device_traffic, declared, sender, severity, field):
    listeners = (Listener(port=2323 if sender else 554, sender=sender or "local", source=Source("camera.toml", 30)),)
    findings = list(detect(device_traffic(OUTSIDE), declared(listeners=listeners)))
    assert [one.severity for one in findings] == [severity] * bool(severity)
    assert [(item.table, item.field, item.line) for one in findings for item in one.contradicts] == [("listener", field, 30)] * bool(field)


@pytest.mark.parametrize(
    ("item", "outside", "inside"),
    [
        (Destination(name="api.cams.example"), "high", "low"),
        (Destination(klass="local-network"), "high", ""),
        (Destination(asn=64500), "high", "low"),
    ],
)
def test_destinations_that_do_not_speak_of_the_caller(device_traffic, declared, item, outside, inside):
    assert [one.severity for one in detect(device_traffic(OUTSIDE), declared(item))] == [outside]
    assert [one.severity for one in detect(device_traffic(INSIDE), declared(item))] == [inside] * bool(inside)


@pytest.mark.parametrize(("sender", "severity"), [("203.0.113.0/28", "high"), ("203.0.113.0/24", ""), ("anywhere", "")])
def test_a_destination_takes_nothing_away_from_a_listener(device_traffic, declared, sender, severity):
    stated = declared(Destination(asn=64500), listeners=(Listener(port=2323, sender=sender),))
    traffic = device_traffic(OUTSIDE, places={"203.0.113.77": Place(asn=64500)})
    assert [one.severity for one in detect(traffic, stated)] == [severity] * bool(severity)


@pytest.mark.parametrize(("initiator", "severity", "field"), [("remote", "", ""), ("", "low", ""), ("device", "high", "initiator")])
def test_the_caller_is_a_declared_destination(device_traffic, declared, initiator, severity, field):
    from ipaddress import ip_network

    item = Destination(network=ip_network("203.0.113.0/24"), initiator=initiator)
    findings = list(detect(device_traffic(OUTSIDE), declared(item)))
    assert [one.severity for one in findings] == [severity] * bool(severity)
    assert [one.field for finding in findings for one in finding.contradicts] == [field] * bool(field)


def test_listeners_listed_and_another_port_in_the_home(device_traffic, declared):
    assert found(device_traffic(INSIDE), declared(listeners=(Listener(port=554),))) == [("tcp/80", "medium", "high")]
    assert found(device_traffic(INSIDE), declared(listeners=(Listener(port=80),))) == []


@pytest.mark.parametrize(
    "line",
    [
        "192.168.1.50:23 203.0.113.77:40000 remote tcp - REJ 0",
        "192.168.1.50:23 203.0.113.77:40000 remote tcp - S0 0",
        "192.168.1.50:5353 192.168.1.77:5353 remote udp mdns SF 100",
        "192.168.1.50:1900 192.168.1.77:50000 remote udp ssdp SF 100",
        "192.168.1.50:68 192.168.1.1:67 remote udp dhcp SF 100",
        "192.168.1.50:8 203.0.113.77:0 remote icmp - OTH 100",
        "192.168.1.50:40000 203.0.113.77:50000 unknown tcp - OTH 100",
        "192.168.1.50:6000 203.0.113.77:50000 remote udp - S0 0",
        "192.168.1.50:49152 203.0.113.77:443 device tcp tls SF 100",
    ],
)
def test_what_is_no_listener(device_traffic, line):
    assert found(device_traffic(COLUMNS + line)) == []


def test_nothing_above_low_where_the_beginning_was_not_seen(device_traffic, declared):
    table = "local remote initiator device_is_originator conn_state\n192.168.1.50:23 203.0.113.77:40000 unknown no OTH"
    assert found(device_traffic(table), declared("api.cams.example")) == [("tcp/23", "low", "low")]


@pytest.mark.parametrize(("history", "at_s", "reported"), [("Dd", 100, True), ("Dd", 10, False), ("^dD", 100, False)])
def test_datagrams_of_which_nobody_saw_the_beginning(device_traffic, history, at_s, reported):
    start = 1_790_000_000_000_000_000 + at_s * 10**9
    table = (
        f"start local remote initiator device_is_originator transport history\n{start} 192.168.1.50:40123 203.0.113.77:5000 unknown no udp {history}"
    )
    assert found(device_traffic(table)) == [("udp/40123", "low", "low")] * reported


@pytest.mark.parametrize(
    ("why", "own", "initiator", "reported"),
    [
        ("it spoke to this very socket before", "192.168.1.50:40123 203.0.113.77:5000 device yes 10", "unknown", []),
        ("it spoke to it only later", "192.168.1.50:40123 203.0.113.77:5000 device yes 200", "unknown", ["low"]),
        ("it spoke to another", "192.168.1.50:40123 203.0.113.78:5000 device yes 10", "unknown", ["low"]),
        ("the other side began, after a long silence", "192.168.1.50:40123 203.0.113.77:5000 device yes 10", "remote", ["low"]),
    ],
)
def test_a_conversation_that_goes_on_after_a_pause(device_traffic, why, own, initiator, reported):
    calls = f"192.168.1.50:40123 203.0.113.77:5000 {initiator} no 100"
    lines = [line.rsplit(" ", 1) for line in (own, calls)]
    rows = [f"{cells} udp Dd {1_790_000_000_000_000_000 + int(at_s) * 10**9}" for cells, at_s in lines]
    table = "\n".join(["local remote initiator device_is_originator transport history start", *rows])
    assert [one.severity for one in detect(device_traffic(table), NOTHING_DECLARED)] == reported, why


def test_a_socket_that_also_calls_others_is_low(device_traffic):
    call = "192.168.1.50:6000 203.0.113.77:5000 remote udp - SF 100"
    own = "192.168.1.50:6000 203.0.113.9:3478 device udp stun SF 100"
    assert found(device_traffic(COLUMNS + call)) == [("udp/6000", "medium", "high")]
    assert found(device_traffic(f"{COLUMNS}{call}\n{own}")) == [("udp/6000", "low", "high")]


@pytest.mark.parametrize(("verb", "argument"), [("PORT", "192,168,1,50,192,38"), ("EPRT", "|1|192.168.1.50|49190|")])
def test_a_data_connection_that_the_device_asked_for(device_traffic, verb, argument):
    table = COLUMNS + "192.168.1.50:49190 203.0.113.21:57086 remote tcp - SF 0\n192.168.1.50:50000 203.0.113.21:21 device tcp ftp SF 99"
    session = Message(96, 7, 0, "ftp", False, Command(verb, argument))
    assert found(device_traffic(table)) == [("tcp/49190", "medium", "high")]
    assert found(device_traffic(table, messages={"ftp": (session,)})) == []


def test_bench_machines_are_not_judged(device_traffic, declared):
    assert found(device_traffic(OUTSIDE), declared(bench=(Bench(role="tester", address="203.0.113.77"),))) == []


def test_many_ports_are_few_findings(device_traffic):
    lines = [f"192.168.1.50:{2000 + number} 192.168.1.77:40000 remote tcp - SF 9" for number in range(30)]
    findings = list(detect(device_traffic(COLUMNS + "\n".join(lines)), NOTHING_DECLARED))
    assert [(one.subject, one.count) for one in findings][-2:] == [("tcp/2011", 1), ("tcp, other ports", 18)]


@pytest.mark.parametrize("suffix", ["", "_v6"])
def test_the_generated_captures(repository, suffix):
    folder = repository / "captures" / "detectors"
    stated = folder / "undeclared_listener.toml"
    result = audit(folder / f"undeclared_listener{suffix}.pcap", stated)
    shown = {one.subject: (one.severity, bool(one.contradicts)) for one in result.findings if one.detector == "undeclared_listener"}
    assert shown == {"tcp/554": ("high", True), "tcp/9527": ("high", False), "udp/34567": ("medium", False)}
    assert {one.commitment: one.verdict for one in result.verdicts}["GDSI-7"] == "contradicted"
    bare = audit(folder / f"undeclared_listener{suffix}.pcap").findings
    assert {one.subject: one.severity for one in bare if one.detector == "undeclared_listener"} == {
        "tcp/554": "medium",
        "tcp/9527": "medium",
        "udp/34567": "info",
    }
    assert audit(folder / f"undeclared_listener_benign{suffix}.pcap", stated).worst() in ("", "info")


def test_what_is_cut_is_no_listener_unless_its_beginning_was_seen(device_traffic):
    table = "local remote transport device_is_originator initiator cut\n192.168.1.50:53 192.168.1.77:40000 udp no {} {}"
    cases = [("unknown", "no"), ("unknown", "yes"), ("remote", "yes")]
    assert [len(list(detect(device_traffic(table.format(*case)), NOTHING_DECLARED))) for case in cases] == [1, 0, 1]
