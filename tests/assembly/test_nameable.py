"""Of which flows it may be said that they have no name."""

from __future__ import annotations

import numpy as np
import pytest
from closed_rows import flows

from gdsi_audit.assembly.nameable import USED_WITHIN_NS, hello_lost, nameable
from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.hosts.device_starts import NEVER
from gdsi_audit.hosts.devices import Host, Hosts
from gdsi_audit.messages.facts import FACTS
from gdsi_audit.messages.resolutions import QUERIES
from gdsi_audit.packets import GAP_BITS

CAMERA, PHONE = (0, 50), (0, 77)
HOSTS = Hosts(
    devices=(Host("camera", (), (CAMERA,)), Host("phone", (), (PHONE,))), background=(), _mac_device={}, _address_device={CAMERA: 0, PHONE: 1}
)
NEVER_STARTED = np.full((2, 2), NEVER)
LATER = 100 * USED_WITHIN_NS


def asked(*given):
    """QUERIES rows: (who, when, name), answers with their `solicited` behind."""
    rows = np.zeros(len(given), QUERIES)
    for row, (client, time, query, *answer) in zip(rows, given, strict=True):
        row["client_lo"], row["time"], row["query"] = client[1], time, query
        row["response"], row["solicited"] = (1, answer[0]) if answer else (0, 0)
    return rows


def said(rows, *devices, queries=None, started=NEVER_STARTED):
    side = Sides(np.arange(len(rows)), np.array(devices, np.int32), np.ones(len(rows), np.bool_))
    return nameable(rows, side, asked((CAMERA, 50, 1), (PHONE, 50, 1)) if queries is None else queries, HOSTS, started).tolist()


TCP_UNBEGUN = {"transport": 6, "history": b"Dd", "start": 100}
DATAGRAMS = {"transport": 17, "start": 100}


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
        (DATAGRAMS, 50, NEVER, True),
        (DATAGRAMS | {"gaps": GAP_BITS["cut_by_snaplen"]}, 50, NEVER, False),
    ],
)
def test_a_flow_without_its_beginning_is_nameable_from_the_start_of_its_device_on(flow, first_dns, started, expected):
    queries = asked((CAMERA, first_dns, 1))
    assert said(flows(flow), 0, queries=queries, started=np.array([[started, NEVER]])) == [expected]


def test_where_look_ups_are_cut_nothing_of_that_device_is_nameable():
    look_up = {"transport": 17, "resp_port": 53, "gaps": GAP_BITS["cut_by_snaplen"], "start": 60}
    assert said(flows(DATAGRAMS, DATAGRAMS, look_up), 0, 1, 0) == [False, True, False]


@pytest.mark.parametrize(("answered", "expected"), [(0, [False, False, True]), (1, [True, True, True])])
def test_where_nothing_that_was_sent_to_a_device_was_captured_nothing_of_it_is_nameable(answered, expected):
    sent = DATAGRAMS | {"resp_pkts": 0}
    assert said(flows(sent, sent | {"resp_port": 53, "resp_pkts": answered, "start": 60}, sent | {"resp_pkts": 2}), 0, 0, 1) == expected


LOSSY = {"transport": 6, "history": b"ShADad", "start": 60, "resp_missed_bytes": 1448}


@pytest.mark.parametrize(
    ("look_ups", "stream", "expected"),
    [
        ([(CAMERA, LATER, 7)], LOSSY, False),
        ([(CAMERA, LATER, 7, 0)], LOSSY, False),
        ([(CAMERA, LATER, 7), (CAMERA, LATER + 1, 7, 1)], LOSSY, True),
        ([(CAMERA, LATER, 7)], LOSSY | {"resp_missed_bytes": 0}, True),
        ([(CAMERA, LATER - USED_WITHIN_NS, 7)], LOSSY, True),
        ([(CAMERA, LATER + 3, 7)], LOSSY, True),
        ([(PHONE, LATER, 7)], LOSSY, True),
    ],
    ids=["no answer", "no question", "both", "nothing is missed", "long before", "after", "another device's"],
)
def test_half_a_look_up_leaves_the_name_open_where_the_capture_misses_bytes(look_ups, stream, expected):
    queries = asked((CAMERA, 50, 1), (CAMERA, 51, 1, 1), *look_ups)
    assert said(flows(DATAGRAMS | {"start": LATER + 2}, stream), 0, 0, queries=queries)[0] is expected


@pytest.mark.parametrize(("missed", "ja3s", "handshake", "expected"), [(517, 3, 0, True), (0, 3, 0, False), (517, 3, 900, False), (517, 0, 0, False)])
def test_a_hello_that_the_capture_lost_may_have_held_a_name(missed, ja3s, handshake, expected):
    facts = np.array([(1, 2, 0, 0, 0, ja3s, 0, 0, handshake)], FACTS)
    assert hello_lost(flows({"transport": 6, "orig_missed_bytes": missed}), facts).tolist() == [expected]
