from __future__ import annotations

import hashlib
import os
import threading
import time
from io import FileIO

import malformed
import pytest

from gdsi_audit.readers import BLOCK_BYTES, UnreadableInputError, _source, _stream
from gdsi_audit.readers._inputs import Input
from gdsi_audit.readers._source import Reading

LONG_RECORD = malformed.record(bytes(60_000))


@pytest.fixture
def long_capture(tmp_path):
    path = tmp_path / "long.pcap"
    path.write_bytes(malformed.file_header() + LONG_RECORD * 800)
    return Input(name="long.pcap", path=path)


def reading_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("gdsi-audit")]


def test_leaving_early_ends_the_thread(long_capture):
    with Reading(long_capture, 0) as reading:
        frames = reading.frames()
        assert next(frames).records.size > 0
        frames.close()
    assert reading_threads() == []


def test_an_error_of_the_consumer_ends_the_thread(long_capture):
    def interrupted():
        with Reading(long_capture, 0) as reading:
            for _ in reading.frames():
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reading_threads() == []


def test_an_error_of_the_thread_reaches_the_consumer(long_capture, monkeypatch):
    def broken(_stream, _view):
        raise MemoryError("planted")

    with Reading(long_capture, 0) as reading:
        monkeypatch.setattr(_source.RawStream, "readinto", broken)
        monkeypatch.setattr(reading._stream, "_waiting", b"")
        with pytest.raises(MemoryError, match="planted"):
            list(reading.frames())


def test_a_failing_disk_keeps_what_was_read():
    class Failing:
        def __init__(self):
            self.content = malformed.whole()[:400]

        def readinto(self, view):
            if not self.content:
                raise OSError(5, "Input/output error")
            part, self.content = self.content[: len(view)], self.content[len(view) :]
            view[: len(part)] = part
            return len(part)

        def close(self):
            self.content = b""

        def fileno(self):
            raise OSError("in memory")

    with Reading(Input(name="failing", stdin=Failing()), 0) as reading:
        assert sum(frames.records.size for frames in reading.frames()) == 4
    assert reading.incomplete == "read_error: Input/output error at byte 336"
    assert [gap.kind for gap in reading.gaps] == ["read_error"]


def test_what_lies_behind_the_stop_is_hashed_too(tmp_path):
    content = malformed.CAPTURES["bad_caplen.pcap"] + bytes(4 * BLOCK_BYTES)
    path = tmp_path / "stops.pcap"
    path.write_bytes(content)
    with Reading(Input(name="stops.pcap", path=path), 0) as reading:
        assert list(reading.frames()) == []
    assert reading.sha256 == hashlib.sha256(content).hexdigest()
    assert reading.bytes_parsed + reading.trailing_bytes == reading.bytes_on_disk == reading.bytes_read == len(content)


def test_without_hashing_there_is_no_hash(long_capture):
    with Reading(long_capture, 0, hashing=False) as reading:
        assert sum(frames.records.size for frames in reading.frames()) == 800
    assert (reading.sha256, reading.bytes_on_disk) == ("", 24 + 800 * len(LONG_RECORD))


@pytest.mark.parametrize("memory_bytes", [0, 1 << 40])
def test_a_capture_that_memory_cannot_keep_is_forgotten_behind_the_reading(memory_bytes, long_capture, monkeypatch):
    forgotten = []
    monkeypatch.setattr(_stream, "_memory_bytes", lambda: memory_bytes)
    monkeypatch.setattr(_stream.os, "posix_fadvise", lambda _, start, size, advice: forgotten.append((start, size, advice)))
    with Reading(long_capture, 0) as reading:
        assert sum(frames.records.size for frames in reading.frames()) == 800
    assert reading.sha256 == hashlib.sha256(malformed.file_header() + LONG_RECORD * 800).hexdigest()
    steps = range(_stream.PASSED_BYTES, reading.bytes_read, _stream.PASSED_BYTES) if memory_bytes == 0 else []
    assert [(start, advice) for start, _, advice in forgotten] == [(0, os.POSIX_FADV_DONTNEED)] * len(steps)
    assert all(reached >= step for (_, reached, _), step in zip(forgotten, steps, strict=True))


def test_a_pause_in_a_pipe_hands_over_what_came():
    out, into = os.pipe()
    os.write(into, malformed.file_header() + malformed.record(b"first"))
    with Reading(Input(name="-", stdin=FileIO(out)), 0) as reading:
        frames = reading.frames()
        began = time.monotonic()
        assert next(frames).records.size == 1
        assert time.monotonic() - began < 5
        os.write(into, malformed.record(b"second"))
        os.close(into)
        assert next(frames).records["frame"].tolist() == [2]
        assert list(frames) == []
    assert reading.sha256 == hashlib.sha256(malformed.file_header() + malformed.record(b"first") + malformed.record(b"second")).hexdigest()


def test_the_error_names_the_input(tmp_path):
    with pytest.raises(UnreadableInputError, match=r"^folder/x\.pcap: the capture is empty \(0 bytes\); "):
        (tmp_path / "x").write_bytes(b"")
        Reading(Input(name="folder/x.pcap", path=tmp_path / "x"), 0).__enter__()
    with pytest.raises(UnreadableInputError, match="missing: No such file or directory; "):
        Reading(Input(name="missing", path=tmp_path / "missing"), 0).__enter__()
