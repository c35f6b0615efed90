"""TCP becomes in-order chunks: any order of arrival gives the bytes that were sent."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from packet_rows import Outcome, packet

from gdsi_audit.flows.table import EVERYTHING, FlowTable

CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 5000)


def segment(milliseconds, at, data, **more):
    """Bytes of the client from stream position `at` on; the SYN had 4294967000, so that numbers wrap."""
    return packet(milliseconds, CLIENT, SERVER, "tcp", "A", 4294967001 + at, 1, data, **more)


def syn():
    return packet(0, CLIENT, SERVER, "tcp", "S", 4294967000, 0)


def acknowledgement(milliseconds, at):
    return packet(milliseconds, SERVER, CLIENT, "tcp", "A", 1, 4294967001 + at)


@st.composite
def deliveries(draw):
    """A stream, cut at random, shuffled, with overlapping retransmissions, whole in the end."""
    data = draw(st.binary(min_size=1, max_size=6000))
    cuts = sorted({0, len(data), *draw(st.lists(st.integers(0, len(data)), max_size=12))})
    pieces = list(itertools.pairwise(cuts))
    again = draw(st.lists(st.tuples(st.integers(0, len(data)), st.integers(0, len(data))), max_size=6))
    order = draw(st.permutations(pieces + [(min(pair), max(pair)) for pair in again]))
    return data, order


@settings(max_examples=60)
@given(deliveries(), st.sampled_from((None, 1, 3)), st.booleans())
def test_any_order_with_retransmissions_gives_the_stream(delivery, each, from_the_syn):
    data, order = delivery
    head = [syn()] if from_the_syn else [segment(0, 0, data[:1])]
    rows = head + [segment(at + 1, begin, data[begin:end]) for at, (begin, end) in enumerate(order)]
    outcome = Outcome().feed(rows, each=each).finish()
    assert outcome.stream() == data
    assert outcome.closed[0]["orig_bytes"] == len(data)
    assert outcome.closed[0]["orig_missed_bytes"] == 0


def test_an_acknowledged_hole_is_skipped_and_marked():
    rows = [
        syn(),
        segment(1, 0, b"abc"),
        segment(2, 5, b"fgh"),
        acknowledgement(3, 8),
        segment(4, 8, b"ij"),
        acknowledgement(5, 12),
        segment(6, 12, b"m"),
    ]
    outcome = Outcome().feed(rows).finish()
    assert outcome.stream() == b"abc??fghij??m"
    assert outcome.closed[0]["orig_missed_bytes"] == 4


def test_what_still_waits_at_the_end_is_delivered_behind_its_hole():
    outcome = Outcome().feed([syn(), segment(1, 4, b"efg"), segment(2, 9, b"jk")]).finish()
    assert outcome.stream() == b"????efg??jk"
    assert outcome.closed[0]["orig_missed_bytes"] == 6


def test_the_first_copy_of_overlapping_bytes_stays():
    outcome = Outcome().feed([syn(), segment(1, 2, b"CD"), segment(2, 0, b"abcdef")]).finish()
    assert outcome.stream() == b"abCDef"


def test_only_the_window_is_offered_and_more_on_request():
    table = FlowTable()
    outcome = Outcome(table).feed([syn()] + [segment(at, 1000 * at, bytes(1000)) for at in range(20)])
    assert len(outcome.stream()) == 16_384
    last = outcome.chunks[-1][0]
    table.want(last["slot"], last["serial"], 0, EVERYTHING)
    outcome.feed([segment(at, 1000 * at, bytes(1000)) for at in range(20, 60)], first_frame=50)
    assert sum(len(data) for _, data in outcome.chunks) == 16_384 + 40_000
    table.want(last["slot"], last["serial"], 0, 0)
    outcome.feed([segment(60, 60_000, bytes(1000))], first_frame=100)
    assert sum(len(data) for _, data in outcome.chunks) == 16_384 + 40_000


def test_a_request_for_a_flow_that_is_gone_changes_nothing():
    table = FlowTable()
    outcome = Outcome(table).feed([syn()])
    table.want(0, 7, 0, 0)
    assert outcome.feed([segment(1, 0, b"abc")], first_frame=2).stream() == b"abc"


def test_no_streams_no_chunks():
    outcome = Outcome(FlowTable(streams=False)).feed([syn(), segment(1, 5, b"abc"), segment(2, 0, b"abcde")]).finish()
    assert outcome.chunks == []
    assert outcome.closed[0]["orig_missed_bytes"] == 0


def test_a_cut_segment_leaves_a_gap_that_was_not_missed():
    rows = [syn(), segment(1, 0, b"abc", payload_wire_bytes=5), segment(2, 5, b"fg")]
    outcome = Outcome().feed(rows).finish()
    assert outcome.stream() == b"abc??fg"
    assert [int(chunk["wire_length"]) for chunk, _ in outcome.chunks] == [5, 2]
    assert outcome.closed[0]["orig_missed_bytes"] == 0


def record(kind, body):
    return bytes((kind, 3, 3)) + len(body).to_bytes(2) + body


HELLO = record(22, b"\x01\x00\x00\x10" + bytes(16))
CCS = record(20, b"\x01")


def test_encrypted_records_are_not_offered():
    plain = HELLO + CCS + HELLO + record(21, b"\x01\x00")
    data = plain + record(23, bytes(3000))
    for size in (1, 3, 7, 100, 5000):
        pieces = range(0, len(data), size)
        offered = Outcome().feed([syn()] + [segment(at, at, data[at : at + size]) for at in pieces]).stream()
        # A first piece of fewer than three bytes shows no record: the whole window is offered.
        assert offered == (plain if size >= 3 else data) or (size < 7 and offered.startswith(HELLO + CCS))


def test_an_encrypted_handshake_record_ends_the_interest():
    data = HELLO + CCS + record(22, bytes(40)) + record(23, bytes(100))
    assert Outcome().feed([syn(), segment(1, 0, data)]).stream() == HELLO + CCS


def test_many_waiting_segments_are_bounded_and_counted():
    rows = [syn()] + [segment(at, 10 + 4 * at, b"ab") for at in range(700)]
    outcome = Outcome().feed(rows).finish()
    assert outcome.closed[0]["orig_bytes"] == 10 + 4 * 699 + 2
    assert [gap.kind for gap in outcome.table.gaps()] == ["limit:reordered_segments"]
    assert b"ab" in outcome.stream()


def test_the_first_datagrams_are_offered_and_messages_whole():
    def datagrams(port):
        return [packet(at, CLIENT, ("10.0.0.2", port), "udp", payload=bytes((at,))) for at in range(40)]

    assert [len(Outcome().feed(datagrams(port)).chunks) for port in (5000, 53)] == [16, 40]
    chunk, data = Outcome().feed(datagrams(53)).chunks[7]
    assert (chunk["stream_offset"], chunk["wire_length"], chunk["frame"], data) == (7, 1, 8, b"\x07")


def test_a_full_room_for_chunks_only_makes_more_batches():
    rows = [packet(0, CLIENT, ("10.0.0.2", 53), "udp", payload=b"a")] * 20_000
    outcome = Outcome().feed(rows).finish()
    assert len(outcome.chunks) == len(outcome.serials) == 20_000
    assert np.all(np.diff([chunk["stream_offset"] for chunk, _ in outcome.chunks]) == 1)
