"""MUD files (RFC 8520) as declarations."""

from __future__ import annotations

import csv
import json as standard
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdsi_audit.declarations import _mud_lists, _read, json, mud
from gdsi_audit.declarations._json_lines import located

DNS, NTP = "urn:ietf:params:mud:dns", "urn:ietf:params:mud:ntp"


def document(from_device=(), to_device=(), **container):
    policies = {"from": from_device, "to": to_device}
    return {
        "ietf-mud:mud": {
            "mud-version": 1,
            "mud-url": "https://cams.example/c1",
            "last-update": "2026-10-01T12:00:00+02:00",
            "systeminfo": "C1",
            "mfg-name": "Example Cameras",
            **{f"{way}-device-policy": {"access-lists": {"access-list": [{"name": way}]}} for way in policies},
            **container,
        },
        "ietf-access-control-list:acls": {
            "acl": [
                {"name": way, "type": "ipv4-acl-type", "aces": {"ace": [accepted(matches) for matches in entries]}}
                for way, entries in policies.items()
            ]
        },
    }


def accepted(matches):
    return {"name": "an-entry", "matches": matches, "actions": {"forwarding": "accept"}}


def read(*args, **kwargs):
    return mud.read(Path("c1.json"), standard.dumps(document(*args, **kwargs), indent=1).encode())


def tcp(remote_side, name, port, **more):
    side = {"dst": "destination", "src": "source"}[remote_side]
    return {
        "ipv4": {"protocol": 6, f"ietf-acldns:{remote_side}-dnsname": name},
        "tcp": {f"{side}-port": {"operator": "eq", "port": port}, **more},
    }


def stated(declared):
    """Destinations without the two that MUD implies."""
    return [item for item in declared.destinations if item.klass not in ("resolver", "time")]


def test_both_policies_make_one_destination():
    declared = read([tcp("dst", "API.cams.example.", 443, **{"ietf-mud:direction-initiated": "from-device"})], [tcp("src", "api.cams.example", 443)])
    (item,) = stated(declared)
    assert (item.name, item.transport, item.ports, item.source_ports, item.initiator) == ("api.cams.example", "tcp", ((443, 443),), (), "device")
    assert declared.closed and declared.by_vendor and declared.notes == () and declared.listeners == ()
    assert (declared.product.vendor, declared.product.model) == ("Example Cameras", "C1")
    (statement,) = declared.statements
    assert (statement.by, statement.text, statement.date) == ("vendor", "https://cams.example/c1", "2026-10-01")


def test_local_dns_and_ntp_need_no_entry():
    assert [item.klass for item in read().destinations] == ["resolver", "time"]
    explicit = read([{"ietf-mud:mud": {"controller": DNS}, "ipv4": {"protocol": 17}, "udp": {"destination-port": {"port": 53}}}])
    assert [(item.klass, item.ports) for item in explicit.destinations] == [("resolver", ((53, 53),)), ("time", ())]


@pytest.mark.parametrize(
    ("written", "ports"),
    [
        ({"operator": "eq", "port": 5}, ((5, 5),)),
        ({"port": 5}, ((5, 5),)),
        ({"operator": "lte", "port": 5}, ((0, 5),)),
        ({"operator": "gte", "port": 5}, ((5, 65535),)),
        ({"operator": "neq", "port": 5}, ((0, 4), (6, 65535))),
        ({"operator": "neq", "port": 0}, ((1, 65535),)),
        ({"lower-port": 5, "upper-port": 9}, ((5, 9),)),
        ({"operator": "eq", "lower-port": 5, "upper-port": 9}, ((5, 9),)),
        ({"lower-port": 5}, ((5, 5),)),
    ],
)
def test_port_operators(written, ports):
    (item,) = stated(read([{"ipv4": {"ietf-acldns:dst-dnsname": "a.example"}, "tcp": {"destination-port": written}}]))
    assert item.ports == ports and item.transport == "tcp"


