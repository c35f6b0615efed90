"""Whom a proxy was asked for is held against the port asked for, if the proxy is declared too."""

from __future__ import annotations

from ipaddress import ip_network

import numpy as np
import pytest

from gdsi_audit.declarations import Destination
from gdsi_audit.matching import matches, through_declared_proxies, used
from gdsi_audit.protocols import Message, http, socks

ASKED = Destination(name="api.example", ports=((443, 443),))
NAMED = Destination(name="proxy.example", ports=((3128, 3128),))
PLACED = Destination(network=ip_network("203.0.113.0/24"), ports=((3128, 3128),))
OTHER_PORT = Destination(name="proxy.example", ports=((8080, 8080),))


def connect(target: str, host: str = "api.example") -> Message:
    text = f"CONNECT {target} HTTP/1.1\r\nHost: {host}\r\n\r\n" if "://" not in target else f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"
    return Message(16, 1, 0, "http", False, http.parse(text.encode(), from_responder=False)[0])


def through(device_traffic, message, source="connect", *, answers=("proxy.example 203.0.113.9",), nameable="yes"):
    table = f"remote name name_source nameable\n203.0.113.9:3128 api.example {source} {nameable}"
    return device_traffic(table, answers=answers, messages={message.protocol: (message,)})


@pytest.mark.parametrize(
    ("why", "target", "items", "verdict"),
    [
        ("both are declared", "api.example:443", (ASKED, NAMED), "declared"),
        ("the proxy by its address", "api.example:443", (ASKED, PLACED), "declared"),
        ("another port was asked for", "api.example:8443", (ASKED, NAMED), "undeclared"),
        ("the proxy has another port", "api.example:443", (ASKED, OTHER_PORT), "undeclared"),
        ("the proxy is not declared", "api.example:443", (ASKED,), "undeclared"),
        ("who was asked for is not declared", "api.example:443", (NAMED,), "undeclared"),
        ("an address in brackets is no port", "[2001:db8::9]", (ASKED, NAMED), "undeclared"),
    ],
)
def test_the_port_is_the_one_that_was_asked_for(device_traffic, declared, why, target, items, verdict):
    assert matches(through(device_traffic, connect(target)), declared(*items))["verdict"].tolist() == [verdict], why


@pytest.mark.parametrize(
    ("target", "port", "verdict"),
    [("http://api.example/", 80, "declared"), ("http://api.example:8000/", 8000, "declared"), ("http://api.example/", 443, "undeclared")],
)
def test_requests_in_absolute_form(device_traffic, declared, target, port, verdict):
    item = Destination(name="api.example", ports=((port, port),))
    assert matches(through(device_traffic, connect(target), "http-host"), declared(item, NAMED))["verdict"].tolist() == [verdict]


def test_socks(device_traffic, declared):
    request = b"\x05\x01\x00\x05\x01\x00\x03\x0bapi.example\x01\xbb"
    body, _ = socks.parse(request, from_responder=False)
    traffic = through(device_traffic, Message(16, 1, 0, "socks", False, body), "socks")
    assert matches(traffic, declared(ASKED, NAMED))["verdict"].tolist() == ["declared"]


@pytest.mark.parametrize(("nameable", "verdict"), [("no", "declared"), ("yes", "undeclared")])
def test_a_proxy_whose_name_could_not_be_seen_may_be_the_declared_one(device_traffic, declared, nameable, verdict):
    traffic = through(device_traffic, connect("api.example:443"), answers=(), nameable=nameable)
    assert matches(traffic, declared(ASKED, NAMED))["verdict"].tolist() == [verdict]


def test_the_proxy_counts_as_used(device_traffic, declared):
    traffic, declaration = through(device_traffic, connect("api.example:443")), declared(ASKED, NAMED)
    assert used(traffic, declaration) == {0, 1}
    assert through_declared_proxies(traffic, declaration, np.array([0]))
    assert not through_declared_proxies(traffic, declared(ASKED), np.array([0]))
