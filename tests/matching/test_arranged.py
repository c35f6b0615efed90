"""Media that a declared RTSP session arranged are covered by what covers the session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gdsi_audit.declarations import Destination, Listener
from gdsi_audit.matching import matches
from gdsi_audit.protocols import Message
from gdsi_audit.protocols.rtsp import RtspMessage

CALLED = """
local               remote              transport initiator
192.168.1.50:554    192.168.1.20:40000  tcp       remote
192.168.1.50:5000   192.168.1.20:49520  udp       device
192.168.1.50:5001   192.168.1.20:49521  udp       remote
192.168.1.50:5000   192.168.1.21:49520  udp       device
192.168.1.50:5000   192.168.1.20:49522  udp       device
192.168.1.50:5000   192.168.1.20:49520  tcp       device
"""
CALLING = """
local               remote              transport initiator name            name_source
192.168.1.50:40000  203.0.113.9:554     tcp       device    cam.example     dns
192.168.1.50:49520  203.0.113.9:5000    udp       unknown   -               -
192.168.1.50:49520  203.0.113.8:5000    udp       unknown   -               -
"""
ANSWER = RtspMessage("", "", 200, "", -1, -1, "", "", (49520, 49521), (5000, 5001))
ASKED = replace(ANSWER, method="SETUP", status=0, server_ports=())


def said(traffic, *messages):
    flow = int(traffic.tables.flows["flow"][0])
    return replace(traffic, messages={"rtsp": tuple(Message(flow, 1, 0, "rtsp", from_responder, body) for from_responder, body in messages)})


@pytest.mark.parametrize(
    ("why", "messages", "port", "expected"),
    [
        ("the answer's ports, at the host that asked", [(True, ANSWER)], 554, ["declared"] * 3 + ["undeclared"] * 3),
        ("what was only asked for arranges nothing", [(False, ASKED)], 554, ["declared"] + ["undeclared"] * 5),
        ("an undeclared session declares no media", [(True, ANSWER)], 8554, ["undeclared"] * 6),
    ],
)
def test_media_of_a_declared_listener(device_traffic, declared, why, messages, port, expected):
    declaration = declared("api.example", listeners=(Listener(port=port, sender="local"),))
    assert matches(said(device_traffic(CALLED), *messages), declaration)["verdict"].tolist() == expected, why


def test_media_of_a_declared_destination_are_its_own(device_traffic, declared):
    found = matches(said(device_traffic(CALLING), (True, ANSWER)), declared("api.example", Destination(name="cam.example", ports=((554, 554),))))
    assert found["verdict"].tolist() == ["declared", "declared", "unnamed"]
    assert found["destination"].tolist() == [1, 1, -1]
