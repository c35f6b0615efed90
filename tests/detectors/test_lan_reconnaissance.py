"""Who is there, what listens, what is offered: sweeps of the local network, and what only looks like one."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors.lan_reconnaissance import detect
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._dns_message import DnsMessage, Question
from gdsi_audit.protocols.nbns import NbnsMessage
from gdsi_audit.protocols.ssdp import SsdpMessage

HEADER = "remote transport up_bytes down_bytes down_pkts conn_state local\n"
HEARD = "203.0.113.80:443 tcp 500 9000 9 SF -"
"""Somebody answers, so that answers are what the capture shows."""


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


def hosts(count, cells="tcp 0 0 0 S0 -", port=445, address="192.168.1.{}"):
    return HEADER + "\n".join([HEARD, *(f"{address.format(100 + number)}:{port} {cells}" for number in range(count))])


SWEPT = [("hosts of the local network", "medium")]
SMALL = [("hosts of the local network", "low")]


@pytest.mark.parametrize(
    ("cells", "port"),
    [
        ("tcp 0 0 0 S0 -", 445),  # nobody answers
        ("tcp 0 0 1 REJ -", 23),  # refused
        ("tcp 0 0 2 SF -", 554),  # opened and shut without a byte
        ("udp 40 0 0 S0 -", 161),
        ("arp 0 0 0 S0 192.168.1.50:0", 0),
        ("icmp 56 0 0 OTH 192.168.1.50:8", 0),
    ],
)
def test_a_sweep_however_it_is_made(device_traffic, cells, port):
    assert found(device_traffic(hosts(20, cells, port))) == SWEPT
    assert found(device_traffic(hosts(8, cells, port))) == SMALL
    assert found(device_traffic(hosts(7, cells, port))) == []


@pytest.mark.parametrize(
    ("cells", "port", "address"),
    [
        ("arp 0 0 0 S0 192.168.1.50:0", 0, "192.168.1.{}"),
        ("icmp 56 0 0 OTH 192.168.1.50:8", 0, "192.168.1.{}"),
        ("icmp6 24 0 0 OTH [fd00::50]:135", 0, "[ff02::1:ff00:{}]"),
    ],
)
def test_who_is_sent_nothing_that_the_capture_holds_is_not_said_to_get_no_answer(device_traffic, cells, port, address):
    table = hosts(20, cells, port, address)
    assert (found(device_traffic(table)), found(device_traffic(table.replace(f"{HEARD}\n", "")))) == (SWEPT, [])


def test_the_same_over_ipv6(device_traffic):
    assert found(device_traffic(hosts(20, address="[fd00::{}]"))) == SWEPT
    assert found(device_traffic(hosts(20, "icmp6 56 0 0 OTH [fd00::50]:128", 0, "[fe80::{}]"))) == SWEPT
    assert found(device_traffic(hosts(20, address="[2001:db8::{}]"))) == SWEPT, "a global prefix that the device itself is in"
    assert found(device_traffic(hosts(20, address="[2001:db8:1::{}]"))) == [], "elsewhere: no local host"


def test_solicitations_that_nobody_answers(device_traffic):
    table = hosts(20, "icmp6 24 0 0 OTH [fd00::50]:135", 0, "[ff02::1:ff00:{}]")
    assert found(device_traffic(table)) == SWEPT
    answers = "\n".join(f"[fd00::{100 + number}]:136 icmp6 0 24 1 OTH [fd00::50]:135" for number in range(20))
    rows = f"{table}\n{answers}".replace("local\n", "local device_is_originator\n")
    lines = [f"{line} {'no' if ':136 ' in line else 'yes'}" for line in rows.splitlines()[1:]]
    assert found(device_traffic("\n".join([rows.splitlines()[0], *lines]))) == []


def test_slowness_is_no_excuse(device_traffic):
    lines = [f"192.168.1.{number}:22 tcp 0 0 0 S0 - {1_790_000_000 * 10**9 + number * 60 * 10**9}" for number in range(60, 90)]
    assert found(device_traffic("\n".join([HEADER.strip() + " start", *lines]))) == SWEPT


@pytest.mark.parametrize(
    "table",
    [
        hosts(30, "tcp 60 200 3 SF -", 5577),  # known hosts that answer
        hosts(30, "arp 0 0 1 SF 192.168.1.50:0", 0),
        hosts(12, "icmp 56 56 1 OTH 192.168.1.50:8", 0),  # monitoring
        hosts(1, "arp 0 0 0 S0 192.168.1.100:0", 0),  # announces its own address
        hosts(30, address="203.0.113.{}"),  # the internet is somebody else's question
        HEADER + "\n".join(f"192.168.1.9:{port} tcp 20 20 2 SF -" for port in range(40_000, 40_060)),  # passive FTP
        HEADER + "\n".join(["192.168.1.9:445 tcp 0 0 0 S0 -"] * 60),  # a file server that is down
    ],
)
def test_what_is_no_sweep(device_traffic, table):
    assert found(device_traffic(table)) == []


def test_who_serves_the_link_may_look_who_is_there(device_traffic):
    table = hosts(30, "arp 0 0 0 S0 192.168.1.50:0", 0)
    assert found(device_traffic(table + "\n192.168.1.70:68 udp 300 300 1 SF 192.168.1.50:67")) == []
    assert found(device_traffic(table, offered={"resolver": ("192.168.1.50",)})) == []
    assert found(device_traffic(hosts(30), offered={"resolver": ("192.168.1.50",)})) == SWEPT, "connections are no router's business"


def test_a_stream_that_nobody_answers_is_no_probe(device_traffic):
    ports = "\n".join(f"192.168.1.77:{port} udp 90000 0 0 S0 - 90" for port in range(40_000, 40_030))
    assert found(device_traffic(HEADER.strip() + " up_pkts\n" + ports)) == [], "video to ports of the phone's choice"


def test_ports_of_one_host(device_traffic):
    table = HEADER + "\n".join(f"192.168.1.9:{port} tcp 0 0 1 REJ -" for port in range(20, 60))
    assert found(device_traffic(table)) == [("ports of 192.168.1.9", "medium")]
    assert found(device_traffic("\n".join(table.splitlines()[:13]))) == [("ports of 192.168.1.9", "low")]


def ports(address, count=40):
    return "\n".join(f"{address}:{port} tcp 0 0 1 REJ -" for port in range(20, 20 + count))


def test_ports_of_several_hosts_are_one_finding(device_traffic):
    (one,) = detect(device_traffic(HEADER + "\n".join([ports("192.168.1.9"), ports("192.168.1.10", 12)])), NOTHING_DECLARED)
    assert (one.subject, one.severity, one.measures["ports"], one.count) == ("ports of 2 local hosts", "medium", 40, 52)
    assert "tried 40 ports of the local host 192.168.1.9 in vain; tried 12 ports of the local host 192.168.1.10 in vain" in one.observation


def test_a_sweep_and_the_ports_of_whom_it_found_are_one_finding(device_traffic):
    table = "\n".join([hosts(20, "arp 0 0 0 S0 192.168.1.50:0", 0), ports("192.168.1.9")])
    (one,) = detect(device_traffic(table), NOTHING_DECLARED)
    assert (one.subject, one.severity, one.count) == ("hosts of the local network", "medium", 60)
    assert one.observation == (
        "This device, in 60 s, asked 20 local addresses by ARP, of which 20 gave nothing; tried 40 ports of the local host 192.168.1.9 in vain; "
        "nothing is declared of it."
    )


@pytest.mark.parametrize(
    ("items", "severity"),
    [
        (("api.cams.example",), "high"),
        ((Destination(klass="local-network"),), "low"),
        ((Destination(klass="local-network", transport="tcp", ports=((445, 445),)),), "info"),
        ((Destination(klass="local-network", transport="tcp", ports=((80, 80),)),), "high"),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, items, severity):
    assert found(device_traffic(hosts(20)), declared(*items)) == [("hosts of the local network", severity)]


def test_link_upkeep_alone_is_held_against_the_class(device_traffic, declared):
    traffic = device_traffic(hosts(20, "arp 0 0 0 S0 192.168.1.50:0", 0))
    assert found(traffic, declared("api.cams.example")) == [("hosts of the local network", "high")]
    assert found(traffic, declared(Destination(klass="local-network"))) == SMALL


def messages(traffic, protocol, bodies, *, from_responder=False):
    """One message in each flow, in order."""
    flows = traffic.tables.flows
    made = [
        Message(int(flow), int(frame), 0, protocol, from_responder, body)
        for flow, frame, body in zip(flows["flow"], flows["first_frame"], bodies, strict=False)
    ]
    return replace(traffic, messages={protocol: tuple(made)})


def question(*names, qtype=12):
    asked = tuple(Question(name, qtype, 1) for name in names)
    return DnsMessage(0, False, 0, 0, False, asked, (), (), (), 0, 0, False)


@pytest.mark.parametrize(
    ("names", "severity"),
    [
        ([f"_kind{number}._tcp.local" for number in range(10)], "low"),
        ([f"_kind{number}._udp.local" for number in range(24)], "medium"),
        (["_services._dns-sd._udp.local", *(f"_kind{number}._tcp.local" for number in range(4))], "low"),
        (["_services._dns-sd._udp.local"], ""),
        (["_googlecast._tcp.local", "_spotify-connect._tcp.local"], ""),
        ([f"{number}.1.168.192.in-addr.arpa" for number in range(12)], "low"),
        (["4.3.2.1.in-addr.arpa"] * 30, ""),
    ],
)
def test_questions_to_the_link(device_traffic, names, severity):
    traffic = messages(device_traffic(HEADER + "224.0.0.251:5353 udp 40 0 0 S0 -"), "mdns", [question(*names)])
    assert found(traffic) == ([("services of the local network", severity)] if severity else [])


@pytest.mark.parametrize("address", ["192.168.1.{}", "[fd00::{}]"])
def test_names_of_addresses_that_the_device_has_to_do_with(device_traffic, address):
    numbers = range(100, 130)
    asked = [ip_address(address.format(number).strip("[]")).reverse_pointer for number in numbers]
    questions = HEADER + "224.0.0.251:5353 udp 40 0 0 S0 -"
    peers = "\n".join(f"{address.format(number)}:445 tcp 500 900 3 SF -" for number in numbers)
    told = messages(device_traffic(f"{questions}\n{peers}"), "mdns", [question(*asked)])
    assert found(told) == [], "a list of its own clients"
    strange = messages(device_traffic(questions), "mdns", [question(*asked)])
    assert found(strange) == [("services of the local network", "low")]
    assert found(replace(strange, offered={"resolver": ("192.168.1.50",)})) == [], "a router that names its hosts"


def test_every_device_that_speaks_upnp(device_traffic):
    table = HEADER + "239.255.255.250:1900 udp 90 0 0 S0 -\n" + "\n".join(f"192.168.1.{number}:1900 udp 0 300 1 SF -" for number in range(2, 6))
    table = "\n".join(
        f"{line} {place and int(':1900 udp 90' in line)}" if place else f"{line} up_pkts" for place, line in enumerate(table.splitlines())
    )
    traffic = device_traffic(table)
    search = SsdpMessage("search", 0, "ssdp:all", "", "", "", "", ())
    (asked,) = messages(traffic, "ssdp", [search]).messages["ssdp"]
    answer = SsdpMessage("response", 200, "upnp:rootdevice", "", "", "", "", ())
    answers = messages(traffic, "ssdp", [answer] * 5, from_responder=True).messages["ssdp"][1:]
    assert found(replace(traffic, messages={"ssdp": (asked, *answers)})) == [("services of the local network", "low")]
    own = replace(asked, body=replace(search, target="urn:dial-multiscreen-org:service:dial:1"))
    assert found(replace(traffic, messages={"ssdp": (own, *answers)})) == [], "its own kind"


def test_one_ping_for_all(device_traffic):
    header = "remote transport local device_is_originator up_pkts down_pkts up_bytes down_bytes\n"
    answers = "\n".join(f"[fd00::{number}]:129 icmp6 [fd00::50]:128 no 0 1 0 56" for number in range(2, 7))
    asked = "[ff02::1]:0 icmp6 [fd00::50]:128 yes 1 0 56 0\n"
    assert found(device_traffic(header + asked + answers)) == [("services of the local network", "low")]
    assert found(device_traffic(header + answers)) == []
    old = answers.replace("icmp6", "icmp").replace("fd00::50]:128", "192.168.1.50]:8").replace("129", "0")
    assert found(device_traffic(header + "255.255.255.255:0 icmp 192.168.1.50:8 yes 1 0 56 0\n" + old)) == [("services of the local network", "low")]


def test_watching_known_hosts_is_no_sweep(device_traffic):
    header = "remote transport local up_pkts down_pkts\n"
    watched = header + "\n".join(f"192.168.1.{number}:0 icmp 192.168.1.50:8 {{0}} {{0}}" for number in range(100, 130))
    assert found(device_traffic(watched.format(60))) == []
    assert found(device_traffic(watched.format(1))) == SMALL, "thirty hosts, each once"


def test_names_that_the_link_is_asked_for(device_traffic):
    traffic = device_traffic(HEADER + "224.0.0.252:5355 udp 40 0 0 S0 -")
    assert found(messages(traffic, "llmnr", [question(*(f"host{number}" for number in range(30)), qtype=1)])) == [
        ("services of the local network", "low")
    ]
    assert found(messages(traffic, "llmnr", [question("wpad", "isatap", qtype=1)])) == []


def test_name_tables_of_hosts(device_traffic):
    traffic = device_traffic(HEADER + "\n".join(f"192.168.1.{number}:137 udp 50 200 1 SF -" for number in range(2, 8)))
    body = NbnsMessage(1, False, 0, 0, "*", 0, (), ())
    assert found(messages(traffic, "nbns", [body] * 6)) == [("services of the local network", "low")]


@pytest.mark.parametrize("version", ["", "_v6"])
def test_the_captures(repository, version):
    folder = repository / "captures" / "detectors"
    seen = [one for one in audit(folder / f"lan_reconnaissance{version}.pcap").findings if one.severity != "info"]
    assert [(one.detector, one.subject, one.severity) for one in seen] == [
        ("lan_reconnaissance", "hosts of the local network", "medium"),
        ("lan_reconnaissance", "services of the local network", "medium"),
    ]
    assert seen[0].measures["silent_hosts"] == 40
    assert [one for one in audit(folder / f"lan_reconnaissance_benign{version}.pcap").findings if one.severity != "info"] == []