@pytest.mark.parametrize(
    ("matches", "subject", "transport"),
    [
        ({"ipv4": {"destination-ipv4-network": "203.0.113.0/24", "protocol": 17}}, ip_network("203.0.113.0/24"), "udp"),
        ({"ipv6": {"destination-ipv6-network": "2001:db8::1", "protocol": 58}}, ip_network("2001:db8::1/128"), "icmp6"),
        ({"ipv4": {"ietf-acldns:dst-dnsname": "192.0.2.1", "protocol": 1}}, ip_network("192.0.2.1/32"), "icmp"),
        ({"ipv4": {"protocol": 2}}, ip_network("0.0.0.0/0"), "ip-2"),
        ({"ipv6": {"protocol": 6}}, ip_network("::/0"), "tcp"),
        ({"ietf-mud:mud": {"local-networks": [None]}, "ipv4": {"destination-ipv4-network": "224.0.0.251/32"}}, ip_network("224.0.0.251/32"), ""),
    ],
)
def test_prefixes_and_protocols(matches, subject, transport):
    (item,) = stated(read([matches]))
    assert (item.network, item.transport) == (subject, transport)


@pytest.mark.parametrize(
    ("abstraction", "needs"),
    [
        ({"controller": "https://hub.example/class"}, "controller https://hub.example/class"),
        ({"my-controller": [None]}, "my-controller"),
        ({"manufacturer": "cams.example"}, "manufacturer cams.example"),
        ({"same-manufacturer": [None]}, "same-manufacturer"),
        ({"model": "https://cams.example/c2"}, "model https://cams.example/c2"),
    ],
)
def test_what_a_site_has_to_bind_cannot_be_assessed_without(abstraction, needs, tmp_path):
    (item,) = stated(read([{"ietf-mud:mud": abstraction, "ipv4": {"protocol": 6}}]))
    assert (item.needs, item.transport) == (needs, "tcp") and item.title == needs and "bench" in item.not_assessable
    (tmp_path / "c1.json").write_text(standard.dumps(document([{"ietf-mud:mud": abstraction, "ipv4": {"protocol": 6}}])))
    key, value = next(iter(abstraction.items()))
    binding = {"my-controller": ("controller", key), "same-manufacturer": ("manufacturer", key)}.get(key, (key, value))
    bench = f'[statement]\nby = "tester"\n[[bench]]\nrole = "companion"\naddress = "192.168.1.7"\n{binding[0]} = "{binding[1]}"\n'
    (tmp_path / "bench.toml").write_text(bench)
    assert [note.kind for note in _read.read([tmp_path / "c1.json"]).notes] == ["unbound"]
    bound = _read.read([tmp_path / "c1.json", tmp_path / "bench.toml"])
    (item,) = stated(bound)
    assert (item.network, item.not_assessable, item.source.by) == (ip_network("192.168.1.7/32"), "", "vendor") and bound.notes == ()


def test_who_may_reach_the_device_from_the_local_network_makes_a_listener():
    local = {"ietf-mud:mud": {"local-networks": [None]}, "ipv4": {"protocol": 6}}
    begun_there = {**local, "tcp": {"destination-port": {"port": 554}, "ietf-mud:direction-initiated": "to-device"}}
    answer = {**local, "tcp": {"source-port": {"port": 554}}}
    declared = read([answer], [begun_there])
    (item,) = stated(declared)
    assert (item.klass, item.source_ports, item.initiator) == ("local-network", ((554, 554),), "remote")
    assert [(one.port, one.transport, one.sender) for one in declared.listeners] == [(554, "tcp", "local")]


@pytest.mark.parametrize(
    ("far", "sender"),
    [({"source-ipv4-network": "198.51.100.0/24"}, ["198.51.100.0/24"]), ({}, ["0.0.0.0/0"]), ({"ietf-acldns:src-dnsname": "a.example"}, [])],
)
def test_a_prefix_that_may_call_makes_a_listener(far, sender):
    called = {"ipv4": {"protocol": 17, **far}, "udp": {"destination-port": {"port": 53}}}
    assert [one.sender for one in read([], [called]).listeners] == sender
    answers_of_a_port = {**called, "udp": {"destination-port": {"port": 53}, "source-port": {"port": 53}}}
    assert read([], [answers_of_a_port]).listeners == ()


