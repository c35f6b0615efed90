"""Ports and fields of one protocol that carry another."""

from __future__ import annotations

from base64 import b64encode
from hashlib import shake_128
from ipaddress import ip_network

import pandas as pd
import pytest

from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors.covert_payload import detect
from gdsi_audit.protocols import Message, http
from gdsi_audit.protocols.ntp import UNIX_EPOCH_S, NtpMessage
from gdsi_audit.traffic import DNS

HEADER = "remote transport service up_pkts down_pkts up_bytes down_bytes initiator device_is_originator local"
NOW_NS = 1_790_000_000 * 10**9
NOW = (1_790_000_000 + UNIX_EPOCH_S) << 32


def flow(remote, transport="udp", service="-", up=30, down=0, size=200, initiator="unknown", originator="yes", local="-"):
    return f"{HEADER}\n{remote} {transport} {service} {up} {down} {up * size} {down * size} {initiator} {originator} {local}"


def found(device_traffic, table, declaration=NOTHING_DECLARED, **given):
    return [(one.subject, one.severity) for one in detect(device_traffic(table, **given), declaration)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("203.0.113.9:7 udp 30 600 2440 -", "high"),  # 33 bytes beside headers and payload in each
        ("[2001:db8:f::9]:7 udp 30 600 2400 -", "medium"),
        ("[2001:db8:f::9]:7 icmp6 30 600 2280 -", ""),  # a router alert in each
        ("203.0.113.9:7 udp 30 600 1440 -", ""),
        ("203.0.113.9:7 icmp 30 600 1560 -", "medium"),
        ("203.0.113.9:8443 tcp 30 600 3000 -", ""),  # its own options
        ("203.0.113.9:8443 tcp 30 600 3000 yes", "medium"),
    ],
)
def test_data_in_headers(device_traffic, cells, expected):
    local = "[2001:db8::50]:50000" if cells.startswith("[") else "-"
    table = f"remote transport up_pkts up_bytes up_ip_bytes ip_options local\n{cells} {local}"
    assert [severity for _, severity in found(device_traffic, table)] == ([expected] if expected else [])


def queries(count, size=40):
    row = {"flow": 16, "capture": 0, "frame": 1, "time": 0, "client": "192.168.1.50", "server": "203.0.113.9", "server_port": 53, "response": False}
    row |= {"query": "a.example", "qtype": 1, "rcode": 0, "answers": 0, "message_bytes": size, "solicited": True}
    return pd.DataFrame([row] * count, columns=list(DNS)).astype(DNS)


def times(count, *, extensions=(), timestamps=(0, 0, 0, NOW), flow=16):
    body = NtpMessage(3, 4, 0, "", 0, timestamps, extensions, 0, 0)
    return {"ntp": tuple(Message(flow, number + 1, NOW_NS, "ntp", False, body) for number in range(count))}


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8:f::9"])
def test_datagrams_that_are_not_the_port_s_protocol(device_traffic, address):
    shown = f"[{address}]" if ":" in address else address
    assert found(device_traffic, flow(f"{shown}:53")) == [(f"{address} no DNS on port 53", "high")]
    assert found(device_traffic, flow(f"{shown}:123")) == [(f"{address} no NTP on port 123", "high")]
    assert found(device_traffic, flow(f"{shown}:53", up=8, size=40)) == [(f"{address} no DNS on port 53", "medium")]


def test_a_few_real_messages_do_not_hide_the_rest(device_traffic):
    assert found(device_traffic, flow("203.0.113.9:53", service="dns"), dns=queries(10)) == [("203.0.113.9 no DNS on port 53", "high")]
    assert found(device_traffic, flow("203.0.113.9:123", service="ntp"), messages=times(10)) == [("203.0.113.9 no NTP on port 123", "high")]


def test_a_declared_port_absolves_nothing(device_traffic, declared):
    item = Destination(name="time.example", ports=((123, 123),), transport="udp")
    assert found(device_traffic, flow("203.0.113.9:123"), declared(item)) == [("203.0.113.9 no NTP on port 123", "high")]


def test_the_protocols_as_they_are(device_traffic):
    assert found(device_traffic, flow("203.0.113.9:53", service="dns", size=40), dns=queries(30)) == []
    assert found(device_traffic, flow("203.0.113.9:123", service="ntp", size=48), messages=times(30)) == []
    assert found(device_traffic, flow("203.0.113.9:123", service="ntp", up=500, size=48), messages=times(64)) == []
    assert found(device_traffic, flow("203.0.113.9:53", transport="tcp", service="dns_tcp")) == []
    assert found(device_traffic, flow("203.0.113.9:53", up=4)) == []


