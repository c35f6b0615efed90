"""Which item covers a flow: by its own strongest name, its address, its network, or as a class."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import numpy as np
import pandas as pd
import pytest

from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Destination, Listener, Product, Source
from gdsi_audit.geo import Place
from gdsi_audit.matching import matches, possible, used
from gdsi_audit.traffic import DNS

NAMED = """
remote             name                  name_source  ambiguous  nameable
203.0.113.1:443    api.cams.example      tls-sni      -          -
203.0.113.2:443    evil-cams.example     tls-sni      -          -
203.0.113.3:443    cams.example          dns          -          -
203.0.113.4:443    a.b.cams.example      quic-sni     -          -
203.0.113.5:443    api.cams.example      dns          yes        -
203.0.113.6:443    api.cams.example      dns-expired  -          -
203.0.113.7:443    other.example         dns-expired  -          -
203.0.113.8:443    api.cams.example      certificate  -          -
203.0.113.9:443    -                     -            -          yes
203.0.113.10:443   -                     -            -          no
"""


def over_ipv6(table: str) -> str:
    """The same table with IPv6 twins of its addresses."""
    return table.replace("203.0.113.", "2001:db8:f::").replace("192.168.1.50:", "[2001:db8::50]:")


def bracketed(table: str) -> str:
    lines = over_ipv6(table).splitlines()
    return "\n".join(" ".join(f"[{c.rpartition(':')[0]}]:{c.rpartition(':')[2]}" if c.startswith("2001:") else c for c in x.split()) for x in lines)


@pytest.mark.parametrize("twin", [str, bracketed], ids=["IPv4", "IPv6"])
def test_names_declare_only_their_own_flow(device_traffic, declared, twin):
    answers = [twin_address(twin, "api.cams.example 203.0.113.5"), twin_address(twin, "other.example 203.0.113.5")]
    found = matches(device_traffic(twin(NAMED), answers=answers), declared("*.cams.example"))
    assert found["verdict"].tolist() == [
        *("declared", "undeclared", "undeclared", "declared", "ambiguous"),
        *("declared", "not_observable", "not_observable", "unnamed", "not_observable"),
    ]
    assert found["confident"].tolist() == [True, True, True, True, False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("remote", "cells", "expected"),
    [
        ("203.0.113.9:8443", "- - no", (1,)),
        ("203.0.113.9:443", "- - no", (0, 1)),
        ("203.0.113.9:443", "- - yes", ()),
        ("203.0.113.9:443", "other.example dns-expired no", ()),
        ("192.168.1.9:443", "- - no", ()),
    ],
)
def test_items_that_may_be_behind_flows_without_a_name(device_traffic, declared, remote, cells, expected):
    items = (Destination(name="a.example", ports=((443, 443),)), Destination(name="b.example"), Destination(network=ip_network("198.51.100.0/24")))
    declaration = declared(*items, Destination(name="c.example", transport="udp"))
    traffic = device_traffic(f"remote name name_source nameable\n{remote} {cells}")
    assert possible(traffic, declaration, np.array([0])) == tuple(declaration.destinations[row] for row in expected)


@pytest.mark.parametrize(
    ("why", "query", "qtype", "answered", "sure"),
    [
        ("its answer was not captured", "api.cams.example", 1, (), False),
        ("it was answered", "api.cams.example", 1, (1,), True),
        ("only its twin was answered", "api.cams.example", 1, (28,), False),
        ("it asked for addresses of the other version", "api.cams.example", 28, (), True),
        ("it asked for another name", "other.example", 1, (), True),
        ("the item is for another port", "mqtt.cams.example", 1, (), True),
    ],
)
def test_an_answer_that_was_not_captured_may_have_named_it(device_traffic, declared, why, query, qtype, answered, sure):
    asked = dict(flow=9, capture=0, frame=1, time=0, client="192.168.1.50", server="192.168.1.1", server_port=53, response=False, query=query,
                 qtype=qtype, rcode=0, answers=0, message_bytes=40, solicited=True)  # fmt: skip
    rows = [asked, *({**asked, "response": True, "qtype": one} for one in answered)]
    traffic = device_traffic("remote nameable\n203.0.113.9:443 yes", dns=pd.DataFrame(rows, columns=list(DNS)).astype(DNS), coverage={"loss": 0.01})
    found = matches(traffic, declared("api.cams.example", Destination(name="mqtt.cams.example", ports=((8883, 8883),))))
    assert (found["verdict"].tolist(), found["confident"].tolist()) == (["unnamed"], [sure]), why


def test_of_a_capture_without_gaps_an_unanswered_look_up_clears_nobody(device_traffic, declared):
    found = matches(device_traffic("remote nameable\n203.0.113.9:443 yes", answers=["api.cams.example 203.0.113.9"]), declared("api.cams.example"))
    assert (found["verdict"].tolist(), found["confident"].tolist()) == (["unnamed"], [True])


@pytest.mark.parametrize(("name", "sure"), [("api.cams.example", False), ("other.example", True)])
def test_an_answer_whose_question_was_not_captured_may_have_named_it(device_traffic, declared, name, sure):
    given = {"answers": [f"{name} 203.0.113.9"], "coverage": {"loss": 0.01}}
    found = matches(device_traffic("remote nameable\n203.0.113.9:443 yes", **given), declared("api.cams.example"))
    assert (found["verdict"].tolist(), found["confident"].tolist()) == (["unnamed"], [sure])


@pytest.mark.parametrize(
    ("initiator", "transport", "verdict"),
    [("unknown", "tcp", "declared"), ("remote", "tcp", "declared"), ("device", "tcp", "undeclared"), ("unknown", "udp", "undeclared")],
)
def test_a_session_on_a_declared_port_whose_beginning_was_not_captured_is_the_listener_s(device_traffic, declared, initiator, transport, verdict):
    originator = "no" if initiator == "remote" else "yes"
    table = f"local remote transport initiator device_is_originator\n192.168.1.50:8554 192.168.1.20:40000 {transport} {initiator} {originator}"
    declaration = declared("a.example", listeners=(Listener(port=8554, transport=transport, sender="local"),))
    assert matches(device_traffic(table), declaration)["verdict"].tolist() == [verdict]


def twin_address(twin, answer: str) -> str:
    return answer if twin is str else over_ipv6(answer)


def test_ambiguous_names_of_which_none_is_declared_are_undeclared(device_traffic, declared):
    traffic = device_traffic(
        "remote name name_source ambiguous\n203.0.113.5:443 a.example dns yes", answers=["a.example 203.0.113.5", "b.example 203.0.113.5"]
    )
    found = matches(traffic, declared("*.cams.example"))
    assert found["verdict"].tolist() == ["undeclared"] and found["confident"].tolist() == [True]  # whichever it is


@pytest.mark.parametrize(("ports", "verdict"), [((), "ambiguous"), (((443, 443),), "ambiguous"), (((8883, 8883),), "undeclared")])
def test_ambiguous_names_excuse_only_what_one_of_them_would_cover(device_traffic, declared, ports, verdict):
    traffic = device_traffic(
        "remote name name_source ambiguous\n203.0.113.5:443 a.cams.example dns yes", answers=["a.cams.example 203.0.113.5", "b.example 203.0.113.5"]
    )
    items = (Destination(name="*.cams.example", transport="tcp", ports=ports),)
    assert matches(traffic, replace(declared(), destinations=items))["verdict"].tolist() == [verdict]


@pytest.mark.parametrize(
    ("item", "verdict", "deviates"),
    [
        (Destination(name="api.cams.example", transport="tcp", ports=((443, 443),)), "declared", ""),
        (Destination(name="api.cams.example", transport="udp", ports=((443, 443),)), "undeclared", "transport"),
        (Destination(name="api.cams.example", ports=((8000, 8100),)), "undeclared", "port"),
        (Destination(name="api.cams.example", initiator="remote"), "undeclared", "initiator"),
        (Destination(name="api.cams.example", transport="udp", ports=((53, 53),)), "undeclared", "transport port"),
        (Destination(name="api.cams.example", source_ports=((49152, 49152),)), "declared", ""),
        (Destination(name="api.cams.example", source_ports=((1, 2),)), "undeclared", "port"),
        (Destination(network=ip_network("203.0.113.0/24")), "declared", ""),
        (Destination(network=ip_network("198.51.100.0/24")), "undeclared", ""),
        (Destination(asn=64500), "declared", ""),
        (Destination(asn=64501), "undeclared", ""),
        (Destination(name="api.cams.example", not_assessable="unbound"), "undeclared", ""),
    ],
)
def test_structured_fields(device_traffic, declared, item, verdict, deviates):
    traffic = device_traffic("remote name name_source\n203.0.113.1:443 api.cams.example tls-sni", places={"203.0.113.1": Place(asn=64500)})
    found = matches(traffic, declared(item))
    assert (found["verdict"].tolist(), found["deviates"].tolist()) == ([verdict], [deviates])


@pytest.mark.parametrize(
    ("local", "remote", "initiator", "verdict", "deviates"),
    [
        ("192.168.1.50:23", "203.0.113.1:443", "remote", "undeclared", "port"),  # its own port is the caller's to choose
        ("192.168.1.50:443", "203.0.113.1:40000", "remote", "declared", ""),
        ("192.168.1.50:23", "203.0.113.1:443", "unknown", "declared", ""),
        ("192.168.1.50:40000", "203.0.113.1:20", "remote", "declared", ""),
        ("192.168.1.50:40000", "203.0.113.1:443", "device", "declared", ""),
    ],
)
def test_the_port_is_that_of_who_is_called(device_traffic, declared, local, remote, initiator, verdict, deviates):
    item = Destination(network=ip_network("203.0.113.0/24"), transport="tcp", ports=((20, 21), (443, 443)))
    found = matches(device_traffic(f"local remote initiator transport\n{local} {remote} {initiator} tcp"), declared(item))
    assert (found["verdict"].tolist(), found["deviates"].tolist()) == ([verdict], [deviates])


@pytest.mark.parametrize(
    ("address", "verdict"), [("64:ff9b::cb00:7101", "declared"), ("64:ff9b::c633:6401", "unnamed"), ("2002:cb00:7101::1", "unnamed")]
)
def test_an_address_is_declared_however_it_is_translated(device_traffic, declared, address, verdict):
    """RFC 6052: in a network without IPv4 the device speaks with 203.0.113.1 by this address. Behind one of 6to4 stands another host."""
    found = matches(device_traffic(f"remote\n[{address}]:443"), declared(Destination(network=ip_network("203.0.113.0/24"))))
    assert found["verdict"].tolist() == [verdict]


def test_who_began_counts_only_as_a_fact(device_traffic, declared):
    table = "remote name name_source initiator\n203.0.113.1:443 a.example dns unknown\n203.0.113.1:443 a.example dns device"
    found = matches(device_traffic(table), declared(Destination(name="a.example", initiator="remote")))
    assert found["verdict"].tolist() == ["declared", "undeclared"]


def test_of_several_items_the_one_that_fits_wins_and_all_of_them_are_used(device_traffic, declared):
    items = [Destination(name="*.cams.example"), Destination(name="api.cams.example", ports=((80, 80),)), Destination(name="unused.example")]
    traffic = device_traffic("remote name name_source\n203.0.113.1:443 api.cams.example tls-sni")
    assert matches(traffic, declared(*items))["destination"].tolist() == [0]
    assert used(traffic, declared(*items)) == {0, 1}


@pytest.mark.parametrize("subject", [{"name": "*.cams.example"}, {"network": ip_network("203.0.113.0/24")}, {"asn": 64500}])
def test_of_equal_items_the_vendor_s_counts_whatever_the_order_of_the_files(device_traffic, declared, subject):
    traffic = device_traffic("remote name name_source\n203.0.113.1:443 api.cams.example tls-sni", places={"203.0.113.1": Place(asn=64500)})
    items = tuple(Destination(**subject, source=Source("d.toml", line, by)) for line, by in enumerate(("drafted", "tester", "vendor", "vendor")))
    assert matches(traffic, replace(declared(), destinations=items))["destination"].tolist() == [2]


CLASSES = """
local               remote                 transport  service  name          name_source
192.168.1.50:5000   192.168.1.1:53         udp        dns      -             -
192.168.1.50:5000   8.8.8.8:53             udp        dns      -             -
192.168.1.50:123    203.0.113.9:123        udp        ntp      -             -
192.168.1.50:123    203.0.113.8:123        udp        ntp      time.example  dns
192.168.1.50:123    203.0.113.7:123        udp        -        time.example  dns
192.168.1.50:68     255.255.255.255:67     udp        dhcp     -             -
192.168.1.50:5353   224.0.0.251:5353       udp        mdns     -             -
192.168.1.50:5000   192.168.1.9:80         tcp        http     -             -
"""


@pytest.mark.parametrize(
    ("klass", "rows"),
    [("resolver", [0]), ("time", [3]), ("dhcp", [5]), ("multicast", [6]), ("local-network", [0, 5, 6, 7])],
)
def test_classes_mean_what_they_say(device_traffic, declared, klass, rows):
    traffic = device_traffic(CLASSES, offered={"resolver": ("192.168.1.1",)})
    found = matches(traffic, declared(Destination(klass=klass)))
    assert [row for row, verdict in enumerate(found["verdict"]) if verdict == "declared"] == rows


def test_without_an_offer_a_resolver_elsewhere_cannot_be_told(device_traffic, declared):
    found = matches(device_traffic(CLASSES), declared(Destination(klass="resolver")))
    assert found["verdict"].tolist()[:2] == ["declared", "not_observable"]
    assert not found["confident"].tolist()[0]


def test_a_time_server_that_was_offered(device_traffic, declared):
    found = matches(device_traffic(CLASSES, offered={"time": ("203.0.113.9",)}), declared(Destination(klass="time")))
    assert found["verdict"].tolist()[2] == "declared"


ASIDE = """
local                  remote                transport  initiator  conn_state  up_pkts  up_bytes  tunnel
192.168.1.50:0         192.168.1.9:0         arp        -          -           -        -         -
[2001:db8::50]:135     [2001:db8::1]:136     icmp6      -          -           -        -         -
192.168.1.50:0         224.0.0.22:0          ip-2       -          -           -        -         -
192.168.1.50:3         203.0.113.1:3         icmp       -          -           -        -         -
192.168.1.50:49152     192.168.1.7:443       tcp        -          -           -        -         -
192.168.1.50:23        203.0.113.1:4000      tcp        remote     S0          0        0         -
192.168.1.50:23        203.0.113.1:4001      tcp        remote     REJ         1        0         -
192.168.1.50:23        203.0.113.1:4002      tcp        remote     SF          5        90        -
192.168.1.50:50        203.0.113.1:53        udp        -          -           -        -         icmp-error
"""


def test_what_needs_no_declaration_and_what_is_never_judged(device_traffic, declared):
    found = matches(device_traffic(ASIDE), declared("a.example", bench=(Bench(role="gateway", address="192.168.1.7"),)))
    upkeep = ["link_upkeep"] * 4
    assert found["verdict"].tolist() == [*upkeep, "bench", "unanswered", "unanswered", "unnamed", "link_upkeep"]


def test_a_declared_listener_covers_who_connects_to_it(device_traffic, declared):
    found = matches(device_traffic(ASIDE), declared("a.example", listeners=(Listener(port=23, sender="203.0.113.0/24"),)))
    assert found["verdict"].tolist()[7] == "declared"
    found = matches(device_traffic(ASIDE), declared("a.example", listeners=(Listener(port=23, sender="local"),)))
    assert found["verdict"].tolist()[7] == "unnamed"


def test_other_apps_are_background(device_traffic, declared):
    table = "remote name name_source app\n203.0.113.1:443 a.example dns cam\n203.0.113.1:443 a.example dns other\n203.0.113.1:443 a.example dns -"
    found = matches(device_traffic(table), declared("a.example", product=Product(scope="app:cam")))
    assert found["verdict"].tolist() == ["declared", "background", "background"]


def test_an_unbound_controller_makes_local_flows_not_assessable(device_traffic, declared):
    table = "remote name name_source\n192.168.1.9:80 - -\n203.0.113.1:80 b.example dns"
    controller = Destination(name="urn:unbound", not_assessable="controller urn:unbound is not bound", ports=((80, 80),))
    assert matches(device_traffic(table), declared(controller))["verdict"].tolist() == ["not_assessable", "undeclared"]


def test_without_a_list_of_destinations_nothing_is_undeclared(device_traffic):
    assert matches(device_traffic(NAMED), NOTHING_DECLARED)["verdict"].tolist() == [
        *("unstated", "unstated", "unstated", "unstated", "unstated"),
        *("not_observable", "not_observable", "not_observable", "unnamed", "not_observable"),
    ]


def test_without_flows_the_table_has_its_columns(device_traffic, declared):
    found = matches(device_traffic(""), declared("a.example"))
    assert (len(found), found.names) == (0, ("verdict", "destination", "deviates", "confident", "reason"))
