"""How the command ends, and what it prints where."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TIMEOUT_S = 300
CAMERA = "captures/smart_camera/smart_camera.pcap"
HONEST = "captures/smart_camera/smart_camera_honest.pcap"
DECLARATION = "captures/smart_camera/smart_camera.toml"
TUNNEL = "captures/detectors/dns_tunnelling.pcap"
MALFORMED = "captures/malformed"
FULL = Path("/dev/full")


@pytest.fixture
def run(repository):
    """Runs `gdsi-audit` with these words; `stdin`: bytes."""

    def run(*words, stdin=None):
        line = [sys.executable, "-m", "gdsi_audit", *map(str, words)]
        return subprocess.run(line, cwd=repository, input=stdin, capture_output=True, timeout=TIMEOUT_S)

    return run


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("audit", CAMERA, "-d", DECLARATION), 1, ""),
        (("audit", HONEST, "-d", DECLARATION), 0, ""),
        (("audit", CAMERA, "-d", DECLARATION, "--fail-on", "critical"), 0, ""),
        (("audit", CAMERA, "--strict"), 4, ""),
        (("audit", f"{MALFORMED}/empty.pcap"), 3, "empty"),
        (("audit", f"{MALFORMED}/header_cut.pcap"), 3, "header"),
        (("audit", f"{MALFORMED}/wrong_magic.pcap"), 3, "capture"),
        (("audit", f"{MALFORMED}/header_only.pcap"), 0, ""),
        (("audit", f"{MALFORMED}/tail_cut.pcap"), 3, "tail_cut.pcap: the file ends inside a frame (truncated_record at byte"),
        (("audit", f"{MALFORMED}/bad_caplen.pcap"), 3, "bad_caplen at byte 24"),
        (("audit", "no_such.pcap"), 3, "no_such.pcap"),
        (("audit", CAMERA, "--format", "no_such"), 2, "terminal"),
        (("audit", CAMERA, "-o", "report.nosuch"), 2, "suffix"),
        (("audit", CAMERA, "-d", CAMERA), 2, "smart_camera.pcap: is larger than a declaration may be (1 MiB); name the TOML, JSON or MUD file"),
        (
            ("audit", DECLARATION),
            3,
            "smart_camera.toml: not a capture known here (pcap, pcapng): it begins with 23 20 57 68; name a",
        ),
        (("audit", CAMERA, "--indicators", CAMERA), 2, "smart_camera.pcap: is of no known format; use one of csv, hosts, misp, stix, text"),
        (("audit", CAMERA, "--exclude", "ip.adr == 1.2.3.4"), 2, "ip.addr"),
        (("audit", CAMERA, "--from", "yesterday"), 2, "2026-11-01T10:00:00Z"),
        (
            ("audit", CAMERA, "--device", "nobody"),
            2,
            "neither a MAC nor an address, and no device is declared; write it as 02:00:00:00:00:50",
        ),
        (
            ("audit", CAMERA, "-d", DECLARATION, "--device", "nobody"),
            2,
            "neither a MAC nor an address nor a declared device; declared: camera",
        ),
        (("audit",), 2, "CAPTURE"),
        (("audit", CAMERA, "-o", "no_such_folder/report.html"), 2, "there is no folder no_such_folder; make it first"),
        (("audit", CAMERA, "-o", "report"), 2, "report has no suffix; use one of .csv"),
        (("audit", CAMERA, "-d", "no_such.toml"), 2, "no_such.toml: cannot be read: No such file or directory; check its name"),
        (("audit", CAMERA, "--indicators", "no_such.txt"), 2, "no_such.txt: cannot be read: No such file or directory; check its name"),
        (("audit", CAMERA, "--from", "2026-11-01T11:00:00Z", "--to", "2026-11-01T10:00:00Z"), 2, "is not before --to"),
        (("audit", CAMERA, "--geodb", "captures"), 2, "lay it out as geodb is"),
        (("audit", CAMERA, "--declaraton", "a.toml"), 2, "Did you mean '--declaration'?"),
        (("flows", CAMERA, "-o", "flows.html"), 2, "no format has the suffix '.html'"),
        (("declare", HONEST, "-o", "no_such_folder/draft.toml"), 2, "there is no folder"),
        (("explain", "weak_tsl"), 2, "did you mean weak_tls"),
        (("declare", HONEST), 0, "2 devices"),
        (("declare", HONEST, "--device", "02:00:00:00:00:50"), 0, ""),
        (("declare", TUNNEL), 0, "left out: cams.example: dns_tunnelling"),
        (("declare", f"{MALFORMED}/tail_cut.pcap"), 3, "truncated_record"),
        (("declare", f"{MALFORMED}/empty.pcap"), 3, "empty"),
        (("declare", HONEST, "--device", "nobody"), 2, "nobody"),
        (("declare",), 2, "CAPTURE"),
        (("explain", "No", "contradiction", "observed"), 0, ""),
        (("explain", "no_such"), 2, "`gdsi-audit explain` lists what there is"),
    ],
)
def test_every_way_to_end_has_its_exit_code_and_its_reason(run, words, code, said):
    done = run(*words)
    assert (done.returncode, said in done.stderr.decode()) == (code, True), done.stderr.decode()
    assert b"Traceback" not in done.stderr


UNPRIVILEGED = "setpriv --bounding-set=-dac_override,-dac_read_search"
"""What root may do that others may not is given up, so that permissions hold in a test as well."""


@pytest.fixture
def as_anybody(repository):
    """Runs `gdsi-audit` in a folder as somebody for whom permissions hold."""
    prefix = [] if os.geteuid() else UNPRIVILEGED.split()
    if prefix and (not shutil.which("setpriv") or subprocess.run([*prefix, "true"], capture_output=True).returncode):
        pytest.skip("setpriv cannot give up root's rights here")

    def run(folder, *words):
        line = [*prefix, sys.executable, "-m", "gdsi_audit", *map(str, words)]
        return subprocess.run(line, cwd=folder, capture_output=True, timeout=TIMEOUT_S, text=True)

    return run


def test_what_may_not_be_read_is_3_and_says_what_to_do(as_anybody, repository, tmp_path):
    for name in ("shut/camera.pcap", "folder/camera.pcap", "folder/closed.pcap", "closed.pcap"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(repository / HONEST, tmp_path / name)
    (tmp_path / "folder/closed.pcap").chmod(0)
    (tmp_path / "closed.pcap").chmod(0)
    (tmp_path / "shut").chmod(0)
    try:
        for name, named in (
            ("closed.pcap", "closed.pcap"),
            ("shut", "shut"),
            ("shut/camera.pcap", "shut/camera.pcap"),
            ("folder", "folder/closed.pcap"),
        ):
            done = as_anybody(tmp_path, "flows", name)
            assert (done.returncode, done.stdout) == (3, "")
            assert done.stderr.startswith(f"gdsi-audit: {named}: ")
            assert "permissions" in done.stderr
        done = as_anybody(tmp_path, "audit", repository / HONEST, "-d", "closed.pcap")
        assert (done.returncode, done.stderr) == (2, "gdsi-audit: closed.pcap: cannot be read: Permission denied; check its name and permissions\n")
    finally:
        (tmp_path / "shut").chmod(0o700)


def test_where_nothing_may_be_written_it_says_so_before_any_work(as_anybody, repository, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text("evidence")
    kept.chmod(0o444)
    (tmp_path / "closed").mkdir(mode=0o555)
    for target, said in (
        ("kept.json", "kept.json: may not be written to"),
        ("closed/report.json", "closed/report.json: the folder closed may not be"),
    ):
        done = as_anybody(tmp_path, "audit", "no_such.pcap", "-o", target)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert kept.read_text() == "evidence"


def test_evidence_is_never_written_over(run, repository, tmp_path):
    capture, stated = tmp_path / "camera.pcap", tmp_path / "camera.toml"
    shutil.copy(repository / HONEST, capture)
    shutil.copy(repository / DECLARATION, stated)
    (tmp_path / "link.json").symlink_to(capture)
    before = capture.read_bytes(), stated.read_bytes()
    for words in (
        ("audit", capture, "-f", "json", "-o", capture),
        ("audit", capture, "-o", tmp_path / "link.json"),
        ("audit", tmp_path, "-f", "json", "-o", capture),
        ("audit", capture, "-d", stated, "-f", "json", "-o", stated),
        ("flows", capture, "-f", "jsonl", "-o", capture),
        ("declare", capture, "-o", capture),
    ):
        done = run(*words)
        assert (done.returncode, b"is read as well; name another file" in done.stderr) == (2, True), done.stderr
    assert (capture.read_bytes(), stated.read_bytes()) == before
    assert run("flows", tmp_path, "-o", tmp_path / "flows.csv").returncode == 0
    assert run("flows", tmp_path, "-o", tmp_path / "flows.csv").returncode == 0, "what an earlier run wrote may be replaced"


def test_a_reader_that_has_seen_enough_changes_no_exit_code(repository):
    for words, code in ((("audit", CAMERA, "-d", DECLARATION), 1), (("flows", HONEST, "-f", "jsonl"), 0), (("explain",), 0)):
        ours, theirs = os.pipe()
        os.close(ours)
        done = subprocess.run([sys.executable, "-m", "gdsi_audit", *words], cwd=repository, stdout=theirs, stderr=subprocess.PIPE, timeout=TIMEOUT_S)
        os.close(theirs)
        assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.skipif(not FULL.exists(), reason="/dev/full, which takes nothing, is a device of Linux: no other way to fill a disk within a test")
def test_a_full_disk_is_named_with_what_to_do(run, repository):
    words, advice = ("audit", CAMERA, "-f", "json"), "No space left on device; make room, or name another file with -o\n"
    assert run(*words, "-o", FULL).stderr.decode() == f"gdsi-audit: /dev/full: {advice}"
    with FULL.open("wb") as full:
        line = [sys.executable, "-m", "gdsi_audit", *words]
        done = subprocess.run(line, cwd=repository, stdout=full, stderr=subprocess.PIPE, timeout=TIMEOUT_S)
    assert done.stderr.decode() == f"gdsi-audit: standard output: {advice}"
    assert done.returncode == 2


def test_a_full_folder_of_temporary_files_is_not_taken_for_a_bad_capture(repository):
    code = (
        "import errno, sys, gdsi_audit.tables.spool as spool; from gdsi_audit import cli\n"
        "def full(*_): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "spool.Spool.append = full; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "audit", CAMERA], cwd=repository, capture_output=True, timeout=TIMEOUT_S, text=True)
    assert done.returncode == 2
    assert "TMPDIR" in done.stderr
    assert CAMERA not in done.stderr


@pytest.mark.parametrize(("closed", "code", "said"), [(1, 2, "standard output is closed; name a file with -o"), (2, 1, "")])
def test_a_closed_stream_is_no_bug_of_ours(repository, closed, code, said):
    line = [sys.executable, "-m", "gdsi_audit", "audit", CAMERA, "-d", DECLARATION]
    done = subprocess.run(line, cwd=repository, capture_output=True, timeout=TIMEOUT_S, preexec_fn=lambda: os.close(closed), text=True)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False)


def test_a_terminal_that_knows_only_ascii_gets_the_whole_report(repository):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    line = [
        sys.executable,
        "-c",
        "from gdsi_audit import cli; import sys; sys.stdout.isatty = lambda: True; cli.main()",
        "audit",
        CAMERA,
        "-d",
        DECLARATION,
    ]
    done = subprocess.run(line, cwd=repository, capture_output=True, timeout=TIMEOUT_S, env=environment)
    assert done.returncode == 1, done.stderr
    assert b"a report to hand on" in done.stdout


def test_a_hostile_name_of_a_file_reaches_no_terminal(repository, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff\x1b[31m.pcap"
    done = subprocess.run([sys.executable, "-m", "gdsi_audit", "flows", name], cwd=repository, capture_output=True, timeout=TIMEOUT_S)
    assert (done.returncode, b"\\xff\\x1b[31m.pcap: there is no such file" in done.stderr) == (3, True), done.stderr
    shutil.copy(repository / HONEST, name)
    shown = subprocess.run([sys.executable, "-m", "gdsi_audit", "audit", name], cwd=repository, capture_output=True, timeout=TIMEOUT_S).stdout
    assert (b"\\xff\\x1b[31m.pcap: " in shown, b"\x1b" in shown) == (True, False)


def test_what_a_folder_holds_beside_captures_is_said(run, repository, tmp_path):
    shutil.copy(repository / HONEST, tmp_path)
    (tmp_path / "cut.pcap").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a capture")
    for command in ("audit", "flows", "declare"):
        done = run(command, tmp_path)
        assert b"2 files hold no capture and were not read: " in done.stderr
        assert b"cut.pcap" in done.stderr


def document(done):
    return json.loads(done.stdout)


def test_a_pipe_a_gzip_and_a_folder_give_what_the_file_gives(run, repository, tmp_path):
    raw = (repository / CAMERA).read_bytes()
    (tmp_path / "camera.pcap.gz").write_bytes(gzip.compress(raw))
    (tmp_path / "notes.txt").write_text("not a capture")
    plain = document(run("audit", CAMERA, "-d", DECLARATION, "-f", "json"))
    others = [
        document(run("audit", "-", "-d", DECLARATION, "-f", "json", stdin=raw)),
        document(run("audit", tmp_path / "camera.pcap.gz", "-d", DECLARATION, "-f", "json")),
        document(run("audit", tmp_path, "-d", DECLARATION, "-f", "json")),
    ]
    wanted = [(f["detector"], f["subject"], f["severity"], f["observation"]) for f in plain["findings"]]
    assert wanted
    for other in others:
        assert [(f["detector"], f["subject"], f["severity"], f["observation"]) for f in other["findings"]] == wanted
        assert other["captures"][0]["ledger"] == plain["captures"][0]["ledger"]


def test_two_runs_give_the_same_bytes_whatever_the_environment(repository):
    outputs = set()
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        line = [sys.executable, "-m", "gdsi_audit", "audit", CAMERA, "-d", DECLARATION, "-f", "json"]
        outputs.add(subprocess.run(line, cwd=repository, capture_output=True, timeout=TIMEOUT_S, env=environment).stdout)
    assert len(outputs) == 1


def test_what_is_left_out_is_counted(run):
    audited = document(run("audit", CAMERA, "-f", "json", "--exclude", "udp.port == 53"))
    ledger = audited["captures"][0]["ledger"]
    assert ledger["skipped"]["filtered"] > 0
    assert ledger["read"] == ledger["decoded"] + sum(ledger["skipped"].values())
    assert "analyst-selected" in json.dumps(audited["coverage"])


@pytest.mark.parametrize("style", ["table", "jsonl", "csv", "parquet", "zeek"])
def test_flows_come_in_every_format(run, tmp_path, style):
    target = tmp_path / "flows.out"
    assert run("flows", HONEST, "-f", style, "-o", target).returncode == 0
    assert target.stat().st_size > 1000


@pytest.mark.parametrize("words", [(), ("--mud",)])
def test_a_draft_goes_where_it_is_sent_and_is_a_declaration(run, tmp_path, words):
    target = tmp_path / ("draft.json" if words else "draft.toml")
    assert run("declare", HONEST, "-o", target, *words).returncode == 0
    assert run("declare", HONEST, *words).stdout == target.read_bytes()
    # MUD says nothing of encryption, so that a certificate signed by itself stays `low`.
    assert run("audit", HONEST, "-d", target, "--fail-on", "medium" if words else "low").returncode == 0


def test_flows_of_a_capture_without_packets_are_none(run, tmp_path):
    target = tmp_path / "none.parquet"
    assert run("flows", f"{MALFORMED}/header_only.pcap", "-o", target).returncode == 0
    assert target.exists()


def heard():
    """In the child: Ctrl-C is heard, even where pytest itself was started in the background of a shell, which has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupted_it_says_so_and_leaves_nothing_half_written(repository, tmp_path):
    target = tmp_path / "report.json"
    line = [sys.executable, "-m", "gdsi_audit", "audit", "-", "-o", str(target)]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, cwd=repository, stdin=pipe, stderr=pipe, stdout=pipe, preexec_fn=heard) as process:
        process.stdin.write((repository / CAMERA).read_bytes()[:100_000])
        process.stdin.flush()
        time.sleep(5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert b"interrupted" in said
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "word", "expected"),
    [
        ("gdsi-audit ", 1, "declare"),
        ("gdsi-audit explain weak", 2, "weak_tls"),
        ("gdsi-audit audit --format ht", 3, "html"),
        ("gdsi-audit audit ", 2, "file"),
    ],
)
def test_the_shell_completes(repository, typed, word, expected):
    environment = {**os.environ, "_GDSI_AUDIT_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(word)}
    code = "from gdsi_audit.cli import command; command(prog_name='gdsi-audit')"
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, env=environment, timeout=TIMEOUT_S, text=True)
    assert expected in done.stdout.replace(",", "\n").split()


