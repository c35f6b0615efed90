"""Names hidden inside handshakes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from gdsi_audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors.hidden_name import detect
from gdsi_audit.matching import matches
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._client_hello import ClientHello
from gdsi_audit.protocols._dns_message import DnsMessage, Question
from gdsi_audit.protocols._dns_records import Record, ServiceBinding

FRONT = "front.content.example"


def hello(name: str, *, ech: str = "offered", esni: bool = False) -> ClientHello:
    return ClientHello(name, 0x0304, 0x0303, (0x0304,), (0x1301,), (), (), (), (), (), ech, esni, False, False, False, "", "")


def binding(owner: str, *public_names: str) -> Message:
    record = Record(owner, 65, 1, 300, 0, ServiceBinding(1, ".", (), 0, (), (), True, public_names))
    body = DnsMessage(1, True, 0, 0, False, (Question(owner, 65, 1),), (record,), (), (), 1, 0, False)
    return Message(160, 1, 0, "dns", True, body)


def seen(device_traffic, *hellos, bindings=(), header="remote name name_source", lines=None, protocol="tls", **given):
    lines = [f"203.0.113.{9 + number}:443 {one.server_name or '-'} {'tls-sni' if one.server_name else '-'}" for number, one in enumerate(hellos)]
    ids = device_traffic("\n".join([header, *lines])).tables.flows["flow"].tolist()
    bodies = [one if protocol == "tls" else SimpleNamespace(client_hello=one) for one in hellos]
    messages = {protocol: tuple(Message(flow, 1, 0, protocol, False, body) for flow, body in zip(ids, bodies, strict=True)), "dns": tuple(bindings)}
    return device_traffic("\n".join([header, *lines]), messages=messages, **given)


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


@pytest.mark.parametrize("protocol", ["tls", "quic"])
def test_a_configuration_that_is_used(device_traffic, declared, protocol):
    traffic = seen(device_traffic, hello(FRONT), bindings=[binding("relay.example", FRONT)], protocol=protocol)
    subject = f"{FRONT} (encrypted client hello)"
    assert found(traffic) == [(subject, "low")]
    assert found(traffic, declared("*.cams.example")) == [(subject, "medium")]
    assert found(traffic, declared("relay.example")) == [(subject, "info")]
    assert found(traffic, declared(FRONT)) == [(subject, "low")]
    assert found(traffic, declared(Destination(network=ip_network("203.0.113.0/24")))) == [(subject, "info")]


@pytest.mark.parametrize(
    ("answers", "item", "verdict"),
    [
        ((), FRONT, "not_observable"),  # the front's name acquits nobody
        ((), "api.cams.example", "not_observable"),  # nor accuses
        (("relay.example 203.0.113.9",), "relay.example", "declared"),
        (("relay.example 203.0.113.9",), FRONT, "not_observable"),
        (("relay.example 203.0.113.9", "api.cams.example 203.0.113.9"), "relay.example", "ambiguous"),
        (("relay.example 203.0.113.9", "api.cams.example 203.0.113.9"), FRONT, "not_observable"),
    ],
)
def test_a_flow_is_never_matched_by_the_name_of_a_front(device_traffic, declared, answers, item, verdict):
    traffic = seen(device_traffic, hello(FRONT), hello("api.cams.example"), bindings=[binding("relay.example", FRONT)], answers=answers)
    found = matches(traffic, declared(item))
    assert (found["verdict"][0], bool(found["confident"][0])) == (verdict, verdict == "not_observable" and not answers)
    assert found["verdict"][1] == ("declared" if item == "api.cams.example" else "undeclared"), "filling beside a name of its own"
    plain = seen(device_traffic, hello(FRONT, ech=""), bindings=[binding("relay.example", FRONT)])
    assert matches(plain, declared(FRONT))["verdict"].tolist() == ["declared"], "whoever calls the front itself"


@pytest.mark.parametrize(("shown", "configured"), [(FRONT, "Front.Content.EXAMPLE"), (FRONT, FRONT + "."), (FRONT + ".", FRONT)])
def test_a_front_is_one_whatever_its_spelling(device_traffic, declared, shown, configured):
    traffic = seen(device_traffic, hello(shown), bindings=[binding("relay.example", configured)])
    assert matches(traffic, declared(FRONT))["verdict"].tolist() == ["not_observable"]


@pytest.mark.parametrize(
    ("name", "bindings", "expected"),
    [
        ("cloudflare-ech.com", (), [("cloudflare-ech.com (encrypted client hello)", "low")]),
        ("www.example", (), [("encrypted client hello, real or filler", "info")]),
        ("www.example", (binding("www.example", FRONT),), [("encrypted client hello, real or filler", "info")]),
        ("www.example", (binding("www.example"),), [("www.example (encrypted client hello)", "low")]),
    ],
)
def test_real_or_filling(device_traffic, name, bindings, expected):
    assert found(seen(device_traffic, hello(name), bindings=bindings)) == expected


def test_another_name_at_an_address_that_was_looked_up(device_traffic):
    traffic = seen(device_traffic, hello("www.example"), bindings=[binding("relay.example")], answers=["relay.example 203.0.113.9"])
    assert found(traffic) == [("www.example (encrypted client hello)", "low")]


def test_the_older_extension(device_traffic, declared):
    traffic = seen(device_traffic, hello("", ech="", esni=True))
    assert found(traffic) == [("203.0.113.9 (encrypted server name)", "low")]
    assert found(traffic, declared("*.cams.example")) == [("203.0.113.9 (encrypted server name)", "medium")]


def test_hellos_without_a_name(device_traffic, declared):
    nameless, named = hello("", ech=""), hello("api.cams.example", ech="")
    assert found(seen(device_traffic, nameless)) == []
    traffic = seen(device_traffic, named, nameless)
    assert found(traffic) == [("203.0.113.10 (no server name)", "low")]
    assert found(traffic, declared("*.cams.example")) == [("203.0.113.10 (no server name)", "medium")]


def test_the_name_of_a_front_stays_one_where_hellos_were_not_kept(device_traffic, declared):
    traffic = seen(device_traffic, hello("cloudflare-ech.com"))
    unkept, plain = replace(traffic, messages={}, kept_until={"tls": 0}), replace(traffic, messages={})
    verdicts = [matches(one, declared("api.cams.example"))["verdict"].tolist() for one in (traffic, unkept, plain)]
    assert verdicts == [["not_observable"], ["not_observable"], ["undeclared"]]


def test_plain_hellos_are_silent(device_traffic):
    assert found(seen(device_traffic, hello("api.cams.example", ech=""))) == []


EXPECTED = [
    ("116.202.1.1 (encrypted server name)", "2a01:4f8:1::1 (encrypted server name)"),
    ("116.202.1.2 (no server name)", "2a01:4f8:1::2 (no server name)"),
]
FRONTS = [f"{name} (encrypted client hello)" for name in ("cloudflare-ech.com", FRONT)]


@pytest.mark.parametrize(("suffix", "version"), [("", 0), ("_v6", 1)])
def test_the_captures(repository, suffix, version):
    folder = repository / "captures" / "detectors"
    mine = [one for one in audit(folder / f"hidden_name{suffix}.pcap").findings if one.detector == "hidden_name"]
    assert [(one.subject, one.severity) for one in mine] == [(subject, "low") for subject in (*(pair[version] for pair in EXPECTED), *FRONTS)]
    benign = audit(folder / f"hidden_name_benign{suffix}.pcap").findings
    assert [(one.detector, one.severity) for one in benign] == [("hidden_name", "info")]
