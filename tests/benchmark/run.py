"""Measures gdsi-audit and its peers on one capture in one run: `python tests/benchmark/run.py CAPTURE [--rounds N] [--markdown] [--json FILE]`.

CPU is user + system time of the whole process tree, start-up included, with kernels cached; memory is the largest process's. Programs take turns, and
the median of the rounds counts. Peers that are not installed are listed as absent. NFStream and drift-evidence live in environments of their own:
`--nfstream PYTHON`, `--drift DRIFT`. Slow peers get the first SLOW_PACKETS packets. Make the capture with capture.py;
`--many-flows` makes one of its own with a million flows, for their memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SLOW_PACKETS = 300_000
SMALL_BYTES = 10_000_000
MANY_FLOWS_PACKETS = 3_700_000
MANY_FLOWS_PER_FLOW = 5
"""A million flows: memory must not grow with them."""
LONGEST_S = 1800
REPOSITORY = Path(__file__).parents[2]

DPKT_LOOP = """
import sys, dpkt
with open(sys.argv[1], "rb") as file:
    for _, frame in dpkt.pcap.Reader(file):
        try:
            dpkt.ethernet.Ethernet(frame)
        except dpkt.UnpackError:
            pass
"""
NFSTREAM = """
import sys
from nfstream import NFStreamer
if __name__ == "__main__":
    print(sum(1 for _ in NFStreamer(source=sys.argv[1], n_dissections=20, statistical_analysis=False)))
