"""The decode stage as a whole: batches, ledger, hostile input, and tshark's opinion."""

from __future__ import annotations

import random
import subprocess

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packets_frames import frames_of, rows_of

from gdsi_audit.packets.address import texts
from gdsi_audit.packets.decode import BATCH_ROWS, Decoder

scapy = pytest.importorskip("scapy.all", reason="scapy makes the packets")

ETHER = scapy.Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
FOUR = scapy.IP(src="192.0.2.1", dst="198.51.100.2", id=7)
SIX = scapy.IPv6(src="2001:db8::1", dst="2001:db8::2")
TCP = scapy.TCP(sport=1, dport=2) / b"payload"
INNER = bytes(scapy.Ether(src="02:00:00:00:00:0c", dst="02:00:00:00:00:0d") / FOUR / TCP)
SEEDS = [
    bytes(ETHER / FOUR / TCP),
    bytes(ETHER / SIX / scapy.IPv6ExtHdrHopByHop() / scapy.IPv6ExtHdrRouting() / scapy.UDP(sport=3, dport=4) / b"x"),
    bytes(ETHER / FOUR / scapy.UDP(sport=9, dport=4789) / (b"\x08" + bytes(7) + INNER)),
    bytes(ETHER / FOUR / scapy.UDP(sport=9, dport=6081) / (b"\x01\0\x65\x58" + bytes(8) + INNER)),
    bytes(ETHER / FOUR / scapy.UDP(sport=2152, dport=2152) / (b"\x34\xff\0\x24" + bytes(7) + b"\x85\x01\0\0\0" + INNER[14:])),
    bytes(ETHER / FOUR / scapy.UDP(sport=3544, dport=1) / (b"\0\1\4\4" + bytes(17) + b"\0\0" + bytes(6) + bytes(SIX / TCP))),
    bytes(ETHER / FOUR / scapy.UDP(sport=5072, dport=1) / (b"\x42\x52\x11\x29" + bytes(40) + bytes(SIX / TCP))),
    bytes(ETHER / FOUR / scapy.GRE() / TCP),
    bytes(ETHER / scapy.IP(src="192.0.2.1", dst="192.0.2.2", proto=47) / (b"\x10\0\x22\xeb" + bytes(4) + b"\x20" + bytes(19) + INNER)),
    bytes(12) + b"\x81\0\0\5\x88\x47\0\1\1\x40" + bytes(4) + INNER,
    bytes(12) + b"\x88\x64\x11\0\0\1\0\x30\0\x21" + bytes(FOUR / TCP),
    bytes(12) + b"\0\x40\xaa\xaa\3\0\0\0\x08\0" + bytes(FOUR / TCP),
    bytes(ETHER / scapy.ARP()),
    *(bytes(ETHER / part) for part in scapy.fragment(FOUR / scapy.UDP(sport=1, dport=2) / bytes(200), fragsize=64)),
    *(bytes(ETHER / part) for part in scapy.fragment6(SIX / scapy.IPv6ExtHdrFragment(id=9) / scapy.UDP(sport=1, dport=2) / bytes(2000), 1280)),
]
LINKTYPES = [0, 1, 9, 50, 51, 100, 101, 104, 105, 108, 109, 113, 117, 119, 127, 138, 163, 192, 204, 228, 229, 239, 240, 241, 258, 276]


def check(frames, rows, decoder):
    decoder.finish()
    assert all(ledger.adds_up() for ledger in decoder.ledgers.values())
    assert sum(ledger.read for ledger in decoder.ledgers.values()) == len(frames.records)
    assert np.all(rows["payload_bytes"] >= 0)
    assert np.all(rows["payload_bytes"] <= rows["payload_wire_bytes"])
    assert np.all(rows["payload_offset"] + rows["payload_bytes"] <= len(frames.data))
    assert np.all(np.diff(rows["frame"]) >= 0)


def mutated(chooser: random.Random) -> bytes:
    frame = bytearray(chooser.choice(SEEDS))
    for _ in range(chooser.randrange(6)):
        frame[chooser.randrange(len(frame))] = chooser.choice([0, 1, 4, 6, 0x41, 0x60, 0x7F, 0x80, 0xFF, chooser.randrange(256)])
    return bytes(frame[: chooser.randrange(len(frame) + 1)] if chooser.random() < 0.4 else frame)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 32), linktype=st.sampled_from([1, *LINKTYPES]), snaplen=st.sampled_from([14, 34, 60, 1 << 20]))
