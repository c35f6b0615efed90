"""A way in from the internet, asked of the router by any of three protocols."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Listener, Source
from gdsi_audit.detectors.port_mapping import detect
from gdsi_audit.protocols import Message, http, nat_pmp, pcp

PORTS = "<NewExternalPort>9000</NewExternalPort><NewProtocol>TCP</NewProtocol><NewInternalPort>8443</NewInternalPort>"
OPEN = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CLOSED = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


def request(action="AddPortMapping", arguments=PORTS, head="", cut=False):
    body = f'<s:Body><u:{action} xmlns:u="urn:x">{arguments}</u:{action}></s:Body>'
    text = f"POST /c HTTP/1.1\r\nHost: 192.168.1.1\r\nContent-Length: {len(body)}\r\n{head}\r\n{'' if cut else body}"
    return http.parse(text.encode(), from_responder=False, final=True)[0]


def talk(device_traffic, protocol, *bodies, address="192.168.1.1", local="-"):
    """`bodies`: what the device says and what the router answers, in turn, in one flow; None: nothing."""
    traffic = device_traffic(f"remote service down_pkts up_pkts local\n{address}:5000 {protocol} 9 9 {local}")
    flow = int(traffic.tables.flows["flow"][0])
    said = [Message(flow, 1 + place, place, protocol, place % 2 == 1, body) for place, body in enumerate(bodies) if body is not None]
    return replace(traffic, messages={protocol: tuple(said)})


def answer(text):
    return http.parse(text.encode(), from_responder=True)[0]


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity, one.measures["granted"]) for one in detect(traffic, declaration)]


@pytest.mark.parametrize(("reply", "severity", "granted"), [(OPEN, "medium", 1), (CLOSED, "low", 0), (None, "medium", 0)])
def test_upnp(device_traffic, reply, severity, granted):
    traffic = talk(device_traffic, "http", request(), answer(reply) if reply else None)
    assert found(traffic) == [("tcp/8443", severity, granted)]


def port(number):
    return request(arguments=PORTS.replace("8443", str(number)))


def test_many_ports_are_graded_by_the_worst_of_them(device_traffic, declared):
    asked = [body for number in (1, 2, 3) for body in (port(number), answer(OPEN))]
    traffic = talk(device_traffic, "http", *asked)
    listeners = [Listener(port=number, transport="tcp", sender="anywhere" if number == 2 else "local", source=Source()) for number in (2, 3)]
    first, rest = detect(traffic, declared(listeners=tuple(listeners)), most_shown=1)
    assert (first.subject, first.severity, first.contradicts) == ("tcp/1", "high", ())
    assert (rest.subject, rest.severity, [broken.table for broken in rest.contradicts]) == ("2 more ports", "high", ["listener"])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request("AddAnyPortMapping"), "tcp/8443"),
        (request("AddPinhole", "<InternalPort>554</InternalPort><Protocol>17</Protocol>"), "udp/554"),
        (request(head='SOAPAction: "urn:x#AddPortMapping"\r\n', cut=True), "port/unknown"),
        (request(arguments=PORTS + "<NewInternalClient>192.168.1.50</NewInternalClient>"), "tcp/8443"),
        (request(arguments=PORTS + "<NewInternalClient>192.168.1.99</NewInternalClient>"), "tcp/8443 of 192.168.1.99"),
        (request("GetExternalIPAddress", ""), ""),
        (request("DeletePortMapping"), ""),
        (request("GetSpecificPortMappingEntry"), ""),
        (request("GetGenericPortMappingEntry", "<NewPortMappingIndex>0</NewPortMappingIndex>"), ""),
    ],
)
def test_actions(device_traffic, asked, expected):
    assert [one.subject for one in detect(talk(device_traffic, "http", asked, answer(OPEN)), NOTHING_DECLARED)] == ([expected] if expected else [])


def test_an_address_of_a_family_in_which_none_of_the_device_s_own_is_known_is_its_own(device_traffic):
    asked = request(arguments=PORTS + "<NewInternalClient>192.168.1.99</NewInternalClient>")
    traffic = talk(device_traffic, "http", asked, answer(OPEN), local="[fd00::50]:50000", address="[fd00::1]")
    bare = replace(traffic, device=replace(traffic.device, addresses=("fd00::50",)))
    assert [[subject for subject, *_ in found(one)] for one in (traffic, bare)] == [["tcp/8443 of 192.168.1.99"], ["tcp/8443"]]


def test_the_router_itself_is_asked(device_traffic):
    traffic = talk(device_traffic, "http", None, request())
    assert found(traffic) == [], "somebody else's wish"


def pmp(data, *, from_responder=False):
    return nat_pmp.parse([bytes.fromhex(data)], from_responder=from_responder)


def test_nat_pmp(device_traffic):
    asked = pmp("0002 0000 22b8 0050 00000e10")
    assert found(talk(device_traffic, "nat_pmp", asked, pmp("0082 0000 00000064 22b8 1f90 00000e10"))) == [("tcp/8888", "medium", 1)]
    assert found(talk(device_traffic, "nat_pmp", asked, pmp("0082 0002 00000064 22b8 0000 00000000"))) == [("tcp/8888", "low", 0)]
    assert found(talk(device_traffic, "nat_pmp", pmp("0000"), pmp("0080 0000 00000064 cb007109"))) == []
    assert found(talk(device_traffic, "nat_pmp", pmp("0002 0000 22b8 0000 00000000"))) == [], "given back"


def wish(operation=1, lifetime_s=7200, response=False, result=0, remote=""):
    return pcp.PcpMessage(response, operation, result, lifetime_s, 6, 8888, 8888 if response else 0, "::", 443 if remote else 0, remote)


def test_pcp(device_traffic):
    granted = wish(response=True)
    assert found(talk(device_traffic, "pcp", wish(), granted, address="[fd00::1]")) == [("tcp/8888", "medium", 1)]
    assert found(talk(device_traffic, "pcp", wish(), wish(response=True, result=2))) == [("tcp/8888", "low", 0)]
    assert found(talk(device_traffic, "pcp", wish(2, remote="203.0.113.9"), wish(2, response=True))) == [("tcp/8888", "low", 1)], "for one peer alone"
    assert found(talk(device_traffic, "pcp", wish(lifetime_s=0), granted)) == []


@pytest.mark.parametrize(
    ("listener", "severity", "contradicts"),
    [
        (Listener(port=8443, sender="anywhere"), "info", []),
        (Listener(port=9000, sender="anywhere"), "info", []),
        (Listener(port=8443, sender="local", source=Source("camera.toml", 7)), "high", ["from"]),
        (Listener(port=8443, transport="udp", sender="anywhere"), "high", []),
        (Listener(port=554, sender="anywhere"), "high", []),
    ],
)
def test_severity_follows_the_listeners(device_traffic, declared, listener, severity, contradicts):
    (one,) = detect(talk(device_traffic, "http", request(), answer(OPEN)), declared("api.cams.example", listeners=(listener,)))
    assert (one.severity, [broken.field for broken in one.contradicts]) == (severity, contradicts)


def test_a_gateway_of_the_bench_is_no_excuse(device_traffic, declared):
    declaration = declared("api.cams.example", bench=(Bench(role="gateway", address="192.168.1.1"),))
    assert found(talk(device_traffic, "http", request(), answer(OPEN)), declaration) == [("tcp/8443", "high", 1)]


def test_the_same_wish_again_is_one_finding(device_traffic):
    traffic = talk(device_traffic, "http", *[body for _ in range(5) for body in (request(), answer(OPEN))])
    (one,) = detect(traffic, NOTHING_DECLARED)
    assert one.measures["requests"] == 5
    many = [request(arguments=PORTS.replace("8443", str(1000 + number))) for number in range(30)]
    assert len(list(detect(talk(device_traffic, "http", *[body for one in many for body in (one, answer(OPEN))]), NOTHING_DECLARED))) == 21


@pytest.mark.parametrize(("version", "second"), [("", "udp/8554"), ("_v6", "tcp/8554")])
def test_the_captures(repository, version, second):
    folder = repository / "captures" / "detectors"
    seen = [one for one in audit(folder / f"port_mapping{version}.pcap").findings if one.detector == "port_mapping" and one.severity != "info"]
    assert [(one.detector, one.subject, one.severity, one.confidence) for one in seen] == [
        ("port_mapping", "tcp/8443", "medium", "high"),
        ("port_mapping", second, "medium", "high"),
    ]
    assert [
        one for one in audit(folder / f"port_mapping_benign{version}.pcap").findings if one.detector == "port_mapping" and one.severity != "info"
    ] == []
