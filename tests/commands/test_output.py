"""Where reports are written to."""

from __future__ import annotations

import os
import threading

import pytest

from gdsi_audit.commands._output import write


def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(b"{}", str(pipe))
    reader.join()
    assert read == [b"{}"]
    assert pipe.is_fifo()


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "report.json").write_text("old")
    link = tmp_path / "latest.json"
    link.symlink_to("report.json")
    write("new", str(link))
    assert link.is_symlink()
    assert (tmp_path / "report.json").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.json", "report.json"]


def test_a_folder_is_no_place_for_a_report(tmp_path):
    with pytest.raises(ValueError, match="Is a directory; name another file with -o"):
        write("text", str(tmp_path))


def test_a_report_that_replaces_another_keeps_who_may_read_it(tmp_path):
    report = tmp_path / "report.json"
    report.write_text("old")
    report.chmod(0o600)
    write("new", str(report))
    assert (report.read_text(), report.stat().st_mode & 0o777) == ("new", 0o600)
