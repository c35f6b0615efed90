"""Relays, punched holes and the protocols of cameras, and the calls that look like them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Destination
from gdsi_audit.detectors.relay_traversal import detect
from gdsi_audit.protocols import Message, kalay, pppp
from gdsi_audit.protocols.stun import StunMessage

HEADER = "remote local transport service name name_source\n"
SERVER = "198.51.100.30:32100 192.168.1.50:50000 udp {} p2p.views.example dns\n"
VIEWER = "203.0.113.77:41234 192.168.1.50:50000 udp {} - -\n"


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


def speaking(traffic, protocol, *bodies):
    """(row, sent by the originator, body) of each message."""
    flows = traffic.tables.flows["flow"].tolist()
    said = tuple(Message(flows[row], 1, place, protocol, not sent, body) for place, (row, sent, body) in enumerate(bodies))
    return replace(traffic, messages={protocol: said})


LOG_IN, DATA = pppp.PpppMessage(0x10, "log-in", 20), pppp.PpppMessage(0xD0, "data", 900)


@pytest.mark.parametrize(
    ("items", "severity"),
    [
        ((), "low"),
        (("api.cams.example",), "medium"),
        (("*.views.example",), "low"),
        (("*.views.example", Destination(network=ip_network("203.0.113.0/24"))), "info"),
    ],
)
def test_cameras_that_strangers_may_reach(device_traffic, declared, items, severity):
    traffic = speaking(device_traffic(HEADER + SERVER.format("pppp") + VIEWER.format("pppp")), "pppp", (0, True, LOG_IN), (1, True, DATA))
    assert found(traffic, declared(*items) if items else NOTHING_DECLARED) == [("PPPP", severity)]


def test_kalay_and_the_local_network(device_traffic):
    body = kalay.KalayMessage(0x1A, 0x0601, 72)
    assert found(speaking(device_traffic(HEADER + SERVER.format("kalay")), "kalay", (0, True, body))) == [("Kalay", "low")]
    inside = HEADER + "192.168.1.77:40000 192.168.1.50:50000 udp kalay - -"
    assert found(speaking(device_traffic(inside), "kalay", (0, True, body))) == []


def stun(method=1, kind=0, *attributes):
    return StunMessage(method, kind, False, "00", "", "", "", 0, (), (), (), tuple((code, 4) for code in attributes))


RELAY = HEADER + "198.51.100.31:3478 192.168.1.50:50001 udp stun turn.views.example dns\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([(True, stun(3)), (False, stun(3, 3)), (True, stun(3)), (False, stun(3, 2))], [("relay views.example", "low")]),
        ([(True, stun(3)), (False, stun(3, 3))], [("relay views.example", "info")]),  # asked for, refused
        ([(True, stun(6, 1))], [("relay views.example", "low")]),  # the capture begins when it is in use
        ([(True, stun()), (False, stun(1, 2))], []),  # asks for its own address
    ],
)
def test_relays(device_traffic, said, expected):
    assert found(speaking(device_traffic(RELAY), "stun", *((0, sent, body) for sent, body in said))) == expected


def test_a_declared_relay(device_traffic, declared):
    traffic = speaking(device_traffic(RELAY), "stun", (0, True, stun(3)), (0, False, stun(3, 2)))
    assert found(traffic, declared("turn.views.example")) == [("relay views.example", "info")]
    assert found(traffic, declared("api.cams.example")) == [("relay views.example", "medium")]
    assert found(traffic, declared("a.example", bench=(Bench(role="proxy", address="198.51.100.31"),))) == []


@pytest.mark.parametrize(("transport", "severity"), [("udp", "info"), ("tcp", "medium")])
def test_a_relay_at_an_address_of_several_names(device_traffic, declared, transport, severity):
    table = "\n".join(f"{line} {extra}" for line, extra in zip(RELAY.splitlines(), ("ambiguous", "yes"), strict=False))
    answers = [f"{name} 198.51.100.31" for name in ("api.cams.example", "turn.views.example")]
    traffic = speaking(device_traffic(table, answers=answers), "stun", (0, True, stun(3)), (0, False, stun(3, 2)))
    items = (Destination(name="turn.views.example", transport=transport),)
    assert [severity for _, severity in found(traffic, replace(declared(), destinations=items))] == [severity]


def test_paths_by_ice(device_traffic):
    table = RELAY.replace("50001", "50002") + "203.0.113.77:45678 192.168.1.50:50002 udp stun - -"
    traffic = speaking(device_traffic(table), "stun", (0, True, stun()), (1, True, stun(1, 0, 6, 0x24)), (1, False, stun(1, 0, 6, 0x24)))
    (one,) = detect(traffic, NOTHING_DECLARED)
    assert (one.subject, one.severity, one.count) == ("peers by ICE", "low", 2)


INTRODUCED = HEADER + SERVER.format("-")


@pytest.mark.parametrize(
    ("peers", "expected"),
    [
        ([VIEWER.format("-")], [("peers on port 50000", "low")]),
        ([VIEWER.format("dtls")], [("peers on port 50000", "low")]),
        ([VIEWER.format("quic")], []),
        ([VIEWER.replace("203.0.113.77:41234", "[2001:db8:77::77]:41234").format("-")], [("peers on port 50000", "low")]),
        ([VIEWER.replace("41234", "32100").format("-")], []),  # a second server of the same kind
        ([VIEWER.replace("41234", "443").format("-")], []),
        ([VIEWER.replace(" 192.168.1.50:50000", " 192.168.1.50:50009").format("-")], []),  # another socket
        ([VIEWER.replace("- -\n", "v.example dns\n").format("-")], []),  # named
        ([VIEWER.replace("203.0.113.77", "192.168.1.77").format("-")], []),
        ([VIEWER.replace("203.0.113.77:41234", f"203.0.113.{number}:{40_000 + number}").format("-") for number in range(1, 30)], []),  # a DHT
    ],
)
def test_holes_that_were_punched(device_traffic, peers, expected):
    assert found(device_traffic(INTRODUCED + "".join(peers))) == expected


def test_nobody_answered(device_traffic):
    table = (
        (INTRODUCED + VIEWER.format("-"))
        .replace("name_source\n", "name_source down_bytes\n")
        .replace("dns\n", "dns 90\n")
        .replace("- -\n", "- - 0\n")
    )
    assert found(device_traffic(table)) == []


def test_declarations_of_who_introduces(device_traffic, declared):
    traffic = device_traffic(INTRODUCED + VIEWER.format("-"))
    assert found(traffic, declared("*.views.example")) == [("peers on port 50000", "low")]
    assert found(traffic, declared("api.cams.example")) == [("peers on port 50000", "medium")]


@pytest.mark.parametrize("version", ["", "_v6"])
def test_the_captures(repository, version):
    folder = repository / "captures" / "detectors"
    subjects = ["PPPP", "peers by ICE", "relay views.example"]
    for declaration, severity in ((None, "low"), (folder / "relay_traversal.toml", "medium")):
        seen = [one for one in audit(folder / f"relay_traversal{version}.pcap", declaration).findings if one.detector == "relay_traversal"]
        assert [(one.subject, one.severity) for one in seen] == [(subject, severity) for subject in subjects]
    honest = audit(folder / f"relay_traversal_benign{version}.pcap", folder / "relay_traversal.toml")
    assert [one for one in honest.findings if one.severity != "info"] == []
