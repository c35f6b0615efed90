"""The benchmark capture is what it claims to be: a small one, judged by independent tools."""

from __future__ import annotations

import importlib.util
import struct
import subprocess
from pathlib import Path

import pytest

RECIPE = Path(__file__).parent / "benchmark" / "capture.py"
BAD_CHECKSUM = "ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0"
CHECKS = ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE")


@pytest.fixture(scope="module")
def recipe():
    spec = importlib.util.spec_from_file_location("benchmark_capture", RECIPE)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # A dataclass looks its module up.
        patch.setitem(__import__("sys").modules, "benchmark_capture", module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def made(recipe, tmp_path_factory):
    path = tmp_path_factory.mktemp("benchmark") / "small.pcap"
    with path.open("wb") as out:
        return path, recipe.make(out, 5000, list(recipe.SEEDS))


def printed(path: Path, *words: str) -> list[str]:
    found = subprocess.run(("tshark", "-n", "-r", str(path), *words), capture_output=True, text=True, check=True)
    return found.stdout.splitlines()


def test_properties(made, recipe):
    _, figures = made
    assert figures["packets"] >= 5000
    assert figures["packets_per_flow"] >= recipe.FEWEST_PACKETS_PER_FLOW
    assert figures["dns_share"] <= recipe.MOST_DNS
    assert figures["mean_bytes"] >= recipe.LEAST_MEAN_BYTES


def test_records_are_whole_and_in_order(made):
    path, figures = made
    data, at, count, before = path.read_bytes(), 24, 0, (0, 0)
    while at < len(data):
        seconds, micros, size, wire = struct.unpack_from("<IIII", data, at)
        assert (seconds, micros) >= before
        assert size == wire
        before, at, count = (seconds, micros), at + 16 + size, count + 1
    assert (at, count) == (len(data), figures["packets"])


@pytest.mark.usefixtures("tshark")
def test_checksums_and_counts_in_tshark(made):
    path, figures = made
    options = [word for check in CHECKS for word in ("-o", check)]
    assert printed(path, *options, "-Y", BAD_CHECKSUM) == []
    rows = [line.split("\t") for line in printed(path, *options, "-T", "fields", "-e", "frame.len", "-e", "tcp.stream", "-e", "udp.port")]
    assert len(rows) == figures["packets"]
    assert sum(int(row[0]) for row in rows) / len(rows) == pytest.approx(figures["mean_bytes"], abs=0.1)
    assert sum("53" in row[2].split(",") for row in rows) / len(rows) == pytest.approx(figures["dns_share"], abs=1e-4)


@pytest.mark.usefixtures("tshark")
def test_every_repetition_has_flows_of_its_own(made):
    path, figures = made
    ends = "-e ip.src -e ipv6.src -e ip.dst -e ipv6.dst -e ip.proto -e ipv6.nxt -e tcp.srcport -e udp.srcport -e tcp.dstport -e udp.dstport"
    five_tuples = set()
    for line in printed(path, "-Y", "tcp or udp", "-T", "fields", *ends.split()):
        source4, source6, target4, target6, *_, tcp_from, udp_from, tcp_to, udp_to = line.split("\t")
        two = sorted(((source4 + source6, tcp_from + udp_from), (target4 + target6, tcp_to + udp_to)))
        five_tuples.add((bool(tcp_from), *two))
    arp_and_icmp = figures["flows"] - len(five_tuples)
    assert 0 <= arp_and_icmp <= 4


def test_the_same_seeds_give_the_same_bytes(made, recipe, tmp_path):
    path, _ = made
    with (tmp_path / "again.pcap").open("wb") as out:
        recipe.make(out, 5000, list(recipe.SEEDS))
    assert (tmp_path / "again.pcap").read_bytes() == path.read_bytes()


def test_beginnings_make_many_flows_of_few_packets(recipe, made, tmp_path):
    _, whole = made
    with (tmp_path / "many.pcap").open("wb") as out:
        figures = recipe.make(out, 5000, list(recipe.SEEDS), per_flow=5)
    assert figures["packets_per_flow"] <= 5 < whole["packets_per_flow"]
    found = [(frame, recipe.flow_of(frame)) for _, frame in recipe.read_frames(tmp_path / "many.pcap")]
    assert len(found) == figures["packets"]
    of_flow = {flow: sum(1 for _, other in found if other == flow) for _, flow in found[:200]}
    assert max(of_flow.values()) <= 5