def test_caution_with_the_local_network_and_with_who_began(device_traffic):
    assert found(device_traffic, flow("192.168.1.9:53")) == [("192.168.1.9 no DNS on port 53", "low")]
    served = {"originator": "no", "local": "192.168.1.50:53"}
    assert found(device_traffic, flow("203.0.113.9:4444", **served)) == [("203.0.113.9 no DNS on port 53", "low")]
    assert found(device_traffic, flow("203.0.113.9:4444", initiator="remote", **served)) == [("203.0.113.9 no DNS on port 53", "high")]


SECURED = ((0x0104, 36), (0x0204, 104), (0x0404, 40))
WRONG_CLOCK = UNIX_EPOCH_S << 32
RANDOM = (0x1234567812345678, 0x5234567812345678, 0x8234567812345678, NOW)


@pytest.mark.parametrize(
    ("given", "data"),
    [
        ({"extensions": ((0x7E01, 64),)}, True),
        ({"extensions": ((0x0204, 104),)}, True),
        ({"timestamps": RANDOM}, True),
        ({"extensions": SECURED}, False),
        ({"extensions": ((0x2005, 28),)}, False),
        ({"extensions": ((0x0502, 128),)}, False),
        ({"timestamps": (WRONG_CLOCK, NOW, WRONG_CLOCK + (9 << 32), WRONG_CLOCK + (10 << 32))}, False),
        ({"timestamps": (0, 0, 0, 0x1234567812345678)}, False),
    ],
)
def test_fields_of_time_messages(device_traffic, given, data):
    table = flow("203.0.113.9:123", service="ntp", size=112)
    severity = "medium" if "timestamps" in given else "high"
    assert found(device_traffic, table, messages=times(30, **given)) == [("203.0.113.9 data in NTP fields", severity)] * data


def test_neither_tls_nor_http_on_443(device_traffic, declared):
    table = "remote name name_source service\n203.0.113.9:443 - - -\n203.0.113.8:443 a.example dns -\n203.0.113.7:443 - - tls"
    assert found(device_traffic, table) == [("203.0.113.9 no TLS on port 443", "low")]
    assert found(device_traffic, table, declared(Destination(network=ip_network("203.0.113.0/24")))) == []


def forms(number, made, content_type="application/x-www-form-urlencoded"):
    """So many requests of one flow, each with the body that `made` makes of its number."""
    bodies = [made(shake_128(bytes([one])).digest(45)) for one in range(number)]
    return {"http": tuple(Message(16, one + 1, NOW_NS, "http", False, request(body, content_type)) for one, body in enumerate(bodies))}


def request(body, content_type):
    head = f"POST /a HTTP/1.1\r\nHost: c.example\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return http.parse(head + body, from_responder=False)[0]


FORMS = [
    ("opaque in hexadecimal", forms(12, lambda raw: b"s=" + raw.hex().encode()), True),
    ("opaque in base64", forms(12, lambda raw: b"data=" + b64encode(raw)), True),
    ("opaque, and the type says text", forms(12, lambda raw: b64encode(raw), "text/plain"), True),
    ("the type says what it is", forms(12, lambda raw: b64encode(raw), "application/octet-stream"), False),
    ("always the same", forms(12, lambda _: b"s=" + bytes(range(45)).hex().encode()), False),
    ("few", forms(5, lambda raw: b"s=" + raw.hex().encode()), False),
    ("a token among other fields", forms(12, lambda raw: b"state=on&token=" + raw.hex().encode()), False),
    ("words", forms(12, lambda _: b"s=" + b"temperature" * 8), False),
]


@pytest.mark.parametrize(("messages", "reported"), [pytest.param(*given, id=name) for name, *given in FORMS])
def test_random_bytes_as_forms(device_traffic, declared, messages, reported):
    table = f"{HEADER} name name_source\n203.0.113.9:80 tcp http 30 30 2000 900 device yes - c.example http-host"
    expected = [("c.example random bytes in forms", "low")] if reported else []
    assert found(device_traffic, table, messages=messages) == expected
    assert found(device_traffic, table, declared(Destination(name="*.other.example")), messages=messages) == expected
    assert found(device_traffic, table, declared(Destination(name="c.example")), messages=messages) == []


def test_what_the_snapshot_length_cut_is_not_judged(device_traffic):
    cut = flow("203.0.113.9:53").replace("local\n", "local cut\n") + " yes"
    assert found(device_traffic, cut) == []
    assert found(device_traffic, cut.removesuffix("yes") + "no") == [("203.0.113.9 no DNS on port 53", "high")]
