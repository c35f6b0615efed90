"""Which packets make a flow, who began it, and what is left of it: small tables with exact expectations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packet_rows import Outcome, flows_of, packet, state, tcp

from gdsi_audit.flows.table import FlowTable

HANDSHAKE = """
0 > S 0 0 0
10 < SA 0 1 0
20 > A 1 1 0
"""

STATES = {
    ("S0", "S"): "0 > S 0 0 0",
    ("S1", "ShADad"): HANDSHAKE + "30 > A 1 1 5\n 40 < A 1 6 0\n 50 < A 1 6 7",
    ("SF", "ShADadFf"): HANDSHAKE + "30 > A 1 1 5\n 40 < A 1 6 0\n 50 < A 1 6 7\n 60 > FA 6 8 0\n 70 < FA 8 7 0\n 80 > A 7 9 0",
    ("REJ", "Sr"): "0 > S 0 0 0\n 10 < RA 0 1 0",
    ("S2", "ShAF"): HANDSHAKE + "30 > FA 1 1 0",
    ("S3", "ShAf"): HANDSHAKE + "30 < FA 1 1 0",
    ("RSTO", "ShAR"): HANDSHAKE + "30 > R 1 1 0",
    ("RSTR", "ShAr"): HANDSHAKE + "30 < R 1 1 0",
    ("RSTOS0", "SR"): "0 > S 0 0 0\n 10 > R 1 0 0",
    ("RSTRH", "^hr"): "0 < SA 0 1 0\n 10 < R 1 1 0",
    ("SH", "SF"): "0 > S 0 0 0\n 10 > F 1 0 0",
    ("SHR", "^hf"): "0 < SA 0 1 0\n 10 < FA 1 1 0",
    ("OTH", "Da"): "0 > A 1 1 5\n 10 < A 1 6 0",
}


@pytest.mark.parametrize("expected", STATES, ids=lambda expected: expected[0])
def test_connection_states(expected):
    (flow,) = flows_of(tcp(STATES[expected]))
    assert state(flow) == expected
    assert (flow["orig_port"], flow["resp_port"]) == (40000, 5000)


def test_counts_and_times_of_a_whole_connection():
    (flow,) = flows_of(tcp(STATES["SF", "ShADadFf"]))
    assert (flow["orig_pkts"], flow["resp_pkts"], flow["orig_bytes"], flow["resp_bytes"]) == (5, 4, 5, 7)
    assert (flow["orig_ip_bytes"], flow["resp_ip_bytes"]) == (205, 167)
    assert (flow["handshake_rtt_ns"], flow["orig_largest_gap_ns"], flow["end"] - flow["start"]) == (10**7, 10**7, 8 * 10**7)
    assert (flow["first_frame"], flow["last_frame"], flow["flow"], flow["began"]) == (1, 9, 16, 1)


def test_a_repeated_syn_gives_no_round_trip_time():
    (flow,) = flows_of(tcp("0 > S 0 0 0\n1000 > S 0 0 0\n1010 < SA 0 1 0\n1020 > A 1 1 0"))
    assert flow["handshake_rtt_ns"] == -1


def test_retransmissions_count_as_packets_but_not_as_bytes():
    (flow,) = flows_of(tcp(HANDSHAKE + "30 > A 1 1 5\n300 > A 1 1 5"))
    assert (flow["orig_pkts"], flow["orig_bytes"], flow["history"]) == (4, 5, b"ShADT")


def test_sequence_numbers_wrap_and_pass_four_gibibytes():
    rows, seq = tcp(HANDSHAKE), 1001
    for step in range(6):
        seq += 1 << 30
        rows.append(packet(30 + step, ("10.0.0.2", 5000), ("10.0.0.1", 40000), "tcp", "A", 5001, seq))
    (flow,) = flows_of(rows)
    assert flow["orig_bytes"] == flow["orig_missed_bytes"] == 6 << 30


@pytest.mark.parametrize(
    ("protocol", "src", "dst", "flipped"),
    [
        ("udp", 53, 40000, 1),
        ("udp", 40000, 53, 0),
        ("udp", 53, 53, 0),
        ("udp", 67, 68, 1),
        ("udp", 1234, 40000, 0),
        ("tcp", 443, 40000, 1),
        ("tcp", 80, 443, 1),
        ("tcp", 443, 80, 0),
    ],
)
def test_who_is_taken_for_the_originator_without_a_syn(protocol, src, dst, flipped):
    (flow,) = flows_of([packet(0, ("10.0.0.1", src), ("10.0.0.2", dst), protocol, "A" if protocol == "tcp" else "", payload=b"abc")])
    assert (flow["flipped"], flow["orig_port"]) == (flipped, dst if flipped else src)
    assert flow["history"].startswith(b"^") == bool(flipped)


@pytest.mark.parametrize("group", ["224.0.0.251", "255.255.255.255", "ff02::fb"])
def test_nothing_sent_to_a_group_is_flipped(group):
    source = "fe80::1" if ":" in group else "10.0.0.1"
    (flow,) = flows_of([packet(0, (source, 5353), (group, 40000), "udp", payload=b"abc")])
    assert (flow["flipped"], state(flow)) == (0, ("S0", "D"))


def test_icmp_requests_and_replies_are_one_flow_and_errors_another():
    rows = [
        packet(0, ("10.0.0.1", 8), ("10.0.0.2", 0), "icmp", payload=b"ping"),
        packet(5, ("10.0.0.2", 0), ("10.0.0.1", 0), "icmp", payload=b"ping"),
        packet(6, ("10.0.0.2", 3), ("10.0.0.1", 3), "icmp", payload=b"12"),
        packet(7, ("10.0.0.1", 3), ("10.0.0.2", 3), "icmp", payload=b"12"),
        packet(8, ("fe80::1", 135), ("fe80::2", 0), "icmp6", payload=b"12"),
        packet(9, ("fe80::2", 136), ("fe80::1", 0), "icmp6", payload=b"12"),
    ]
    found = [(flow["orig_port"], flow["resp_port"], flow["orig_pkts"], flow["resp_pkts"], *state(flow)) for flow in flows_of(rows)]
    assert found == [(8, 0, 1, 1, "OTH", ""), (3, 3, 1, 0, "OTH", ""), (3, 3, 1, 0, "OTH", ""), (135, 136, 1, 1, "OTH", "")]


def test_addresses_that_differ_in_the_upper_half_only_are_told_apart():
    here, there = ("2001:db8:1::1", 500), ("2001:db8:2::1", 500)
    rows = [packet(0, here, there, "udp", payload=b"a"), packet(1, there, here, "udp", payload=b"bc")]
    (flow,) = flows_of(rows)
    assert (flow["orig_bytes"], flow["resp_bytes"]) == (1, 2)


@pytest.mark.parametrize(("silence_s", "flows"), [(59, 1), (60, 2)])
def test_datagram_flows_end_after_a_minute(silence_s, flows):
    rows = [packet(when, ("10.0.0.1", 4000), ("10.0.0.2", 5000), "udp", payload=b"abc") for when in (0, silence_s * 1000)]
    assert len(flows_of(rows)) == flows


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        ("0 > S 0 0 0\n4999 > S 0 0 0", 1),
        ("0 > S 0 0 0\n5000 > S 0 0 0", 2),
        (HANDSHAKE + "299000 > A 1 1 5", 1),
        (HANDSHAKE + "301000 > A 1 1 5", 2),
        (HANDSHAKE + "30 > FA 1 1 0\n40 < FA 1 2 0\n5039 > A 2 2 0", 1),
        (HANDSHAKE + "30 > FA 1 1 0\n40 < FA 1 2 0\n5041 > A 2 2 0", 2),
        (HANDSHAKE + "30 > FA 1 1 0\n200000 < A 1 2 5", 1),
        (HANDSHAKE + "1000 > S 7 0 0", 2),
        (HANDSHAKE + "1000 > S 0 0 0", 1),
    ],
)
def test_connections_end_as_in_zeek(text, flows):
    assert len(flows_of(tcp(text))) == flows


def test_a_segment_after_the_time_out_continues_the_connection():
    old, new = flows_of(tcp(HANDSHAKE + "30 > A 1 1 5\n400000 > A 6 1 5"))
    assert (new["continues"], old["continues"], new["began"]) == (old["flow"], -1, 0)
    assert flows_of(tcp(HANDSHAKE + "30 > A 1 1 5\n400000 > A 90000000 1 5"))[1]["continues"] == -1


def test_the_first_datagram_after_long_observed_silence_shows_who_began():
    def datagram(seconds, port=4000):
        return packet(1000 * seconds, ("10.0.0.1", port), ("10.0.0.2", 5000), "udp", payload=b"abc")

    assert [flow["began"] for flow in flows_of([datagram(0, 1), datagram(299), datagram(400), datagram(800)])] == [0, 0, 0, 1]


def test_a_packet_captured_twice_counts_once():
    rows = tcp(HANDSHAKE + "30 > A 1 1 5")
    twice = [{**row, "ip_id": 7 + at, "time": row["time"] + copy * 1000, "ttl": 64 - copy} for at, row in enumerate(rows) for copy in range(2)]
    once, both = flows_of(rows)[0], flows_of(twice)[0]
    assert both["duplicate_pkts"] == 4
    for name in ("orig_pkts", "resp_pkts", "orig_bytes", "orig_ip_bytes", "history", "handshake_rtt_ns", "conn_state"):
        assert once[name] == both[name]


def test_copies_are_not_seen_in_retransmissions_groups_and_unnumbered_datagrams():
    retransmitted = tcp("0 > A 1 1 5\n5 > A 1 1 5")
    unnumbered = [packet(when, ("10.0.0.1", 4000), ("10.0.0.2", 5000), "udp", payload=b"abc", ttl=64 - when) for when in range(2)]
    group = [packet(when, ("10.0.0.1", 4000), ("10.0.0.255", 5000), "udp", payload=b"a", ip_id=9, dst_mac=0xFFFFFFFFFFFF) for when in range(2)]
    assert [flow["duplicate_pkts"] for rows in (retransmitted, unnumbered, group) for flow in flows_of(rows)] == [0, 0, 0]


@pytest.mark.parametrize("bytes_of", [lambda number: 8 + number % 3, lambda number: 8])
def test_every_datagram_captured_twice_is_told_apart(bytes_of):
    """Numbered one by one and in bursts, as hosts number them, each burst once more right behind it."""
    rows = []
    for number in range(0, 400, 4):
        burst = [
            packet(number + part / 10, ("192.168.1.50", 22793), ("203.0.113.9", 7000 + part % 2), "udp", payload=b"x" * bytes_of(number + part))
            | {"ip_id": 100 + number + part, "checksum": 7 * (number + part)}
            for part in range(4)
        ]
        rows += burst + [{**row, "time": row["time"] + 450_000} for row in burst]
    assert [(flow["orig_pkts"], flow["duplicate_pkts"]) for flow in flows_of(rows)] == [(200, 200), (200, 200)]


def test_inner_flows_name_the_outer_one():
    outer = packet(0, ("10.0.0.1", 0), ("10.0.0.2", 0), "gre", payload=b"tunnel")
    inner = packet(0, ("192.168.0.1", 4000), ("192.168.0.2", 5000), "udp", payload=b"abc", parent=0, depth=1, frame=1)
    first, second = flows_of([{**outer, "frame": 1}, inner])
    assert (first["parent"], first["flow"], second["parent"], second["flow"], second["depth"]) == (-1, 16, 16, 17, 1)
    assert (first["transport"], state(first)) == (47, ("OTH", ""))


def test_the_least_recently_active_flows_give_way_and_are_counted():
    rows = [packet(1000 * at, ("10.0.0.1", 1000 + at), ("10.0.0.2", 5000), "udp", payload=b"abc") for at in range(30)]
    outcome = Outcome(FlowTable(most_live_flows=8)).feed(rows).finish()
    assert len(outcome.closed) == 30
    assert sorted(flow["orig_port"] for flow in outcome.closed) == list(range(1000, 1030))
    (gap,) = outcome.table.gaps()
    assert (gap.kind, gap.count, gap.first_frame) == ("limit:live_flows", 22, 1)


def test_one_table_runs_across_captures():
    rows = tcp(STATES["SF", "ShADadFf"])
    outcome = Outcome().feed(rows[:4], capture=0).feed(rows[4:], capture=1).finish()
    (flow,) = outcome.closed
    assert state(flow) == ("SF", "ShADadFf")
    assert [flow[name] for name in ("first_capture", "last_capture", "first_frame", "last_frame")] == [0, 1, 1, 5]
    assert outcome.serials == [0] * 9


def test_a_table_without_room_is_refused():
    with pytest.raises(ValueError, match="most_live_flows"):
        FlowTable(most_live_flows=0)


@st.composite
def traffic(draw):
    """Packets of a few five-tuples with any flags and numbers, in time order."""
    rows, now = [], 0
    for _ in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from((0, 1, 40, 3000, 61_000, 301_000)))
        ends = [("10.0.0.1", draw(st.sampled_from((4000, 443)))), ("10.0.0.2", 5000)]
        src, dst = ends if draw(st.booleans()) else ends[::-1]
        flags = draw(st.sampled_from(("S", "SA", "A", "A", "A", "FA", "R", "SF", "")))
        seq, ack = draw(st.integers(0, 60)), draw(st.integers(0, 60))
        rows.append(packet(now, src, dst, draw(st.sampled_from(("tcp", "tcp", "udp"))), flags, seq, ack, b"abcdefgh"[: draw(st.integers(0, 8))]))
    return rows


@settings(max_examples=60)
@given(traffic(), st.integers(1, 7), st.integers(2, 6))
def test_where_blocks_end_makes_no_difference(rows, each, most):
    whole, pieces = (Outcome(FlowTable(most_live_flows=most)).feed(rows, each=size).finish() for size in (None, each))
    assert np.array_equal(np.array(whole.closed), np.array(pieces.closed))
    assert whole.serials == pieces.serials
    drop = ["offset", "slot"]
    names = [name for name in whole.chunks[0][0].dtype.names if name not in drop] if whole.chunks else []
    described = [[([chunk[name] for name in names], data) for chunk, data in outcome.chunks] for outcome in (whole, pieces)]
    assert described[0] == described[1]
    assert sum(row["orig_pkts"] + row["resp_pkts"] + row["duplicate_pkts"] for row in whole.closed) == len(rows)