"""


@dataclass
class Program:
    """What is run, and what was measured of it."""

    name: str
    words: list[str]
    """Empty: it is not installed."""
    packets: int
    cpu_s: list[float] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    failed: str = ""

    def run(self, environment: dict[str, str]) -> None:
        if not self.words or self.failed:
            return
        begun = time.monotonic()
        # A limit on wall clock through the shell's timeout: wait4 itself knows none.
        process = subprocess.Popen(
            ["timeout", str(LONGEST_S), *self.words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, cwd=environment["TMPDIR"]
        )
        complaints = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        code = process.returncode = os.waitstatus_to_exitcode(status)
        if code not in (0, 1):
            self.failed = f"exit code {code}: {complaints.decode(errors='replace').strip()[-200:]}"
            return
        self.cpu_s.append(usage.ru_utime + usage.ru_stime)
        self.wall_s.append(time.monotonic() - begun)
        self.memory_mib.append(usage.ru_maxrss / 1024)

    def figures(self) -> dict[str, object]:
        if not self.cpu_s:
            return {"program": self.name, "absent": self.failed or "not installed"}
        cpu = statistics.median(self.cpu_s)
        return {
            "program": self.name,
            "packets": self.packets,
            "cpu_s": round(cpu, 3),
            "wall_s": round(statistics.median(self.wall_s), 3),
            "memory_mib": round(max(self.memory_mib)),
            "kpkts_per_cpu_s": round(self.packets / cpu / 1000, 1),
        }


def front(capture: Path, target: Path, *, packets: int | None = None, size: int | None = None) -> int:
    """Copies the first packets of a classic pcap; returns how many."""
    count = 0
    with capture.open("rb") as source, target.open("wb") as out:
        head = source.read(24)
        order = "<" if head[0] != 0xA1 else ">"
        out.write(head)
        while (packets is None or count < packets) and (size is None or out.tell() < size) and len(record := source.read(16)) == 16:
            out.write(record + source.read(struct.unpack_from(order + "I", record, 8)[0]))
            count += 1
    return count


def ours(name: str, capture: Path, packets: int, *words: str) -> Program:
    return Program(name, [sys.executable, "-m", "gdsi_audit", *words, str(capture)], packets)


def own_programs(capture: Path, packets: int, folder: Path) -> dict[str, Program]:
    header = folder / "header.pcap"
    front(capture, header, packets=0)
    small = folder / "small.pcap"
    small_packets = front(capture, small, size=SMALL_BYTES)
    audit = ("audit", "--fail-on", "critical", "--format", "json", "-o", str(folder / "audit.json"))
    flows = ("flows", "--no-names", "--format", "parquet", "-o", str(folder / "flows.parquet"))
    return {
        "audit": ours("gdsi-audit audit --format json", capture, packets, *audit),
        "flows": ours("gdsi-audit flows --no-names --format parquet", capture, packets, *flows),
        "header": ours("the same, header only", header, 0, *flows),
        "small": ours("gdsi-audit audit, 10 MB", small, small_packets, *audit),
        "help": Program("gdsi-audit --help", [sys.executable, "-m", "gdsi_audit", "--help"], 0),
    }


def peers(capture: Path, packets: int, slow: Path, slow_packets: int, folder: Path, nfstream: str, drift: str) -> dict[str, Program]:
    flow_folder = folder / "nfpcapd"
    flow_folder.mkdir()
    # Without "none" softflowd waits for its control socket after the end of the file; -6: IPv6 flows too.
    softflowd = ["softflowd", "-r", str(capture), "-d", "-6", "-n", "127.0.0.1:9995", "-p", "none", "-c", "none"]
    can_dpkt = subprocess.run([sys.executable, "-c", "import dpkt"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return {
        "ndpi": Program("ndpiReader -q", installed("ndpiReader", "-i", str(capture), "-q"), packets),
        "softflowd": Program("softflowd", installed(*softflowd), packets),
        "nfpcapd": Program("nfpcapd", installed("nfpcapd", "-r", str(capture), "-w", str(flow_folder)), packets),
        "dpkt": Program("dpkt.ethernet.Ethernet", [sys.executable, "-c", DPKT_LOOP, str(slow)] if can_dpkt else [], slow_packets),
        "nfstream": Program("NFStream", installed(nfstream, "-c", NFSTREAM, str(slow)) if nfstream else [], slow_packets),
        "drift": Program("drift-evidence", installed(drift, "learn", str(slow)) if drift else [], slow_packets),
    }


def installed(*words: str) -> list[str]:
    return list(words) if shutil.which(words[0]) else []


def bars(of: dict[str, dict[str, object]]) -> Iterator[tuple[str, object, str, bool | None]]:
    """(what, figure, bar, whether it is reached; None: cannot be told)."""

    def rate(name: str) -> float | None:
        value = of.get(name, {}).get("kpkts_per_cpu_s")
        return value if isinstance(value, float) else None

    audit = rate("audit")
    for peer, factor in (("ndpi", 1.5), ("nfstream", 10.0), ("dpkt", 5.0), ("drift", 100.0)):
        theirs = rate(peer)
        ratio = round(audit / theirs, 2) if audit and theirs else None
        yield f"audit, packets per CPU second, times {peer}", ratio, f">= {factor}", None if ratio is None else ratio >= factor
    table = {name: of.get(name, {}).get("cpu_s") for name in ("flows", "header", "softflowd", "nfpcapd")}
    if isinstance(table["flows"], float) and isinstance(table["header"], float):
        alone = round(table["flows"] - table["header"], 3)
        for peer in ("softflowd", "nfpcapd"):
            theirs = table[peer]
            yield f"flow table alone, CPU s, against {peer}", alone, f"<= {theirs}", alone <= theirs if isinstance(theirs, float) else None
    memory = [(name, "memory_mib", 400) for name in ("audit", "many_flows") if name in of]
    for name, key, bar in (*memory, ("help", "wall_s", 0.3), ("small", "wall_s", 3.0), ("small_compiling", "wall_s", 20.0)):
        value = of.get(name, {}).get(key)
        yield f"{of.get(name, {}).get('program', name)}, {key}", value, f"<= {bar}", value <= bar if isinstance(value, int | float) else None
    longer, shorter = (of.get(name, {}).get("cpu_s") for name in ("audit", "tenth"))
    if isinstance(longer, float) and isinstance(shorter, float):
        yield "ten times the packets, times the CPU", round(longer / shorter, 2), "<= 11", longer / shorter <= 11


def measure(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(folder)}
    # Modules are kept compiled where a program is installed; compiling them again in every run is no part of it.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    slow = folder / "slow.pcap"
    slow_packets = front(options.capture, slow, packets=SLOW_PACKETS)
    packets = options.packets or packets_of(options.capture)
    programs = own_programs(options.capture, packets, folder)
    programs |= peers(options.capture, packets, slow, slow_packets, folder, options.nfstream, options.drift)
    if options.linearity:
        tenth = folder / "tenth.pcap"
        few = front(options.capture, tenth, packets=packets // 10)
        audit = programs["audit"].words[:-1]
        programs["tenth"] = Program("gdsi-audit audit, a tenth", [*audit, str(tenth)], few)
    if options.many_flows:
        many = folder / "many_flows.pcap"
        recipe = Path(__file__).with_name("capture.py")
        size = ("--packets", str(MANY_FLOWS_PACKETS), "--per-flow", str(MANY_FLOWS_PER_FLOW))
        subprocess.run([sys.executable, str(recipe), str(many), *size], check=True, stdout=subprocess.DEVNULL)
        programs["many_flows"] = Program("gdsi-audit audit, a million flows", [*programs["audit"].words[:-1], str(many)], packets_of(many))
    small = programs["small"]
    Program("", small.words, 0).run(environment)  # fills the kernel cache
    programs = {name: program for name, program in programs.items() if name in (options.only or programs)}
    for _ in range(options.rounds):
        for program in programs.values():
            program.run(environment)
    if options.compiling:
        empty = Program("gdsi-audit audit, 10 MB, empty kernel cache", small.words, small.packets)
        empty.run({**environment, "GDSI_AUDIT_CACHE": str(folder / "empty-cache")})
        programs["small_compiling"] = empty
    figures = {name: program.figures() for name, program in programs.items()}
    return {"capture": {"packets": packets, "bytes": options.capture.stat().st_size}, "rounds": options.rounds, "programs": figures}


def packets_of(capture: Path) -> int:
    """Packets of a classic pcap, by its record headers."""
    count, at, size = 0, 24, capture.stat().st_size
    with capture.open("rb") as source:
        order = "<" if source.read(1)[0] != 0xA1 else ">"
        while at + 16 <= size:
            source.seek(at + 8)
            at += 16 + struct.unpack(order + "I", source.read(4))[0]
            count += 1
    return count


def table(result: dict[str, object], *, markdown: bool) -> Iterator[str]:
    columns = ("program", "packets", "cpu_s", "wall_s", "memory_mib", "kpkts_per_cpu_s")
    programs = result["programs"]
    rows = [[str(row.get(column, "")) if "absent" not in row else (row["program"], row["absent"], "", "", "", "")[place]
             for place, column in enumerate(columns)] for row in programs.values()]  # fmt: skip
    yield from lines([list(columns), *rows], markdown=markdown)
    yield ""
    judged = [[what, str(figure), bar, {True: "reached", False: "missed", None: "unknown"}[reached]] for what, figure, bar, reached in bars(programs)]
    yield from lines([["bar", "figure", "wanted", ""], *judged], markdown=markdown)


def lines(rows: list[list[str]], *, markdown: bool) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "| " + " | ".join(cells) + " |" if markdown else "  ".join(cells)
        if markdown and number == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("capture", type=Path)
    parser.add_argument("--packets", type=int, default=0, help="packets in CAPTURE, to save counting them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nfstream", default="", help="a Python that has NFStream")
    parser.add_argument("--drift", default="", help="the program of drift-evidence")
    parser.add_argument("--linearity", action="store_true", help="also a tenth of the capture against all of it")
    parser.add_argument("--many-flows", action="store_true", help="also a million flows of few packets, made from the recipe's seeds")
    parser.add_argument("--compiling", action="store_true", help="also 10 MB with an empty kernel cache")
    parser.add_argument("--only", nargs="+", default=[], help="programs to run, by key: audit flows header small help ndpi softflowd nfpcapd dpkt …")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    options.capture = options.capture.resolve()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options, Path(folder))
    print("\n".join(table(result, markdown=options.markdown)))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    else:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
