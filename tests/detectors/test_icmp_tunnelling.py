"""Echo messages that carry data, and a diagnostic's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gdsi_audit.declarations import NOTHING_DECLARED
from gdsi_audit.detectors.icmp_tunnelling import detect
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._echo import EchoMessage

SUBJECTS = {"icmp": "203.0.113.9", "icmp6": "2001:db8:f::9"}


def flow(transport, *, up=10, down=10, size=800, remote=""):
    address = remote or SUBJECTS[transport]
    types = ("8", "0") if transport == "icmp" else ("128", "129")
    shown = f"[{address}]" if ":" in address else address
    line = f"192.168.1.50:{types[0]} {shown}:{types[1]} {transport} {up} {down} {up * size} {down * size}"
    return f"local remote transport up_pkts down_pkts up_bytes down_bytes\n{line}"


def series(fill, returned=None, *, count=8, data_bytes=800):
    """Requests and replies in flow 16; `fill` and `returned` give the digest for a number."""
    made = []
    for number in range(count):
        for reply in (False, True) if returned is not None else (False,):
            digest = returned(number) if reply and returned is not None else fill(number)
            body = EchoMessage(reply, 1, number, data_bytes, f"{number:x}", digest)
            made.append(Message(16, len(made) + 1, number, "icmp_echo", reply, body))
    return tuple(made)


def same(number):
    return "aa"


def different(number):
    return f"{number:x}"


def found(device_traffic, messages, transport="icmp", **given):
    protocol = f"{transport}_echo"
    return [
        (one.subject, one.severity, one.confidence)
        for one in detect(device_traffic(flow(transport, **given), messages={protocol: messages}), NOTHING_DECLARED)
    ]


@pytest.mark.parametrize("transport", ["icmp", "icmp6"])
def test_data_in_requests_and_replies(device_traffic, transport):
    address = SUBJECTS[transport]
    assert found(device_traffic, series(different, different), transport) == [(address, "high", "medium")]
    assert found(device_traffic, series(same, different), transport) == [(address, "high", "medium")]
    assert found(device_traffic, series(different, lambda number: f"r{number}"), transport) == [(address, "high", "high")]
    assert found(device_traffic, series(different, different), transport, up=8, down=8, size=56) == [(address, "medium", "medium")]


def test_more_replies_than_requests(device_traffic):
    assert found(device_traffic, series(different, different), up=65, down=209) == [(SUBJECTS["icmp"], "high", "high")]


def test_data_in_the_local_network(device_traffic):
    assert found(device_traffic, series(different), remote="192.168.1.9") == [("192.168.1.9", "low", "medium")]


@pytest.mark.parametrize(
    "messages",
    [(), series(same, same), series(same), series(different, different, data_bytes=16), series(different, count=5), series(same, different, count=5)],
)
def test_a_diagnostic(device_traffic, messages):
    assert found(device_traffic, messages) == []


def test_replies_that_are_cut_short_are_not_altered(device_traffic):
    whole = series(same, different)
    cut = tuple(
        Message(
            m.flow,
            m.frame,
            m.time,
            m.protocol,
            m.from_responder,
            EchoMessage(m.body.reply, 1, m.body.sequence, 64 if m.body.reply else 800, "0", m.body.fill_digest),
        )
        for m in whole
    )
    assert found(device_traffic, cut) == []


@pytest.mark.parametrize(
    ("why", "sent", "came", "remote", "expected"),
    [
        ("nothing came that they could answer", 40, 0, "203.0.113.9", [("203.0.113.9", "high", "medium")]),
        ("a scan of the device, refused", 40, 40, "203.0.113.9", []),
        ("half of what came is lost", 40, 20, "203.0.113.9", []),
        ("a few", 11, 0, "203.0.113.9", []),
        ("a neighbour", 40, 0, "192.168.1.9", []),
    ],
)
@pytest.mark.parametrize("transport", ["icmp", "icmp6"])
def test_errors_that_answer_nothing(device_traffic, transport, why, sent, came, remote, expected):
    kind = "3" if transport == "icmp" else "1"
    lines = [
        f"192.168.1.50:{kind} {remote}:{kind} {transport} {sent} 0 {sent * 500} 0",
        f"192.168.1.50:40001 {remote}:40001 udp 0 {came} 0 {came * 60}",
        "192.168.1.50:40002 203.0.113.1:443 tcp 100 100 5000 90000",
    ]
    table = "\n".join(["local remote transport up_pkts down_pkts up_bytes down_bytes", *lines])
    assert [(one.subject, one.severity, one.confidence) for one in detect(device_traffic(table), NOTHING_DECLARED)] == expected, why


def test_errors_in_a_capture_that_holds_only_what_the_device_sent(device_traffic):
    table = "local remote transport up_pkts down_pkts up_bytes down_bytes\n192.168.1.50:3 203.0.113.9:3 icmp 40 0 20000 0"
    assert list(detect(device_traffic(table), NOTHING_DECLARED)) == []


def test_errors_where_the_table_holds_only_a_part_of_the_flows(device_traffic):
    whole = "local remote transport up_pkts down_pkts up_bytes down_bytes\n192.168.1.50:3 203.0.113.9:3 icmp 40 0 20000 0"
    traffic = device_traffic(f"{whole}\n192.168.1.50:40002 203.0.113.1:443 tcp 100 100 5000 90000")
    assert [len(list(detect(replace(traffic, folded=folded), NOTHING_DECLARED))) for folded in (0, 1)] == [1, 0]
