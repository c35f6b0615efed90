from __future__ import annotations

import random
import struct
import subprocess

import pytest
from capture_bytes import FRAME, MICROSECONDS, assert_books_balance, block, enhanced, interface, obsolete, option, read, section, simple
from hypothesis import given, settings
from hypothesis import strategies as st

FIELDS = ("number", "len", "cap_len", "time_epoch")
SYSDIG = struct.pack("<HQQIHI", 0, 1, 1, 26, 1, 0) + bytes(16)

ODD = {
    "all packet blocks, little endian": section() + interface() + enhanced() + simple() + obsolete(),
    "all packet blocks, big endian": section(">") + interface(1, ">") + enhanced(FRAME, ">") + simple(FRAME, ">") + obsolete(FRAME, ">"),
    "sections of both orders": section() + interface() + enhanced() + section(">") + interface(101, ">") + enhanced(FRAME, ">") + simple(FRAME, ">"),
    "a section without an interface": section() + interface() + enhanced() + section(">"),
    "several interfaces": section() + interface() + interface(113, snaplen=80) + enhanced(number=1) + enhanced(number=0),
    "section length given": section(length=20) + interface() + enhanced() * 3,
    "minor version 2": section(version=(1, 2)) + interface() + enhanced(),
    "options of odd length": section(options=option(4, b"abc"))
    + interface(options=option(2, b"eth0") + option(3, b"") + option(0, b""))
    + enhanced(),
    "packet options": section() + interface() + enhanced(options=option(1, b"odd") + option(0, b"")),
    "journal entry": section() + interface() + enhanced() + block(9, b"__REALTIME_TIMESTAMP=1700000000000000\nA=1\n\n") + enhanced(),
    "sysdig events": section() + interface() + block(0x204, SYSDIG) + block(0x216, SYSDIG) + block(0x221, SYSDIG) + block(0x208, SYSDIG) + enhanced(),
    "custom blocks": section() + interface() + block(0xBAD, bytes(4) + b"abc") + block(0x40000BAD, bytes(4)) + enhanced(),
    "unknown blocks": section() + interface() + block(0x77, b"abc") + block(0x80000001, b"") + block(7, b"x") + block(8, b"y") + enhanced(),
    "unknown block longer than the ring": section() + interface() + enhanced() + block(0x77, bytes(26 << 20)) + enhanced(),
    "empty frames": section() + interface() + enhanced(b"") + enhanced(b"", wire=60) + enhanced(wire=0) + enhanced(),
    "simple packet cut by the snapshot length": section() + interface(snaplen=20) + simple(FRAME[:20], wire=60) + enhanced(),
    "largest packet": section() + interface() + enhanced(bytes(262_144)) + enhanced(),
}
"""Readable captures: count, lengths and times must be tshark's."""

DAMAGED = {
    "trailing length differs": section() + interface() + enhanced() + block(6, bytes(20), trailing=8),
    "block shorter than a block": section() + interface() + enhanced() + struct.pack("<II", 0x77, 8) + enhanced(),
    "packet longer than its block": section() + interface() + enhanced() + enhanced(caplen=70),
    "simple packet longer than its block": section() + interface() + enhanced() + simple(wire=100),
    "longer than any packet": section() + interface() + enhanced() + enhanced(bytes(262_145)),
    "custom block without a number": section() + interface() + enhanced() + block(0xBAD, b"") + enhanced(),
    "unknown byte order": section() + interface() + enhanced() + block(0x0A0D0D0A, bytes(16)) + enhanced(),
    "version 2": section() + interface() + enhanced() + section(version=(2, 0)) + interface() + enhanced(),
}
"""Each has one frame before the damage that ends it."""


def tshark_rows(path):
    printed = subprocess.run(
        ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=,", *(word for field in FIELDS for word in ("-e", f"frame.{field}"))],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return [line.split(",") for line in printed.splitlines()]


@pytest.mark.usefixtures("tshark")
@pytest.mark.parametrize("name", ODD)
def test_frames_are_tsharks(name, tmp_path):
    path = tmp_path / "odd.pcapng"
    path.write_bytes(ODD[name])
    reading, rows = read(path)
    expected = tshark_rows(path)
    assert (reading.frame_count, reading.incomplete) == (len(expected), "")
    by_frame = {row["frame"]: row for row in rows}
    assert len(by_frame) + reading.ledger.skipped["not_a_packet"] == len(expected)
    for frame, wire, caplen, time in expected:
        if row := by_frame.get(int(frame)):
            seconds, _, fraction = (time or "0.0").partition(".")
            assert [row["wire_bytes"], len(row["bytes"]), row["time"]] == [int(wire), int(caplen), int(seconds) * 10**9 + int(fraction.ljust(9, "0"))]
    assert_books_balance(reading, rows, path.stat().st_size)


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_ends_reading_and_keeps_what_was_whole(name):
    reading, rows = read(DAMAGED[name])
    assert (reading.frame_count, len(rows)) == (1, 1)
    assert reading.incomplete == f"bad_caplen at byte {len(section() + interface() + enhanced())}"
    assert_books_balance(reading, rows, len(DAMAGED[name]))


@pytest.mark.parametrize(
    ("resolution", "offset_s", "ticks", "time"),
    [
        (b"\x06", 0, MICROSECONDS, 1_700_000_000 * 10**9),
        (b"\x09", -5, 1_700_000_000 * 10**9 + 1, 1_699_999_995 * 10**9 + 1),
        (b"\x00", 0, 1_700_000_000, 1_700_000_000 * 10**9),
        (b"\x0c", 0, 5 * 10**12 + 1_999, 5 * 10**9 + 1),
        (b"\x13", 0, 10**19 + 10**10, 10**9 + 1),
        (b"\x14", 0, 17 * 10**14, 17_000),
        (b"\x7f", 0, 2**64 - 1, 0),
        (b"\x8a", 100, 1024 + 512, 101 * 10**9 + 500_000_000),
        (b"\x80", 0, 9, 9 * 10**9),
        (b"\xa1", 0, (3 << 33) + (1 << 33) - 1, 4 * 10**9 - 1),
        (b"\xbf", 0, 2**64 - 1, 2 * 10**9 - 1),
        (b"\xc0", 0, 2**63, 500_000_000),
        (b"\xff", 0, 2**64 - 1, 0),
    ],
)
@pytest.mark.parametrize("order", "<>")
def test_every_clock_is_exact(resolution, offset_s, ticks, time, order):
    options = option(9, resolution, order) + option(14, struct.pack(order + "q", offset_s), order)
    reading, rows = read(section(order) + interface(1, order, options=options) + enhanced(FRAME, order, ticks=ticks))
    assert [row["time"] for row in rows] == [time] == [reading.first]


@given(st.integers(0, 255), st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1))
@settings(max_examples=150)
def test_clocks_agree_with_whole_numbers(resolution, ticks, offset_s):
    options = option(9, bytes([resolution])) + option(14, struct.pack("<q", offset_s))
    reading, rows = read(section() + interface(options=options) + enhanced(ticks=ticks))
    units = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    seconds = ticks // units + offset_s
    if abs(seconds) <= 9_223_372_035:
        assert rows[0]["time"] == seconds * 10**9 + ticks % units * 10**9 // units
    else:
        assert [gap.kind for gap in reading.gaps] == ["absurd_timestamp"]
        assert rows[0]["time"] == (1 if seconds > 0 else -1) * 9_223_372_035 * 10**9