@pytest.mark.parametrize(
    ("from_device", "to_device", "initiator"),
    [("from-device", None, "device"), (None, "to-device", "remote"), ("from-device", "to-device", ""), (None, None, "")],
)
def test_who_may_begin(from_device, to_device, initiator):
    written = [{"ietf-mud:direction-initiated": word} if word else {} for word in (from_device, to_device)]
    declared = read([tcp("dst", "a.example", 443, **written[0])], [tcp("src", "a.example", 443, **written[1])])
    assert [item.initiator for item in stated(declared)] == [initiator]


def test_a_name_that_begins_is_a_remote_initiator_and_no_listener():
    entry = {
        "ipv4": {"protocol": 6, "ietf-acldns:src-dnsname": "a.example"},
        "tcp": {"destination-port": {"port": 22}, "ietf-mud:direction-initiated": "to-device"},
    }
    declared = read([], [entry])
    assert [(item.name, item.source_ports, item.initiator) for item in stated(declared)] == [("a.example", ((22, 22),), "remote")]
    assert declared.listeners == ()


@pytest.mark.parametrize(
    ("matches", "told"),
    [
        ({"ipv4": {"ietf-acldns:dst-dnsname": "a.example", "dscp": 5}}, "ipv4/dscp"),
        ({"ipv4": {"ietf-acldns:dst-dnsname": "a.example", "ietf-acldns:src-dnsname": "b.example"}}, "ipv4/ietf-acldns:src-dnsname"),
        ({"icmp": {"type": 8}, "ipv4": {"protocol": 1}}, "icmp/type"),
        ({"eth": {"ethertype": "0x888e"}}, "an entry without IP"),
        ({"ipv6": {"protocol": 0}}, "ipv6/protocol 0"),
        ({"ipv6": {"destination-ipv6-network": "192.168.1.1"}}, "ipv6/destination-ipv6-network of the other IP version"),
        ({"ipv4": {"ietf-acldns:dst-dnsname": "a.example", "destination-ipv4-network": "192.0.2.0/24"}}, "192.0.2.0/24 beside a narrower match"),
    ],
)
def test_what_is_not_compared_is_told(matches, told):
    assert [note.text.split(": ")[0] for note in read([matches]).notes if note.kind == "not_compared"] == [told]


def test_an_entry_that_drops_declares_nothing():
    written = document([tcp("dst", "a.example", 443)])
    written["ietf-access-control-list:acls"]["acl"][0]["aces"]["ace"][0]["actions"]["forwarding"] = "drop"
    declared = mud.read(Path("c1.json"), standard.dumps(written).encode())
    assert stated(declared) == [] and declared.notes[0].text.startswith("an entry that drops: in 1 access control entry")


def test_unknown_parts_of_the_container_and_end_of_support_are_told():
    notes = read(**{"is-supported": False, "qos\x1b[2J": 1}).notes
    assert [(note.kind, note.text.split(":")[0]) for note in notes] == [
        ("not_compared", "qos\\x1b[2J"),
        ("unsupported", "the maker no longer supports this device"),
    ]


NAMED = {"ipv4": {"ietf-acldns:dst-dnsname": "a.example"}}

