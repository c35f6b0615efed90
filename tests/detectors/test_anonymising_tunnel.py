"""Tunnels that leave the local network."""

from __future__ import annotations

from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from gdsi_audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors.anonymising_tunnel import detect
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._certificate import Certificate
from gdsi_audit.protocols._certificate_facts import CertificateFacts
from gdsi_audit.protocols._client_hello import ClientHello

WIREGUARD = "remote transport service\n203.0.113.9:51820 udp wireguard"
TLS = "remote name name_source service\n{}"


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


@pytest.mark.parametrize(
    ("table", "subject"),
    [
        (WIREGUARD, "203.0.113.9 (WireGuard)"),
        (WIREGUARD.replace("203.0.113.9", "[2001:db8:f::9]"), "2001:db8:f::9 (WireGuard)"),
        ("remote transport\n203.0.113.9:0 ip-47", "203.0.113.9 (GRE)"),
        ("remote transport\n203.0.113.9:0 ip-50", "203.0.113.9 (IPsec)"),
        ("remote transport local\n203.0.113.9:4500 udp 192.168.1.50:4500", "203.0.113.9 (IPsec)"),
        ("remote transport\n203.0.113.9:3544 udp", "203.0.113.9 (Teredo)"),
        ("remote service duration_s\n203.0.113.9:22 ssh 700", "203.0.113.9 (SSH)"),
        ("remote service up_bytes down_bytes\n203.0.113.9:22 ssh 60000 70000", "203.0.113.9 (SSH)"),
    ],
)
def test_kinds(device_traffic, declared, table, subject):
    assert found(device_traffic(table)) == [(subject, "low")]
    assert found(device_traffic(table), declared("*.cams.example")) == [(subject, "medium")]


@pytest.mark.parametrize(
    "table",
    [
        WIREGUARD.replace("203.0.113.9", "192.168.1.1"),
        "remote service\n203.0.113.9:22 ssh",
        "remote service up_bytes down_bytes\n203.0.113.9:22 ssh 9000000 4000",
        "remote service duration_s initiator\n203.0.113.9:22 ssh 7000 remote",
        "remote transport service\n203.0.113.9:4500 udp stun",
        "remote transport\n203.0.113.9:4500 udp",
        "remote transport\n203.0.113.9:51820 udp",
    ],
)
def test_what_is_none(device_traffic, table):
    assert found(device_traffic(table)) == []


@pytest.mark.parametrize(
    ("why", "item", "nameable", "severity"),
    [
        ("an item with this port", Destination(name="vpn.example", ports=((51820, 51820),)), "no", "info"),
        ("an item with another", Destination(name="vpn.example", ports=((443, 443),)), "no", "low"),
        ("an item that says nothing of tunnels", Destination(name="vpn.example"), "no", "low"),
        ("a name could be seen", Destination(name="vpn.example", ports=((51820, 51820),)), "yes", "medium"),
    ],
)
def test_a_tunnel_whose_name_could_not_be_seen_may_be_the_declared_one(device_traffic, declared, why, item, nameable, severity):
    table = f"remote transport service nameable\n203.0.113.9:51820 udp wireguard {nameable}"
    assert found(device_traffic(table), declared(item)) == [("203.0.113.9 (WireGuard)", severity)], why


def test_several_marks_of_one_far_end_are_one_finding(device_traffic):
    assert found(device_traffic("remote transport service\n203.0.113.9:1723 tcp pptp\n203.0.113.9:0 ip-47 -")) == [("203.0.113.9 (GRE, PPTP)", "low")]


