from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import time
import zlib

import malformed
import pytest
import zstandard
from capture_bytes import read
from hypothesis import given, settings
from hypothesis import strategies as st

PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstandard.ZstdCompressor(write_checksum=True).compress}
LONG = malformed.file_header() + b"".join(
    malformed.record(hashlib.sha512(b"%d" % number).digest() * 8, seconds=1_700_000_000 + number) for number in range(4_000)
)


@pytest.mark.parametrize("name", PACKERS)
def test_unpacked_as_if_it_were_plain(name):
    packed = PACKERS[name](LONG)
    reading, rows = read(packed)
    assert rows == read(LONG)[1]
    assert (reading.incomplete, reading.bytes_on_disk, reading.sha256) == ("", len(packed), hashlib.sha256(packed).hexdigest())
    assert reading.bytes_parsed + reading.trailing_bytes == len(LONG)


@pytest.mark.parametrize("name", PACKERS)
def test_members_follow_each_other(name):
    middle = len(LONG) // 2
    reading, rows = read(PACKERS[name](LONG[:middle]) + PACKERS[name](b"") + PACKERS[name](LONG[middle:]))
    assert (len(rows), reading.incomplete) == (4_000, "")


@pytest.mark.parametrize("name", PACKERS)
def test_padding_behind_the_last_member_is_no_damage(name):
    reading, rows = read(PACKERS[name](LONG) + bytes(512))
    assert (len(rows), reading.incomplete) == (4_000, "")


@pytest.mark.parametrize("name", PACKERS)
def test_a_cut_tail_keeps_what_came_before(name):
    packed = PACKERS[name](LONG)
    reading, rows = read(packed[: len(packed) * 3 // 4])
    assert 500 < len(rows) < 4_000
    assert reading.incomplete.startswith("truncated_compression at byte")
    assert rows == read(LONG)[1][: len(rows)]


@pytest.mark.parametrize("name", PACKERS)
def test_damage_keeps_what_came_before(name):
    packed = bytearray(PACKERS[name](LONG))
    at = len(packed) * 3 // 4
    packed[at : at + 64] = bytes(64)
    reading, rows = read(bytes(packed))
    assert reading.incomplete.startswith(("corrupt_compression", "bad_caplen", "truncated"))
    assert [row["frame"] for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("name", PACKERS)
def test_what_unpacks_to_no_capture_is_refused(name):
    with pytest.raises(ValueError, match="not a capture"):
        read(PACKERS[name](b"a letter, not a capture"))


@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_is_not_unpacked(name):
    packer = zlib.compressobj(wbits=31)
    room = malformed.file_header() + malformed.record(bytes(65_535)) * 16
    pieces = (packer.compress(room if turn == 0 else room[24:]) for turn in range(240))
    packed = b"".join(pieces) + packer.flush() if name == "gzip" else PACKERS[name](room + room[24:] * 99)
    assert len(packed) < 300_000
    began = time.process_time()
    reading, _ = read_without_rows(packed)
    assert reading.incomplete.startswith("limit:compression_ratio at byte")
    assert [gap.kind for gap in reading.gaps] == ["limit:compression_ratio"]
    assert reading.stream_bytes <= 65 << 20
    assert time.process_time() - began < 3


def read_without_rows(content):
    from io import BytesIO

    from gdsi_audit.readers._inputs import Input
    from gdsi_audit.readers._source import Reading

    with Reading(Input(name="bomb", stdin=BytesIO(content)), 0) as reading:
        return reading, sum(frames.records.size for frames in reading.frames())


@given(st.sampled_from(sorted(PACKERS)), st.binary(max_size=200), st.integers(0, 400))
@settings(max_examples=100)
def test_damage_is_data(name, noise, at):
    packed = PACKERS[name](malformed.whole())
    try:
        read(packed[:at] + noise + packed[at + len(noise) :])
    except ValueError:
        return
