"""Names shown to somebody else."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from types import SimpleNamespace

import pandas as pd
import pytest

from gdsi_audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors.decoy_name import detect
from gdsi_audit.geo import Place
from gdsi_audit.naming.mismatches import Network, plain
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._certificate import Certificate
from gdsi_audit.protocols._certificate_facts import CertificateFacts
from gdsi_audit.protocols._client_hello import ClientHello
from gdsi_audit.traffic import ANSWERS

START = 1_790_000_000 * 10**9
FLOW = "remote name name_source up_bytes\n{remote}:443 api.cams.example tls-sni 90000"
HETZNER, AMAZON = Network(24940, "Hetzner Online"), Network(16509, "Amazon")
HELLO = ClientHello("api.cams.example", 0x0303, 0x0303, (), (0xC02B,), (0,), (), (), (), (), "", False, False, False, False, "", "")
LEAF = CertificateFacts(sha256="00", subject="CN=x", issuer="CN=ca", dns_names=("relay.tracking.example",))


def answered(*pairs: str, before_s: int = 10, ttl_s: int = 300):
    """ANSWERS of `name address`."""
    shared = dict(
        capture=0, frame=1, time=START - before_s * 10**9, client="192.168.1.50", server="192.168.1.1", ttl_s=ttl_s, chain="", solicited=True
    )
    rows = [{**shared, "name": pair.split()[0], "address": pair.split()[1]} for pair in pairs]
    return pd.DataFrame(rows, columns=list(ANSWERS)).astype(ANSWERS)


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


def elsewhere(device_traffic, remote="116.202.1.1", *, told="52.28.0.10", networks=None, answers=None, table=FLOW, **given):
    networks = {"116.202.1.1": HETZNER, "52.28.0.10": AMAZON} if networks is None else networks
    answers = answered(f"api.cams.example {told}") if answers is None else answers
    return device_traffic(table.format(remote=remote), answer_table=answers, networks=networks, **given)


def test_an_address_of_another_organisation(device_traffic, declared):
    traffic = elsewhere(device_traffic)
    assert found(traffic) == [("116.202.1.1 as api.cams.example", "medium")]
    (one,) = detect(traffic, declared("*.cams.example"))
    assert (one.severity, one.confidence, one.contradicts) == ("high", "medium", ())
    assert "DNS gave this device only 52.28.0.10 (AS16509 Amazon)" in one.observation and "is a declared name" in one.observation
    assert found(traffic, declared(Destination(network=ip_network("116.202.0.0/16")))) == []


@pytest.mark.parametrize(
    ("answers", "networks"),
    [
        (answered("api.cams.example 116.202.1.1"), None),
        (answered("api.cams.example 52.28.0.10", "api.cams.example 116.202.1.1"), None),
        (answered("other.example 52.28.0.10"), None),
        (answered("api.cams.example 52.28.0.10", "img.cams.example 116.202.1.1"), None),
        (answered("api.cams.example 52.28.0.10"), {"116.202.1.1": AMAZON, "52.28.0.10": AMAZON}),
        (answered("api.cams.example 52.28.0.10"), {"116.202.1.1": Network(14618, "Amazon"), "52.28.0.10": AMAZON}),
        (answered("api.cams.example 116.202.9.9"), {}),
        (answered("api.cams.example 2a05:d014:1::10"), {}),
        (answered("api.cams.example 52.28.0.10", before_s=-60), None),
    ],
)
def test_rotation_siblings_and_answers_from_before(device_traffic, answers, networks):
    assert found(elsewhere(device_traffic, answers=answers, networks=networks)) == []


def test_doubts_make_it_low(device_traffic, declared):
    old = answered("api.cams.example 52.28.0.10", before_s=7200, ttl_s=60)
    assert found(elsewhere(device_traffic, answers=old)) == [("116.202.1.1 as api.cams.example", "low")]
    assert found(elsewhere(device_traffic, networks={}), declared("*.cams.example")) == [("116.202.1.1 as api.cams.example", "low")]


@pytest.mark.parametrize("cells", ["nameable\n{} no", "down_bytes\n{} 0", "initiator\n{} remote", "remote_is_local\n{} yes"])
def test_what_shows_no_name_of_its_own_to_anyone(device_traffic, cells):
    header, line = cells.split("\n")
    table = f"remote name name_source {header}\n{line.format('116.202.1.1:443 api.cams.example tls-sni')}"
    assert found(elsewhere(device_traffic, table=table)) == []


def test_addresses_that_stand_for_ipv4():
    assert plain("64:ff9b::341c:a") == "52.28.0.10"
    assert plain("64:ff9c::1") == "64:ff9c::1"


def messages(body, *, from_responder: bool) -> dict[str, tuple[Message, ...]]:
    return {"tls": (Message(16, 1, START, "tls", from_responder, body),)}


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (LEAF, "medium"),
        (replace(LEAF, dns_names=("*.cams.example",)), None),
        (replace(LEAF, dns_names=("other.cams.example",)), None),
        (replace(LEAF, dns_names=(), common_name="localhost"), None),
        (replace(LEAF, dns_names=(), subject="CN=www.l7xvysfnvkb.net", common_name="www.l7xvysfnvkb.net", issuer="CN=www.a3uycdf3rn5md.com"), None),
        (replace(LEAF, unreadable="it breaks off"), None),
    ],
)
def test_certificates(device_traffic, leaf, expected):
    traffic = device_traffic(FLOW.format(remote="203.0.113.9"), messages=messages(Certificate((leaf,)), from_responder=True))
    assert [severity for _, severity in found(traffic)] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("suites", "expected"), [((0x042C, 0x20AA, 0xA5E3, 0xB27B), 1), ((0xC02B, 0x20AA, 0xA5E3, 0x1301), 0), ((0x010080, 0x020080) * 3, 0)]
)
def test_a_hello_that_is_no_tls(device_traffic, suites, expected):
    traffic = device_traffic(FLOW.format(remote="203.0.113.9"), messages=messages(replace(HELLO, cipher_suites=suites), from_responder=False))
    assert len(found(traffic)) == expected


def test_an_address_declared_by_its_network(device_traffic, declared):
    traffic = elsewhere(device_traffic, places={"116.202.1.1": Place(asn=24940)})
    assert found(traffic, declared(Destination(asn=24940), "*.cams.example")) == []


@pytest.mark.parametrize(("suffix", "address"), [("", "116.202.1.1"), ("_v6", "2a01:4f8:1::1")])
def test_the_captures(repository, suffix, address):
    folder = repository / "captures" / "detectors"
    mine = [one for one in audit(folder / f"decoy_name{suffix}.pcap").findings if one.detector == "decoy_name"]
    names = ("api", "img", "media", "time")
    assert sorted((one.subject, one.severity) for one in mine) == [(f"{address} as {name}.cams.example", "medium") for name in names]
    assert all(evidence.display_filter for one in mine for evidence in one.evidence)
    assert [one for one in audit(folder / f"decoy_name_benign{suffix}.pcap").findings if one.severity != "info"] == []


def request(*hosts: str, target: str = "/", hands_over: bool = False):
    return SimpleNamespace(hosts=hosts, target=target, hands_over=hands_over, content_type="", headers=())


def test_two_names_in_one_connection(device_traffic):
    absolute = {
        "http": (Message(16, 1, START, "http", False, request("api.cams.example", "relay.tracking.example", target="http://api.cams.example/")),)
    }
    (one,) = detect(device_traffic("remote\n203.0.113.9:80", messages=absolute), NOTHING_DECLARED)
    assert (one.subject, one.severity) == ("203.0.113.9 as api.cams.example", "medium")
    assert "it asked for relay.tracking.example" in one.observation
    same = {"http": (Message(16, 1, START, "http", False, request("api.cams.example", "img.cams.example")),)}
    assert found(device_traffic("remote\n203.0.113.9:80", messages=same)) == []


@pytest.mark.parametrize(("asked", "expected"), [("front.example", 1), ("www.cams.example", 0), ("198.51.100.7", 0)])
def test_a_proxy_asked_for_one_name_and_shown_another(device_traffic, asked, expected):
    connect = Message(16, 1, START, "http", False, request(asked, target=f"{asked}:443", hands_over=True))
    inside = Message(16, 2, START, "tls", False, HELLO)
    assert len(found(device_traffic("remote\n203.0.113.9:3128", messages={"http": (connect,), "tls": (inside,)}))) == expected


def test_what_goes_through_a_proxy_is_not_shown_to_the_name(device_traffic):
    proxied = {"http": (Message(16, 1, START, "http", False, request("api.cams.example", target="http://api.cams.example/")),)}
    table = FLOW.format(remote="116.202.1.1").replace("tls-sni", "http-host")
    assert found(elsewhere(device_traffic, table=table, messages=proxied)) == []
    assert len(found(elsewhere(device_traffic, table=table))) == 1


def test_a_device_that_asks_resolvers_nobody_overhears(device_traffic):
    table = (
        f"{FLOW.format(remote='116.202.1.1')}\n8.8.8.8:853 - - 2000".replace("up_bytes\n", "up_bytes service\n")
        .replace("90000", "90000 tls")
        .replace(" 2000", " 2000 tls")
    )
    (one,) = detect(elsewhere(device_traffic, table=table), NOTHING_DECLARED)
    assert (one.severity, one.confidence) == ("low", "low") and "cannot be overheard" in one.observation