def test_our_own_bug_is_70_and_says_so(repository):
    code = "import gdsi_audit.observe as observe; from gdsi_audit import cli; observe.Observer.finish = lambda _: 1 / 0; cli.main()"
    done = subprocess.run([sys.executable, "-c", code, "audit", CAMERA], cwd=repository, capture_output=True, timeout=TIMEOUT_S)
    assert done.returncode == 70
    assert b"our bug" in done.stderr


def test_a_bar_with_bytes_and_time_left_shows_on_a_terminal(repository, tmp_path):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "gdsi_audit", "audit", "-", "-o", str(tmp_path / "report.json")]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    raw = (repository / CAMERA).read_bytes()
    with subprocess.Popen(line, cwd=repository, stdin=subprocess.PIPE, stderr=theirs, stdout=subprocess.DEVNULL, env=environment) as process:
        os.close(theirs)
        for part in range(0, len(raw), 200_000):
            process.stdin.write(raw[part : part + 200_000])
            process.stdin.flush()
            time.sleep(0.4)
        process.stdin.close()
        shown = b""
        with contextlib.suppress(OSError):
            while got := os.read(ours, 65536):
                shown += got
    os.close(ours)
    assert b"reading" in shown
    assert b"B" in shown
    assert b"written to" in shown


def test_interrupted_while_it_starts_it_shows_no_traceback(repository):
    code = "import builtins, signal, sys; from gdsi_audit import __main__ as start\nplain = builtins.__import__\n" + (
        "def hooked(name, *rest, **more):\n    if name == 'click': signal.raise_signal(signal.SIGINT)\n    return plain(name, *rest, **more)\n"
        "builtins.__import__ = hooked\nstart.main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "explain"], cwd=repository, capture_output=True, timeout=TIMEOUT_S, preexec_fn=heard)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"gdsi-audit: interrupted; no file was written\n")


LOSING = """
import sys
from gdsi_audit import cli, interrupt
from gdsi_audit.readers._source import Reading

class Gone:
    def __del__(self):
        import signal
        signal.raise_signal(signal.SIGINT)
        for _ in range(1000):
            pass

def enter(self, plain=Reading.__enter__):
    gone = Gone()
    del gone
    return plain(self)

sys.unraisablehook = lambda _: None
Reading.__enter__ = enter
cli.main()
"""


@pytest.mark.parametrize("source", [CAMERA, "-"])
def test_an_interrupt_that_python_loses_in_a_finaliser_counts(repository, tmp_path, source):
    line = [sys.executable, "-c", LOSING, "audit", source, "-o", str(tmp_path / "report.json")]
    raw = (repository / CAMERA).read_bytes()
    done = subprocess.run(line, cwd=repository, input=raw, capture_output=True, timeout=TIMEOUT_S, preexec_fn=heard)
    assert (done.returncode, list(tmp_path.iterdir())) == (130, [])
    assert b"Traceback" not in done.stderr