@pytest.mark.parametrize(
    ("given", "severity", "fields"),
    [
        (dict(), "low", []),
        (dict(ports=((51820, 51820),)), "info", []),
        (dict(encryption="other"), "info", []),
        (dict(encryption="tls"), "medium", ["encryption"]),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, given, severity, fields):
    (one,) = detect(device_traffic(WIREGUARD), declared(Destination(network=ip_network("203.0.113.0/24"), **given)))
    assert (one.severity, [broken.field for broken in one.contradicts]) == (severity, fields)


def test_one_side_only_and_unknown_beginnings(device_traffic, declared):
    assert found(device_traffic(f"{WIREGUARD} 0".replace("service\n", "service down_bytes\n"))) == [("203.0.113.9 (WireGuard)", "info")]
    inbound = "remote transport service initiator device_is_originator\n203.0.113.9:51820 udp wireguard unknown no"
    assert found(device_traffic(inbound), declared("*.cams.example")) == [("203.0.113.9 (WireGuard)", "low")]


@pytest.mark.parametrize(
    ("protocol", "body", "subject"),
    [
        ("socks", SimpleNamespace(command=1), "203.0.113.9 (SOCKS)"),
        ("socks", SimpleNamespace(command=0), None),
        ("http", SimpleNamespace(hands_over=True, target="a.example:443"), "203.0.113.9 (HTTP proxy)"),
        ("http", SimpleNamespace(target="/tor/server/all"), "203.0.113.9 (Tor)"),
        ("http", SimpleNamespace(target="/tornado"), None),
    ],
)
def test_readable_requests(device_traffic, protocol, body, subject):
    messages = {protocol: (Message(16, 1, 0, protocol, False, body),)}
    assert found(device_traffic("remote\n203.0.113.9:1080", messages=messages)) == ([(subject, "low")] if subject else [])


@pytest.mark.parametrize(
    ("why", "proxy", "severity"),
    [
        ("declared with its port", Destination(network=ip_network("203.0.113.9/32"), ports=((1080, 1080),), encryption="none"), "info"),
        ("declared with another port", Destination(network=ip_network("203.0.113.9/32"), ports=((3128, 3128),)), "medium"),
        ("not declared", Destination(name="other.example"), "medium"),
    ],
)
def test_a_proxy_is_judged_by_its_own_address_not_by_whom_it_is_asked_for(device_traffic, declared, why, proxy, severity):
    messages = {"socks": (Message(16, 1, 0, "socks", False, SimpleNamespace(command=1, host="a.example", port=443)),)}
    traffic = device_traffic("remote name name_source\n203.0.113.9:1080 a.example socks", messages=messages)
    stated = declared(Destination(name="a.example", ports=((443, 443),), encryption="tls"), proxy)
    assert found(traffic, stated) == [("203.0.113.9 (SOCKS)", severity)], why


def hello(name: str, *alpn: str) -> ClientHello:
    return ClientHello(name, 0x0304, 0x0303, (0x0304,), (0x1301,), (), (), (), (), alpn, "", False, False, False, False, "", "")


RANDOM = ("www.kb3vqx5dtr7m.com", "www.hx42bqlwz6.net")


@pytest.mark.parametrize(
    ("names", "port", "alpn", "expected"),
    [
        (RANDOM, 443, (), 1),
        (RANDOM[:1], 443, (), 0),
        (RANDOM[:1], 9001, (), 1),
        (("www.2gk5pt.com",), 9001, (), 1),
        (("www.2gk5pt.com", "www.5i6cqxq.com"), 443, (), 0),
        (RANDOM, 443, ("h2",), 0),
        (("www.wikipedia.com", "www.facebook.com"), 443, (), 0),
    ],
)
def test_made_up_names(device_traffic, names, port, alpn, expected):
    lines = "\n".join(f"203.0.113.{9 + number}:{port} {name} tls-sni tls" for number, name in enumerate(names))
    ids = device_traffic(TLS.format(lines)).tables.flows["flow"].tolist()
    messages = {"tls": tuple(Message(flow, 1, 0, "tls", False, hello(name, *alpn)) for flow, name in zip(ids, names, strict=True))}
    assert [severity for _, severity in found(device_traffic(TLS.format(lines), messages=messages))] == ["low"] * expected


def test_certificates_of_its_links(device_traffic):
    leaf = CertificateFacts(sha256="00", subject="CN=www.l7xvysfnvkb.net", issuer="CN=www.a3uycdf3rn5md.com")
    messages = {"tls": (Message(16, 1, 0, "tls", True, Certificate((leaf,))),)}
    assert found(device_traffic("remote\n203.0.113.9:9001", messages=messages)) == [("203.0.113.9 (Tor)", "low")]


KINDS = ("WireGuard", "OpenVPN", "IPsec", "L2TP", "GRE, PPTP", "SOCKS", "HTTP proxy", "SSH", "Tor")


@pytest.mark.parametrize(("suffix", "prefix"), [("", "116.202.1."), ("_v6", "2a01:4f8:1::")])
def test_the_captures(repository, suffix, prefix):
    folder = repository / "captures" / "detectors"
    mine = [one for one in audit(folder / f"anonymising_tunnel{suffix}.pcap").findings if one.detector == "anonymising_tunnel"]
    assert [(one.subject, one.severity) for one in mine] == [(f"{prefix}{1 + place} ({kind})", "low") for place, kind in enumerate(KINDS)]
    assert [one for one in audit(folder / f"anonymising_tunnel_benign{suffix}.pcap").findings if one.severity != "info"] == []