def test_hostile_frames_are_decoded_or_skipped_and_nothing_else(seed, linktype, snaplen):
    chooser = random.Random(seed)
    packets = [mutated(chooser) for _ in range(100)]
    if linktype != 1:
        packets = [chooser.randbytes(chooser.choice([0, 4, 12, 16, 24, 26])) + packet for packet in packets]
    frames = frames_of(packets, linktype, snaplen=snaplen)
    decoder = Decoder()
    check(frames, rows_of(decoder, frames), decoder)


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=120), max_size=20), st.sampled_from(LINKTYPES))
def test_any_bytes_are_decoded_or_skipped(packets, linktype):
    frames = frames_of(packets, linktype)
    decoder = Decoder()
    check(frames, rows_of(decoder, frames), decoder)


@pytest.mark.parametrize("seed", range(4))
def test_everyday_traffic_is_decoded_alike_by_both_kernels(seed):
    chooser = random.Random(seed)
    frames = frames_of([SEEDS[0]] * 3 + [mutated(chooser) for _ in range(200)])
    everyday, rare = Decoder(), Decoder()
    rare._expect_rare()
    rows = rows_of(everyday, frames)
    assert everyday._table is not None
    assert np.array_equal(rows, rows_of(rare, frames))
    everyday.finish()
    rare.finish()
    assert (everyday.ledgers, everyday.gaps(), everyday.apps) == (rare.ledgers, rare.gaps(), rare.apps)


def test_full_batches_are_handed_out_and_decoding_resumes():
    frames = frames_of([SEEDS[0]] * (BATCH_ROWS + 5_000))
    decoder = Decoder()
    batches = [batch["frame"].copy() for batch in decoder.decode(frames)]
    assert max(map(len, batches)) <= BATCH_ROWS
    assert len(batches) == 2
    assert np.array_equal(np.concatenate(batches), np.arange(1, BATCH_ROWS + 5_001))


def test_full_spare_room_hands_out_the_batch():
    parts = scapy.fragment(FOUR / scapy.UDP(sport=1, dport=2) / bytes(65_000), fragsize=16_000)
    packets = [bytes(ETHER / part) for number in range(40) for part in parts if part.setfieldval("id", number) is None]
    frames = frames_of(packets, step_ns=1000)
    decoder = Decoder()
    batches = [batch[["payload_offset", "payload_bytes"]].copy() for batch in decoder.decode(frames)]
    assert len(batches) > 1
    for batch in batches:
        begins = np.sort(batch["payload_offset"])
        assert np.all(np.diff(begins) >= 65_000)
    assert sum(map(len, batches)) == 40


def test_gaps_name_the_capture_of_their_first_example():
    bad = bytearray(SEEDS[0])
    bad[24] ^= 0xFF
    decoder = Decoder()
    rows_of(decoder, frames_of([SEEDS[0]]))
    rows_of(decoder, frames_of([SEEDS[0], bytes(bad)], capture=1))
    assert [(gap.kind, gap.count, gap.first_frame) for gap in decoder.gaps()] == [("bad_ip_checksum", 1, 2)]
    assert decoder.first_captures() == {"bad_ip_checksum": 1}


def pcap_frames(path):
    """Frames of a pcap file, by scapy: reading files is another stage's matter."""
    with scapy.RawPcapReader(str(path)) as reader:
        packets = list(reader)
        frames = frames_of([raw for raw, _ in packets], reader.linktype)
    frames.records["wire_bytes"] = [metadata.wirelen for _, metadata in packets]
    return frames


@pytest.mark.parametrize(
    "name", ["ndpi/6in4tunnel.pcap", "zeek/q-in-q.pcap", "zeek/ftp__ipv6.pcap", "zeek/tunnels__gre-sample.pcap", "zeek/radiotap.pcap"]
)
@pytest.mark.usefixtures("tshark")
def test_tshark_sees_the_same(shared_captures, name):
    frames = pcap_frames(shared_captures / name)
    rows = rows_of(Decoder(), frames)
    innermost = {
        int(row["frame"]): (src, int(row["src_port"]), int(row["dst_port"]), int(row["payload_wire_bytes"]))
        for row, src in zip(rows, texts(rows["src_hi"], rows["src_lo"]), strict=True)
        if row["transport"] == 6
    }
    fields = ["frame.number", "ip.src", "ipv6.src", "tcp.srcport", "tcp.dstport", "tcp.len"]
    command = ["tshark", "-n", "-r", str(shared_captures / name), "-Y", "tcp && !icmp && !icmpv6", "-T", "fields", "-E", "occurrence=l"]
    printed = subprocess.run([*command, *(part for field in fields for part in ("-e", field))], capture_output=True, text=True, check=True).stdout
    for line in printed.splitlines():
        number, four, six, *numbers = line.split("\t")
        src, *ours = innermost.pop(int(number))
        assert src in (four, six)
        assert ours == [int(value) for value in numbers]
    assert innermost == {}
