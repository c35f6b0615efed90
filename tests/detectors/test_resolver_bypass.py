"""Names looked up where the network cannot see it."""

from __future__ import annotations

from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from gdsi_audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors import _resolver_roles
from gdsi_audit.detectors.resolver_bypass import detect
from gdsi_audit.protocols import Message

OFFERED = {"resolver": ("192.168.1.1",)}
PLAIN = "remote transport service up_bytes down_bytes\n{}:53 udp dns 40 80"
SECRET = "remote name name_source service up_bytes\n{} tls 2000"


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


@pytest.mark.parametrize(
    ("address", "offered", "expected"),
    [
        ("9.9.9.9", OFFERED, [("9.9.9.9 (DNS)", "low")]),
        ("192.168.1.9", OFFERED, [("192.168.1.9 (DNS)", "low")]),
        ("192.168.1.1", OFFERED, []),
        ("9.9.9.9", {}, []),
        ("9.9.9.9", {"resolver": ("fd00::1",)}, []),
        ("[2620:fe::fe]", OFFERED, []),
        ("[2620:fe::fe]", {"resolver": ("fd00::1",)}, [("2620:fe::fe (DNS)", "low")]),
        ("[fe80::1]", {"resolver": ("fd00::1",)}, []),
    ],
)
def test_plain_dns_against_the_offer(device_traffic, address, offered, expected):
    assert found(device_traffic(PLAIN.format(address), offered=offered)) == expected


@pytest.mark.parametrize(("inside", "outside"), [("192.168.1.1", "9.9.9.9"), ("[fd00::1]", "[2620:fe::fe]")])
def test_a_resolver_beside_the_network_s_own_where_no_offer_was_captured(device_traffic, declared, inside, outside):
    table = f"{PLAIN.format(inside)}\n{outside}:53 udp dns 40 80"
    expected = [(f"{outside.strip('[]')} (DNS)", "low")]
    assert found(device_traffic(table)) == expected
    assert found(device_traffic(table), declared("*.cams.example", Destination(klass="resolver"))) == expected
    by_address = Destination(network=ip_network(outside.strip("[]")))
    assert [severity for _, severity in found(device_traffic(table), declared("*.cams.example", by_address))] == ["info"]
    assert found(device_traffic(table.replace("dns 40 80", "dns 40 0", 1))) == []
    assert found(device_traffic(f"{PLAIN.format('9.9.9.9')}\n8.8.8.8:53 udp dns 40 80")) == []


def test_an_offer_in_the_other_address_family_only(device_traffic):
    table = f"{PLAIN.format('192.168.1.1')}\n[2620:fe::fe]:53 udp dns 40 80"
    assert found(device_traffic(table, offered=OFFERED)) == [("2620:fe::fe (DNS)", "low")]
    assert found(device_traffic(table, offered={"resolver": ("192.168.1.1", "2620:fe::fe")})) == []
    assert found(device_traffic(table.replace("dns 40 80", "dns 40 0", 1), offered=OFFERED)) == []


@pytest.mark.parametrize("address", ["9.9.9.9:9953", "[2620:fe::fe]:9953"])
def test_a_port_that_nobody_can_offer(device_traffic, address):
    table = PLAIN.replace("{}:53", address)
    assert [severity for _, severity in found(device_traffic(table))] == ["low"]
    assert found(device_traffic(table.replace("9.9.9.9", "192.168.1.9").replace("[2620:fe::fe]", "192.168.1.9"))) == []


def test_severity_follows_the_declaration(device_traffic, declared):
    traffic = device_traffic(PLAIN.format("9.9.9.9"), offered=OFFERED)
    assert found(traffic, declared("*.cams.example")) == [("9.9.9.9 (DNS)", "low")]
    assert found(traffic, declared("*.cams.example", closed=True)) == [("9.9.9.9 (DNS)", "medium")]
    (one,) = detect(traffic, declared("*.cams.example", Destination(klass="resolver")))
    assert (one.severity, [broken.field for broken in one.contradicts]) == ("medium", ["class"])
    inside = device_traffic(PLAIN.format("192.168.1.1"), offered=OFFERED)
    assert found(inside, declared("*.cams.example", Destination(klass="resolver"))) == []


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ("8.8.8.8:443 dns.google tls-sni", "dns.google (DNS over HTTPS)"),
        ("[2001:4860:4860::8888]:443 - -", "2001:4860:4860::8888 (DNS over HTTPS)"),
        ("203.0.113.9:443 abc123.dns.nextdns.io tls-sni", "nextdns.io (DNS over HTTPS)"),
        ("203.0.113.9:853 - -", "203.0.113.9 (DNS over TLS)"),
        ("203.0.113.9:443 doh.tracking.example tls-sni", "tracking.example (DNS over HTTPS)"),
        ("203.0.113.9:443 dns.tracking.example tls-sni", "tracking.example (DNS over HTTPS)"),
    ],
)
def test_encrypted_lookups(device_traffic, declared, cells, kind):
    traffic = device_traffic(SECRET.format(cells))
    assert found(traffic) == [(kind, "low")]
    assert found(traffic, declared("*.cams.example")) == [(kind, "low")]
    assert found(traffic, declared("*.cams.example", Destination(klass="resolver"))) == [(kind, "medium")]
    assert found(device_traffic(SECRET.format(cells).replace("2000", "600")), declared("*.cams.example", Destination(klass="resolver"))) == [
        (kind, "low")
    ]


