"""When devices were seen to start, and what that makes nameable."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from gdsi_audit.devices import Host, Hosts
from gdsi_audit.flows import CLOSED
from gdsi_audit.packets import GAP_BITS
from gdsi_audit.packets.address import mac_value
from gdsi_audit.perspective import Sides, nameable
from gdsi_audit.protocols import Message
from gdsi_audit.starts import NEVER, starts

CAMERA, PHONE, OTHER = (mac_value(f"02:00:00:00:00:{last}") for last in ("50", "77", "99"))
HOSTS = Hosts(
    devices=(Host("camera", (CAMERA,), ()), Host("phone", (PHONE,), ())),
    background=(),
    _mac_device={CAMERA: 0, PHONE: 1},
)


def asks(protocol, mac, time, *, kind=1, capture=0):
    return Message(0, 1, time, protocol, False, SimpleNamespace(message_type=kind, client_mac=mac), capture)


def flows(*given):
    """CLOSED rows of these fields."""
    rows = np.zeros(len(given), CLOSED)
    for row, fields in zip(rows, given, strict=True):
        row["continues"], row["orig_pkts"], row["resp_pkts"] = -1, 1, 1
        for name, value in fields.items():
            row[name] = value
    return rows


def test_the_first_question_for_an_address_in_each_capture():
    messages = {
        "dhcp": [asks("dhcp", CAMERA, 50), asks("dhcp", CAMERA, 20), asks("dhcp", CAMERA, 5, kind=3), asks("dhcp", OTHER, 1), asks("dhcp", 0, 1)],
        "dhcpv6": [asks("dhcpv6", PHONE, 70, capture=1)],
    }
    assert starts(messages, flows(), HOSTS, 2).tolist() == [[20, NEVER], [NEVER, 70]]


def test_a_host_that_looks_for_a_router_starts():
    solicitation = {"transport": 58, "orig_port": 133, "orig_mac": PHONE, "start": 30, "first_capture": 1}
    rows = flows(solicitation, solicitation | {"start": 10, "orig_port": 135}, solicitation | {"start": 20, "transport": 17})
    assert starts({}, rows, HOSTS, 2).tolist() == [[NEVER, NEVER], [NEVER, 30]]


def test_without_devices_there_are_no_starts():
    assert starts({}, flows(), Hosts((), ()), 0).tolist() == [[NEVER]]


TCP_UNBEGUN = {"transport": 6, "history": b"Dd", "start": 100}


@pytest.mark.parametrize(
    ("flow", "first_dns", "started", "expected"),
    [
        (TCP_UNBEGUN, 50, NEVER, False),
        (TCP_UNBEGUN, 50, 40, True),
        (TCP_UNBEGUN, 50, 100, True),
        (TCP_UNBEGUN, 50, 101, False),
        (TCP_UNBEGUN, 150, 40, False),
        (TCP_UNBEGUN | {"continues": 16}, 50, 40, False),
        (TCP_UNBEGUN | {"first_capture": 1}, 50, 40, False),
        (TCP_UNBEGUN | {"history": b"ShADad"}, 50, NEVER, True),
        (TCP_UNBEGUN | {"transport": 17}, 50, NEVER, True),
        (TCP_UNBEGUN | {"transport": 17, "gaps": GAP_BITS["cut_by_snaplen"]}, 50, NEVER, False),
    ],
)
def test_a_flow_without_its_beginning_is_nameable_from_the_start_of_its_device_on(flow, first_dns, started, expected):
    side = Sides(np.array([0]), np.array([0], np.int32), np.array([True]))
    assert nameable(flows(flow), side, np.array([first_dns]), np.array([[started, NEVER]])).tolist() == [expected]


def test_where_look_ups_are_cut_nothing_of_that_device_is_nameable():
    look_up = {"transport": 17, "resp_port": 53, "gaps": GAP_BITS["cut_by_snaplen"], "start": 60}
    rows = flows(TCP_UNBEGUN | {"transport": 17}, TCP_UNBEGUN | {"transport": 17}, look_up)
    side = Sides(np.arange(3), np.array([0, 1, 0], np.int32), np.ones(3, np.bool_))
    assert nameable(rows, side, np.array([50, 50]), np.full((2, 2), NEVER)).tolist() == [False, True, False]


@pytest.mark.parametrize(("answered", "expected"), [(0, [False, False, True]), (1, [True, True, True])])
def test_where_nothing_that_was_sent_to_a_device_was_captured_nothing_of_it_is_nameable(answered, expected):
    sent = {"transport": 17, "start": 100, "resp_pkts": 0}
    rows = flows(sent, sent | {"resp_port": 53, "resp_pkts": answered, "start": 60}, sent | {"resp_pkts": 2})
    side = Sides(np.arange(3), np.array([0, 0, 1], np.int32), np.ones(3, np.bool_))
    assert nameable(rows, side, np.array([50, 50]), np.full((2, 2), NEVER)).tolist() == expected
