"""Scans, floods, reflectors, guessed passwords and industrial writes, and what only looks like them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from types import SimpleNamespace

import pandas as pd
import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Destination
from gdsi_audit.detectors.outbound_attack import detect
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._dialogue import Credentials, Reply
from gdsi_audit.protocols._industrial import Operation
from gdsi_audit.protocols.ntp import NtpMessage
from gdsi_audit.traffic import DNS

HEADER = "remote transport up_bytes down_bytes down_pkts conn_state\n"
T0 = 1_790_000_000 * 10**9


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


def hosts(count, port, cells="tcp 0 0 0 S0", address="203.0.113.{}"):
    return HEADER + "\n".join(f"{address.format(100 + number)}:{port} {cells}" for number in range(count))


SCAN = [("hosts of the internet", "medium")]


@pytest.mark.parametrize("address", ["203.0.113.{}", "[2001:db8:1::{}]"])
@pytest.mark.parametrize(
    ("count", "port", "expected"), [(10, 23, SCAN), (9, 23, []), (10, 445, SCAN), (30, 443, SCAN), (20, 443, []), (20, 6881, [])]
)
def test_one_port_of_many_hosts(device_traffic, address, count, port, expected):
    assert found(device_traffic(hosts(count, port, address=address))) == expected


def test_datagrams_and_pings(device_traffic):
    assert found(device_traffic(hosts(10, 161, "udp 40 0 0 S0"))) == SCAN
    pings = hosts(12, 0, "icmp 56 0 0 OTH").replace("conn_state", "conn_state local up_pkts").replace("OTH", "OTH 192.168.1.50:8 1")
    assert found(device_traffic(pings)) == SCAN


def test_slowness_is_no_excuse(device_traffic):
    lines = [f"203.0.113.{number}:23 tcp 0 0 0 S0 {T0 + number * 300 * 10**9}" for number in range(20)]
    assert found(device_traffic("\n".join([HEADER.strip() + " start", *lines]))) == SCAN


@pytest.mark.parametrize(
    "table",
    [
        HEADER + "\n".join(f"203.0.113.{number}:{20_000 + 7 * number} udp 100 0 0 S0" for number in range(1, 120)),  # DHT
        HEADER + "\n".join(f"203.0.113.{number}:{20_000 + 7 * number} tcp 0 0 0 S0" for number in range(1, 120)),  # peers that are gone
        hosts(60, 8333) + "\n203.0.113.9:8333 tcp 40000 90000 50 SF",  # a network on one port, and somebody is there
        HEADER + "\n".join(["203.0.113.9:443 tcp 0 0 0 S0"] * 60),  # a server that is down
        HEADER + "\n".join(["203.0.113.9:443 tcp 900 9000 9 SF"] * 60),  # a browser
        HEADER + "\n".join(f"203.0.113.9:{33_434 + number} udp 24 0 0 S0" for number in range(90)),  # traceroute
        hosts(8, 443) + "\n" + hosts(8, 443, address="[2001:db8:1::{}]").partition("\n")[2],  # happy eyeballs without an uplink
        hosts(20, 23, address="192.168.1.{}"),  # local: somebody else's question
        HEADER + "\n".join(f"203.0.113.9:{port} tcp 100 100 3 SF" for port in range(40_000, 40_060)),  # passive FTP
    ],
)
def test_what_is_no_scan(device_traffic, table):
    assert found(device_traffic(table)) == []


def test_names_lead_to_hosts(device_traffic):
    table = hosts(20, 25).replace("conn_state", "conn_state name name_source").replace("S0", "S0 mail.example dns")
    assert found(device_traffic(table)) == []


def test_many_ports_of_one_host(device_traffic):
    table = HEADER + "\n".join(f"203.0.113.9:{port} tcp 0 0 1 REJ" for port in range(20, 60))
    assert found(device_traffic(table)) == [("ports of 203.0.113.9", "medium")]


def burst(count, cells, *, every_ns=1_000_000, port=80):
    history = "S" if cells.endswith("S0") else "-"
    lines = (f"203.0.113.9:{port} {cells} {T0 + number * every_ns} 0 {history}" for number in range(count))
    return "\n".join([HEADER.strip() + " start duration_s history", *lines])


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (burst(400, "tcp 0 0 0 S0"), True),
        (burst(400, "tcp 0 0 0 S0", every_ns=10**9), False),  # one a second: tries again
        (burst(400, "tcp 90 0 3 SF"), True),
        (burst(200, "tcp 90 0 3 SF"), False),
        (burst(2000, "udp 512 0 0 S0", port=9999) + "\n192.168.1.1:53 udp 30 60 1 SF - - -", True),
        (burst(2000, "udp 512 40 1 SF", port=9999), False),  # acknowledged: a stream
    ],
)
def test_floods(device_traffic, table, expected):
    assert found(device_traffic(table)) == ([("flood of 203.0.113.9", "medium")] if expected else [])


def test_a_flood_in_one_flow(device_traffic):
    header = "remote transport up_pkts up_bytes down_bytes duration_s local"
    table = f"{header}\n203.0.113.9:0 icmp 5000 280000 0 20 192.168.1.50:8\n192.168.1.1:53 udp 1 30 60 1 -"
    assert found(device_traffic(table)) == [("flood of 203.0.113.9", "medium")]


@pytest.mark.parametrize(("history", "up_pkts", "flows", "flooded"), [("S", 1, 4000, True), ("SAF", 1400, 1, False), ("SA", 4000, 1, False)])
def test_where_only_one_side_was_captured_acknowledgements_are_no_attempts(device_traffic, history, up_pkts, flows, flooded):
    header = "remote local transport up_pkts up_bytes down_bytes down_pkts conn_state history start"
    lines = [f"203.0.113.9:40003 192.168.1.50:{1024 + number} tcp {up_pkts} 0 0 0 SH {history} {T0 + number}" for number in range(flows)]
    assert found(device_traffic("\n".join([header, *lines]))) == [("flood of 203.0.113.9", "medium")] * flooded


def test_reflectors(device_traffic):
    assert found(device_traffic(hosts(3, 11211, "udp 15 0 0 S0"))) == [("reflectors: memcached", "medium")]
    assert found(device_traffic(hosts(2, 1900, "udp 90 0 0 S0"))) == []
    assert found(device_traffic(hosts(5, 1900, "udp 90 0 0 S0", "192.168.1.{}"))) == []
    traffic = device_traffic(hosts(3, 123, "udp 8 400 1 SF"))
    bodies = [NtpMessage(7, 2, 0, "", 0, (0, 0, 0, 0), (), 0, 0)] * 3
    assert found(messages(traffic, "ntp", bodies)) == [("reflectors: NTP", "medium")]
    assert found(messages(traffic, "ntp", [replace(bodies[0], mode=3)] * 3)) == []


def test_questions_for_everything(device_traffic):
    traffic = device_traffic(hosts(5, 53, "udp 40 3000 1 SF"))
    flow = int(traffic.tables.flows["flow"][0])
    row = dict(flow=flow, capture=0, frame=1, time=0, client="192.168.1.50", server="203.0.113.100", server_port=53, response=False,
               query="big.example", qtype=255, rcode=0, answers=0, message_bytes=40, solicited=True)  # fmt: skip
    dns = pd.DataFrame([row] * 30, columns=list(DNS)).astype(DNS)
    assert found(device_traffic(hosts(5, 53, "udp 40 3000 1 SF"), dns=dns)) == [("reflectors: DNS", "medium")]


def messages(traffic, protocol, bodies, *, from_responder=False):
    """One message in each flow, in order."""
    flows = traffic.tables.flows
    made = [
        Message(int(flow), int(frame), 0, protocol, from_responder, body)
        for flow, frame, body in zip(flows["flow"], flows["first_frame"], bodies, strict=False)
    ]
    return replace(traffic, messages={protocol: tuple(made)})


GUESSED = [("log-ins at 203.0.113.9", "medium")]


def dialogue(traffic, *turns):
    """(credentials, reply), in one flow each."""
    flows = traffic.tables.flows
    said = []
    for flow, (credentials, reply) in zip(flows["flow"].tolist(), turns, strict=False):
        said += [Message(flow, 1, 0, "ftp", False, credentials), Message(flow, 2, 0, "ftp", True, reply)]
    return replace(traffic, messages={"ftp": tuple(said)})


REFUSED = Reply("530", "Login incorrect")


def test_log_ins_that_a_server_refuses(device_traffic):
    same = Credentials("user-pass", "admin", 6)
    fast, slow = (device_traffic(sessions(8, every_s, port=21)) for every_s in (2, 60))
    assert found(dialogue(fast, *[(same, REFUSED)] * 5)) == GUESSED
    assert found(dialogue(fast, *[(same, REFUSED)] * 4)) == [("log-ins at 203.0.113.9", "low")], "alike, and fast"
    assert found(dialogue(slow, *[(same, REFUSED)] * 8)) == [], "a stored password that is no longer right"
    others = [Credentials("user-pass", "admin", 4 + number) for number in range(5)]
    assert found(dialogue(slow, *[(one, REFUSED) for one in others])) == GUESSED, "slow, and another one each time"
    assert found(dialogue(slow, *[(same, Reply("230", ""))] * 8)) == []


def web(traffic, credentials, *, status=401, scheme="basic"):
    flow = int(traffic.tables.flows["flow"][0])
    pairs = []
    for number, one in enumerate(credentials):
        asked = SimpleNamespace(authorization=f"{scheme} {one}" if one else "", authorization_scheme=scheme if one else "")
        pairs.append(Message(flow, 1 + number, 0, "http", False, asked))
        pairs.append(Message(flow, 1 + number, 0, "http", True, SimpleNamespace(status=status)))
    return replace(traffic, messages={"http": tuple(pairs)})


def test_credentials_that_a_web_server_refuses(device_traffic):
    traffic = device_traffic("remote service\n203.0.113.9:80 http")
    assert found(web(traffic, ["a", "b", "c", "d", "e"])) == GUESSED
    assert found(web(traffic, ["a"] * 30)) == [], "one wrong password, again and again"
    assert found(web(traffic, [""] * 30)) == [], "challenges before any credentials"
    assert found(web(traffic, ["a", "b", "c", "d", "e"], status=200)) == []
    assert found(web(traffic, [f"nonce{number}" for number in range(6)], scheme="digest")) == GUESSED


def sessions(count, every_s, cells="tcp 845 2123 14 SF", address="203.0.113.9", port=22):
    lines = [f"{address}:{port} {cells} {T0 + int(number * every_s * 10**9)}" for number in range(count)]
    return "\n".join([HEADER.strip() + " start", *lines])


def scattered(count):
    lines = [f"203.0.113.9:22 tcp 845 2123 14 SF {T0 + (60 * number + 50 * (number % 3)) * 10**9}" for number in range(count)]
    return "\n".join([HEADER.strip() + " start", *lines])


@pytest.mark.parametrize(
    ("table", "severity"),
    [
        (sessions(7, 0.1), "medium"),
        (sessions(20, 1), "medium"),
        (sessions(20, 1, port=3389), "medium"),
        (sessions(5, 0.1), ""),
        (sessions(20, 60), ""),  # a script, once a minute
        (sessions(400, 60), ""),  # all night
        (scattered(40), "low"),  # slowly, and at no fixed time
        (sessions(7, 0.4), "low"),  # three at once
        (sessions(12, 2), "low"),  # a playbook, one command after the other
        (sessions(40, 0.1, port=21), "low"),  # transfers side by side
        (sessions(40, 0.1, port=3306), "low"),  # a pool of connections
        (sessions(20, 1, "tcp 90000 2123 80 SF"), ""),  # real work
        (sessions(20, 1, port=443), ""),
    ],
)
def test_sessions_alike(device_traffic, table, severity):
    assert found(device_traffic(table)) == ([("log-ins at 203.0.113.9", severity)] if severity else [])


def test_a_script_that_is_declared(device_traffic, declared):
    item = Destination(network=ip_network("203.0.113.9/32"), ports=((22, 22),))
    assert found(device_traffic(sessions(60, 1)), declared(item)) == []
    assert found(device_traffic(sessions(20, 10)), declared("api.cams.example")) == [("log-ins at 203.0.113.9", "medium")]


def operated(device_traffic, address, changes=True):
    traffic = device_traffic(HEADER + f"{address}:502 tcp 60 60 5 SF")
    return messages(traffic, "modbus", [Operation("write single coil", 5, "unit 1", True, changes)])


@pytest.mark.parametrize(
    ("address", "item", "severity"),
    [
        ("203.0.113.9", None, "medium"),
        ("203.0.113.9", Destination(name="api.cams.example"), "high"),
        ("203.0.113.9", Destination(network=ip_network("203.0.113.9/32")), "low"),
        ("192.168.1.60", None, "low"),
        ("192.168.1.60", Destination(name="api.cams.example"), "high"),
        ("192.168.1.60", Destination(network=ip_network("192.168.1.60/32"), ports=((502, 502),)), "info"),
    ],
)
def test_industrial_writes(device_traffic, declared, address, item, severity):
    declaration = declared(item) if item else NOTHING_DECLARED
    (one,) = detect(operated(device_traffic, address), declaration)
    assert (one.subject, one.severity) == (f"Modbus of {address}", severity)
    assert "write single coil; unit 1" in one.observation
    assert found(operated(device_traffic, address, changes=False), declaration) == [], "a master that reads"


def test_no_declaration_absolves_a_scan(device_traffic, declared):
    item = Destination(network=ip_network("203.0.113.0/24"))
    assert found(device_traffic(hosts(20, 23)), declared(item)) == SCAN
    assert found(device_traffic(hosts(20, 23)), declared("api.cams.example")) == [("hosts of the internet", "high")]


def test_the_bench_may_do_what_it_likes(device_traffic, declared):
    bench = (Bench(role="tester", address="203.0.113.9"),)
    assert found(device_traffic(sessions(60, 0.1)), declared(bench=bench)) == []


@pytest.mark.parametrize("version", ["", "_v6"])
def test_the_captures(repository, version):
    folder = repository / "captures" / "detectors"
    seen = [one for one in audit(folder / f"outbound_attack{version}.pcap").findings if one.detector == "outbound_attack" and one.severity != "info"]
    assert [(one.detector, one.subject.split()[0], one.severity) for one in seen] == [
        ("outbound_attack", "Modbus", "medium"),
        ("outbound_attack", "hosts", "medium"),
        ("outbound_attack", "log-ins", "medium"),
    ]
    assert "at least 5 Modbus requests" in seen[0].observation, "behind a hundred that only read"
    assert all("000" not in one.observation for one in seen), "no password is printed"
    assert [one for one in audit(folder / f"outbound_attack_benign{version}.pcap").findings if one.severity != "info"] == []
