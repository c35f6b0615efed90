from __future__ import annotations

import hashlib
import json
import random
import subprocess

import malformed
import pytest
from capture_bytes import assert_books_balance, read
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("magic", "name", "nanoseconds"), [(0xA1B2C3D4, "pcap", 7000), (0xA1B23C4D, "nsecpcap", 7)], ids=["microseconds", "nanoseconds"]
)
def test_both_byte_orders_and_resolutions(order, magic, name, nanoseconds):
    content = malformed.file_header(order=order, magic=magic) + malformed.record(b"abcd", fraction=7, order=order, wire=99)
    reading, rows = read(content)
    assert rows == [
        {"time": 1_700_000_000_000_000_000 + nanoseconds, "frame": 1, "wire_bytes": 99, "linktype": 1, "interface": 0, "bytes": b"abcd"},
    ]
    assert (reading.format, reading.frame_count, reading.wire_bytes, reading.snaplen) == (name, 1, 99, 65_535)
    assert reading.first == reading.last == rows[0]["time"]
    assert reading.sha256 == hashlib.sha256(content).hexdigest()
    assert_books_balance(reading, rows, len(content))


def test_modified_records_have_eight_bytes_more():
    record = malformed.record(b"")
    content = malformed.file_header(magic=0xA1B2CD34) + (record[:8] + (3).to_bytes(4, "little") * 2 + bytes(8) + b"abc") * 2
    reading, rows = read(content)
    assert reading.format == "modpcap"
    assert [row["bytes"] for row in rows] == [b"abc", b"abc"]


def test_check_sequence_bits_are_no_part_of_the_link_type():
    _, rows = read(malformed.file_header(network=0x14000071) + malformed.record(b"abcd"))
    assert rows[0]["linktype"] == 113


@pytest.mark.parametrize(("version", "lengths"), [((2, 0), (9, 4)), ((2, 2), (9, 4)), ((543, 0), (9, 4)), ((2, 3), (9, 4)), ((2, 3), (4, 9))])
def test_old_versions_may_swap_the_lengths(version, lengths):
    content = malformed.file_header(version=version) + malformed.record(b"abcd", caplen=lengths[0], wire=lengths[1])
    _, rows = read(content)
    assert [(row["bytes"], row["wire_bytes"]) for row in rows] == [(b"abcd", 9)]


@pytest.mark.parametrize(
    ("name", "message"),
    [("empty.pcap", "0 bytes"), ("header_cut.pcap", "10 of 24 bytes"), ("wrong_magic.pcap", "de ad be ef")],
)
def test_what_holds_no_capture_is_refused_with_a_reason(name, message):
    with pytest.raises(ValueError, match=message):
        read(malformed.CAPTURES[name])


@pytest.mark.parametrize(
    ("name", "frames", "skipped", "incomplete"),
    [
        ("header_only.pcap", 0, {}, ""),
        ("tail_cut.pcap", malformed.PACKETS - 1, {"truncated_record": 1}, "truncated_record at byte 882"),
        ("bad_caplen.pcap", 0, {"bad_caplen": 1}, "bad_caplen at byte 24"),
    ],
)
def test_what_is_whole_is_kept(name, frames, skipped, incomplete):
    reading, rows = read(malformed.CAPTURES[name])
    assert (reading.frame_count, len(rows), reading.ledger.read) == (frames, frames, frames + sum(skipped.values()))
    assert (dict(reading.ledger.skipped), reading.incomplete) == (skipped, incomplete)
    assert [gap.note for gap in reading.gaps] == [incomplete] * bool(incomplete)
    assert reading.sha256 == hashlib.sha256(malformed.CAPTURES[name]).hexdigest()
    assert_books_balance(reading, rows, len(malformed.CAPTURES[name]))


def test_the_generator_and_its_files_agree(repository):
    folder = repository / "captures" / "malformed"
    assert {path.name: path.read_bytes() for path in folder.glob("*.pcap")} == malformed.CAPTURES


def test_longest_capture_length_follows_the_snapshot_length():
    long = malformed.record(bytes(300_000)) + malformed.record(b"abcd")
    assert read(malformed.file_header(snaplen=400_000) + long)[0].frame_count == 2
    assert read(malformed.file_header(snaplen=0) + long)[0].incomplete == "bad_caplen at byte 24"
    assert read(malformed.file_header(snaplen=0) + malformed.record(bytes(262_144)))[0].frame_count == 1
    assert read(malformed.file_header(snaplen=4) + malformed.record(bytes(60)))[0].frame_count == 1


def test_absurd_wire_length_is_clamped_and_counted():
    reading, rows = read(malformed.file_header() + malformed.record(b"ab") + malformed.record(b"abcd", wire=0xFFFFFFF0))
    assert rows[1]["wire_bytes"] == 0x7FFFFFFF
    assert [(gap.kind, gap.count, gap.first_frame) for gap in reading.gaps] == [("absurd_wire_length", 1, 2)]


def test_frames_straddle_blocks(tmp_path):
    rng = random.Random(7)
    bodies = [bytes([number % 251]) * rng.choice((0, 1, 59, 1_460, 65_000, 262_144)) for number in range(500)]
    content = malformed.file_header(snaplen=262_144) + b"".join(map(malformed.record, bodies))
    assert len(content) > 20 << 20
    path = tmp_path / "long.pcap"
    path.write_bytes(content)
    reading, rows = read(path)
    assert [row["bytes"] for row in rows] == bodies
    assert [row["frame"] for row in rows] == list(range(1, 501))
    assert reading.sha256 == hashlib.sha256(content).hexdigest()
    assert_books_balance(reading, rows, len(content))


def test_many_small_frames_come_in_several_turns():
    content = malformed.file_header() + malformed.record(b"") * 150_000
    reading, rows = read(content)
    assert (reading.frame_count, len(rows), rows[-1]["frame"]) == (150_000, 150_000, 150_000)


@given(st.data())
@settings(max_examples=150)
def test_damage_is_data(data):
    content = bytearray(malformed.whole())
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=5)):
        content[at] = value
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        reading, rows = read(cut)
    except ValueError:
        return
    assert_books_balance(reading, rows, len(cut))
    assert [row["frame"] for row in rows] == list(range(1, reading.frame_count + 1))


@pytest.mark.usefixtures("tshark")
def test_frames_of_damaged_captures_are_tsharks(tmp_path):
    rng = random.Random(1)
    for _ in range(4):
        content = bytearray(malformed.whole())
        for _ in range(3):
            content[rng.randrange(24, len(content))] = rng.randrange(256)
        path = tmp_path / "damaged.pcap"
        path.write_bytes(content[: rng.randrange(200, len(content))])
        printed = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.len"], capture_output=True, text=True, check=False).stdout
        assert [str(row["wire_bytes"]) for row in read(path)[1]] == printed.split()


def test_totals_of_the_measuring_set(shared_captures):
    different = []
    for reference in sorted(shared_captures.rglob("*.tshark.json")):
        path = reference.with_name(reference.name.removesuffix(".tshark.json"))
        reading, rows = read(path)
        if reading.frame_count != json.loads(reference.read_text())["packets"] or len(rows) + reading.ledger.skipped.total() != reading.ledger.read:
            different.append(path.name)
    assert different == []