WRONG = [
    (document([{"ipv4": {"ietf-acldns:dst-dnsname": "*.example.com"}}]), '"ietf-acldns:dst-dnsname" is wrong: "*.example.com" is no host name'),
    (document([{**NAMED, "tcp": {"destination-port": {"port": 70000}}}]), "must be between 0 and 65535"),
    (document([{**NAMED, "tcp": {"destination-port": {"operator": "between", "port": 1}}}]), 'has no word "between"; it is one of eq, lte'),
    (document([{**NAMED, "tcp": {"destination-port": {"operator": ["eq"], "port": 1}}}]), '"destination-port" must be text, not a list'),
    (document([{**NAMED, "tcp": {"destination-port": 443}}]), '"destination-port" must be a table, not a number'),
    (document([{**NAMED, "tcp": {"ietf-mud:direction-initiated": "both"}}]), 'direction-initiated must be "from-device"'),
    (document([{"ietf-mud:mud": {"local-network": [None]}}]), 'unknown abstraction "local-network"; did you mean "local-networks"?'),
    (document([{"ipv4": {"protocol": 17}, "tcp": {}}]), "matches tcp and protocol 17 at once"),
    (document([{**NAMED, "tcp": {}, "udp": {}}]), "matches tcp and udp at once"),
    (document(**{"mud-version": True}), '"mud-version" must be 1'),
    (document([{**NAMED, "tcp": {"destination-port": {"\x1b[2J\n": 1}}}]), "must be a whole number, not nothing"),
    (document(**{"from-device-policy": {"access-lists": {"access-list": [{"name": "\x1b[2J\n"}]}}}), 'no access list "\\x1b[2J\\n"'),
    ({**document(), "ietf-access-control-list:acls": {"acl": [{"name": "to"}, {"name": "to"}]}}, 'there are two access lists "to"'),
    (document([{"ipv4": []}]), '"ipv4" must be a table, not a list'),
    (document(**{"mud-version": 2}), '"mud-version" must be 1'),
    (document(**{"systeminfo": 1}), '"systeminfo" must be text'),
    ({"ietf-mud:mud": []}, "ietf-mud:mud must be a table, not a list"),
    ({**document(), "ietf-access-control-list:acls": {"acl": []}}, 'there is no access list "from"'),
]


@pytest.mark.parametrize(("written", "message"), WRONG)
def test_what_is_wrong_is_named_with_file_and_line(written, message):
    with pytest.raises(ValueError) as raised:
        mud.read(Path("c1.json"), standard.dumps(written, indent=1).encode())
    assert str(raised.value).startswith("c1.json:") and message in str(raised.value)


def test_only_files_with_the_container_are_claimed():
    assert mud.claims(standard.dumps(document()).encode()) and not json.claims(standard.dumps(document()).encode())
    for plain in (b'{"product": {}}', b'{"product": {"vendor": "\\"ietf-mud:mud\\""}}', b'{"product": {"vendor": "ietf-mud:mud"}}'):
        assert json.claims(plain) and not mud.claims(plain)


def test_published_files_are_read_whole(shared_captures):
    folder = shared_captures.parent / "mud"
    with (folder / "MANIFEST.csv").open() as opened:
        for row in csv.DictReader(opened):
            path = folder / row["file"]
            declared = _read.read([path])
            document_read, _ = located(path.read_text())
            assert len(list(_mud_lists.entries(document_read))) == int(row["aces"]), path.name
            assert sorted({item.name for item in declared.destinations if item.name}) == row["dns_names"].split(), path.name


parts = st.recursive(
    st.sampled_from([None, 1, 6, 70000, "", "a.example", "eq", DNS, "192.0.2.0/24", True]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(
                [
                    "ipv4",
                    "ipv6",
                    "tcp",
                    "udp",
                    "icmp",
                    "eth",
                    "ietf-mud:mud",
                    "protocol",
                    "port",
                    "lower-port",
                    "operator",
                    "destination-port",
                    "controller",
                ]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(parts, max_size=3), parts, st.sampled_from(["mud-version", "systeminfo", "from-device-policy", "last-update", "x"]))
def test_any_entry_is_read_or_a_value_error(entries, value, key):
    for written in (document(entries, entries), document(**{key: value}), {"ietf-mud:mud": value}):
        try:
            assert mud.read(Path("x"), standard.dumps(written).encode()).closed
        except ValueError as error:
            assert str(error).startswith("x:")