def test_a_declared_resolver(device_traffic, declared):
    traffic = device_traffic(SECRET.format("8.8.8.8:443 dns.google tls-sni"))
    assert found(traffic, declared("dns.google", Destination(klass="resolver"))) == [("dns.google (DNS over HTTPS)", "info")]


@pytest.mark.parametrize("cells", ["192.168.1.1:853 - -", "203.0.113.9:443 dohertys.example tls-sni", "203.0.113.9:443 www.example tls-sni"])
def test_what_is_no_bypass(device_traffic, cells):
    assert found(device_traffic(SECRET.format(cells), offered=OFFERED)) == []


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (dict(target="/dns-query?dns=AAABAAAB"), "DNS over HTTPS"),
        (dict(target="/x", content_type="application/dns-message"), "DNS over HTTPS"),
        (dict(target="/x", content_type="application/oblivious-dns-message"), "oblivious DNS"),
        (dict(target="/x", headers=(("accept", "application/dns-json"),)), "DNS over HTTPS"),
        (dict(target="/resolve?name=sync.cams.example&type=A"), "look-ups over HTTP"),
        (dict(target="/d?ttl=1&dn=sync.cams.example"), "look-ups over HTTP"),
        (dict(target="/131950/d?host=sync.cams.example"), "look-ups over HTTP"),
        (dict(target="/resolve?name=kitchen"), None),
        (dict(target="/download?host=a"), None),
        (dict(target="/v1/id?dn=x.example"), None),
    ],
)
def test_readable_requests(device_traffic, asked, kind):
    body = SimpleNamespace(**{"content_type": "", "headers": (), **asked})
    messages = {"http": (Message(16, 1, 0, "http", False, body),)}
    expected = [(f"203.0.113.9 ({kind})", "low")] if kind else []
    assert found(device_traffic("remote service\n203.0.113.9:80 http", messages=messages)) == expected


def test_roles():
    assert [_resolver_roles.by_name(name) for name in ("dns.google", "x.dns.google", "evildns.google", "dns.example")] == ["known", "known", "", ""]
    assert [_resolver_roles.by_address(address) for address in ("8.8.8.8", "45.90.28.77", "45.90.29.1", "8.8.8.9")] == [True, True, False, False]


EXPECTED = {
    ("{hosted} (DNS)", "low"),
    ("{quad9} (DNS)", "medium"),
    ("quad9.net (DNS over TLS)", "medium"),
    ("tracking.example (DNS over QUIC)", "medium"),
    ("dns.google (DNS over HTTPS)", "medium"),
    ("{cloudflare} (DNS over HTTPS)", "medium"),
    ("tracking.example (DNS over HTTPS)", "low"),
    ("{hosted} (look-ups over HTTP)", "medium"),
    ("{interface} (look-ups over HTTP)", "medium"),
}
V4 = dict(hosted="116.202.1.1", quad9="9.9.9.9", cloudflare="1.1.1.1", interface="52.28.0.10")
V6 = dict(hosted="2a01:4f8:1::1", quad9="2620:fe::fe", cloudflare="2606:4700:4700::1111", interface="2a05:d014:1::10")


@pytest.mark.parametrize(("suffix", "words"), [("", V4), ("_v6", V6)])
def test_the_captures(repository, suffix, words):
    folder = repository / "captures" / "detectors"
    declaration = folder / "resolver_bypass.toml"
    mine = [one for one in audit(folder / f"resolver_bypass{suffix}.pcap", declaration).findings if one.detector == "resolver_bypass"]
    assert {(one.subject, one.severity) for one in mine} == {(subject.format(**words), severity) for subject, severity in EXPECTED}
    unstated = [one for one in audit(folder / f"resolver_bypass{suffix}.pcap").findings if one.detector == "resolver_bypass"]
    assert {one.severity for one in unstated} == {"low"} and len(unstated) == len(EXPECTED)
    assert [one for one in audit(folder / f"resolver_bypass_benign{suffix}.pcap", declaration).findings if one.severity != "info"] == []