def test_packets_without_an_interface_are_numbered_and_skipped():
    content = section() + enhanced() + simple() + interface() + enhanced(number=7) + enhanced()
    reading, rows = read(content)
    assert ([row["frame"] for row in rows], reading.frame_count, dict(reading.ledger.skipped)) == ([4], 4, {"unknown_interface": 3})
    assert_books_balance(reading, rows, len(content))


def test_simple_packets_have_no_time():
    reading, rows = read(section() + interface() + simple())
    assert ([row["time"] for row in rows], reading.first, reading.last) == ([0], None, None)
    assert [(gap.kind, gap.count, gap.first_frame) for gap in reading.gaps] == [("no_timestamp", 1, 1)]


def test_metadata_is_kept():
    names = option(1, bytes((192, 0, 2, 1)) + b"host.example\0other.example\0") + option(2, bytes(15) + b"\x01six.example\0")
    drops = [block(5, struct.pack("<III", 0, 0, 0) + option(5, struct.pack("<Q", n)) + option(7, struct.pack("<Q", 1))) for n in (3, 8)]
    secrets = block(10, struct.pack("<II", 0x544C534B, 5) + b"KEYS\n")
    reading, _ = read(section() + interface(options=option(2, b"eth\x1b0")) + block(4, names) + b"".join(drops) + secrets + enhanced())
    assert reading.resolved_names == [
        (bytes((192, 0, 2, 1)), b"host.example"),
        (bytes((192, 0, 2, 1)), b"other.example"),
        (bytes(15) + b"\x01", b"six.example"),
    ]
    assert (reading.dropped_pkts, reading.interfaces[0].name, reading.decryption_secrets) == (9, "eth\\x1b0", [(0x544C534B, b"KEYS\n")])
    assert read(section() + interface() + enhanced())[0].dropped_pkts is None


def test_cut_tails():
    content = section() + interface() + enhanced() * 2
    reading, _ = read(content[:-7])
    assert (reading.frame_count, dict(reading.ledger.skipped)) == (1, {"truncated_record": 1})
    reading, _ = read(content + block(5, bytes(12))[:-7])
    assert (reading.frame_count, dict(reading.ledger.skipped)) == (2, {})
    assert reading.incomplete == f"truncated_record at byte {len(content)}"
    with pytest.raises(ValueError, match="cut"):
        read(content[:23])
    with pytest.raises(ValueError, match="byte-order"):
        read(block(0x0A0D0D0A, bytes(16)))


@given(st.data())
@settings(max_examples=200)
def test_damage_is_data(data):
    name = data.draw(st.sampled_from([name for name, content in sorted((ODD | DAMAGED).items()) if len(content) < 4096]))
    content = bytearray((ODD | DAMAGED)[name])
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=5)):
        content[at] = value
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        reading, rows = read(cut)
    except ValueError:
        return
    assert_books_balance(reading, rows, len(cut))


@pytest.mark.usefixtures("tshark")
def test_random_sequences_of_blocks_are_tsharks(tmp_path):
    rng = random.Random(3)
    for turn in range(4):
        content = b""
        for _ in range(3):
            order = rng.choice("<>")
            resolution = rng.choice((3, 6, 9, 0x8A, 0x94))
            content += section(order) + interface(rng.choice((1, 101)), order, options=option(9, bytes([resolution]), order))
            makers = (enhanced, obsolete, lambda frame, order: simple(frame, order), lambda frame, order: block(0xBAD, bytes(4) + frame, order))
            content += b"".join(rng.choice(makers)(bytes(rng.randrange(90)), order) for _ in range(10))
        path = tmp_path / f"{turn}.pcapng"
        path.write_bytes(content)
        reading, rows = read(path)
        expected = {row[0]: row for row in tshark_rows(path)}
        assert reading.frame_count == len(expected)
        assert [[str(row["wire_bytes"]), str(len(row["bytes"]))] for row in rows] == [expected[str(row["frame"])][1:3] for row in rows]
