from __future__ import annotations

import gzip
from io import BytesIO

import malformed
import pytest
from capture_bytes import enhanced, interface, section, simple

from gdsi_audit.readers import UnreadableInputError
from gdsi_audit.readers._inputs import ignored, inputs

LATE = malformed.file_header() + malformed.record(b"late", seconds=1_800_000_000)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "a_late.pcap").write_bytes(LATE)
    (tmp_path / "below" / "packed").write_bytes(gzip.compress(malformed.whole()))
    (tmp_path / "z_early.pcapng").write_bytes(section() + interface() + enhanced(ticks=1_600_000_000_000_000))
    (tmp_path / "notes.txt").write_bytes(b"not a capture")
    (tmp_path / "empty.pcap").write_bytes(b"")
    return tmp_path


def names(found, folder):
    return [source.name.removeprefix(folder.as_posix() + "/") for source in found]


def test_a_folder_stands_for_its_captures_in_time_order(folder):
    assert names(inputs([str(folder)]), folder) == ["z_early.pcapng", "below/packed", "a_late.pcap"]
    assert [name.removeprefix(folder.as_posix() + "/") for name in ignored([str(folder)])] == ["empty.pcap", "notes.txt"]


def test_ties_go_by_path_and_captures_without_a_time_first(folder):
    (folder / "b_late.pcap").write_bytes(LATE)
    (folder / "untimed.pcap").write_bytes(malformed.file_header())
    arguments = [str(folder / name) for name in ("b_late.pcap", "a_late.pcap", "untimed.pcap")]
    assert names(inputs(arguments), folder) == ["untimed.pcap", "a_late.pcap", "b_late.pcap"]


def test_with_a_pipe_the_sequence_is_kept(folder):
    found = inputs([str(folder / "a_late.pcap"), "-", str(folder / "z_early.pcapng")], stdin=BytesIO(b""))
    assert names(found, folder) == ["a_late.pcap", "-", "z_early.pcapng"]
    assert [source.size_bytes() for source in found] == [len(LATE), None, (folder / "z_early.pcapng").stat().st_size]


def test_one_file_is_taken_as_it_is(folder):
    assert names(inputs([str(folder / "notes.txt")]), folder) == ["notes.txt"]


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(UnreadableInputError, match=r"none\.pcap: there is no such file; check the name"):
        inputs([str(tmp_path / "none.pcap")])
    with pytest.raises(UnreadableInputError, match="no capture in this folder"):
        inputs([str(tmp_path)])


def test_a_packet_without_time_sorts_as_1970(folder):
    (folder / "simple.pcapng").write_bytes(section() + interface() + simple())
    assert names(inputs([str(folder)]), folder)[0] == "simple.pcapng"
