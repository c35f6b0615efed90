"""IP, its fragments and the tunnels, against packets that scapy makes."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from packets_frames import frames_of, rows_of

from gdsi_audit.packets import ARP, GAP_BITS, TUNNELS
from gdsi_audit.packets.address import text
from gdsi_audit.packets.decode import Decoder

scapy = pytest.importorskip("scapy.all", reason="scapy makes the packets")

ETHER = scapy.Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
FOUR = scapy.IP(src="192.0.2.1", dst="198.51.100.2", id=7)
SIX = scapy.IPv6(src="2001:db8::1", dst="2001:db8::2")
INNER = {
    4: scapy.IP(src="10.0.0.1", dst="10.0.0.2") / scapy.TCP(sport=1234, dport=80, seq=5, ack=6, flags="PA") / b"inner",
    6: scapy.IPv6(src="fd00::1", dst="fd00::2") / scapy.TCP(sport=1234, dport=80, seq=5, ack=6, flags="PA") / b"inner",
}
OUTER = {4: FOUR, 6: SIX}


def udp(port: int, sport: int = 50000):
    return scapy.UDP(sport=sport, dport=port, chksum=0)


def ethernet(packet) -> bytes:
    return bytes(scapy.Ether(src="02:00:00:00:00:0c", dst="02:00:00:00:00:0d") / packet)


def ipproto(inner: int) -> int:
    return 4 if inner == 4 else 41


def ethertype(inner: int) -> int:
    return 0x0800 if inner == 4 else 0x86DD


def gtp_u(packet: bytes) -> bytes:
    return b"\x34\xff" + struct.pack(">HI", len(packet) + 8, 1) + b"\0\0\0\x85" + b"\x01\x00\x00\x00" + packet


def ppp(inner: int) -> bytes:
    return b"\xff\x03\x00" + (b"\x21" if inner == 4 else b"\x57") + bytes(INNER[inner])


def l2tp(packet: bytes) -> bytes:
    return b"\x40\x02" + struct.pack(">HHH", len(packet) + 8, 7, 9) + packet


TUNNEL_HEADERS = {
    "ip-in-ip": lambda outer, inner: outer / bytes(INNER[inner]),
    "6in4": lambda outer, inner: outer / bytes(INNER[inner]),
    "gre": lambda outer, inner: outer / (struct.pack(">HHHHII", 0xB000, ethertype(inner), 0, 0, 9, 1) + bytes(INNER[inner])),
    "gre bridging": lambda outer, inner: outer / (b"\0\0\x65\x58" + ethernet(INNER[inner])),
    "gre pptp": lambda outer, inner: (
        outer / (b"\x30\x81\x88\x0b" + bytes(12) + b"\xff\x03" + (b"\0\x21" if inner == 4 else b"\0\x57") + bytes(INNER[inner]))
    ),
    "erspan i": lambda outer, inner: outer / (b"\0\0\x88\xbe" + ethernet(INNER[inner])),
    "erspan ii": lambda outer, inner: outer / (b"\x10\0\x88\xbe" + bytes(4) + b"\x10\x01" + bytes(6) + ethernet(INNER[inner])),
    "erspan iii": lambda outer, inner: outer / (b"\x10\0\x22\xeb" + bytes(4) + b"\x20\x01" + bytes(9) + b"\x01" + bytes(8) + ethernet(INNER[inner])),
    "vxlan": lambda outer, inner: outer / udp(4789) / (b"\x08\0\0\0\0\0\x01\0" + ethernet(INNER[inner])),
    "vxlan gpe": lambda outer, inner: outer / udp(4790) / ((b"\x0c\0\0\x01" if inner == 4 else b"\x0c\0\0\x02") + bytes(4) + bytes(INNER[inner])),
    "geneve": lambda outer, inner: outer / udp(6081) / (b"\x02\0\x65\x58\0\0\x01\0" + bytes(8) + ethernet(INNER[inner])),
    "gtp-u": lambda outer, inner: outer / udp(2152) / gtp_u(bytes(INNER[inner])),
    "ayiya": lambda outer, inner: outer / udp(5072) / (bytes([0x42, 0x52, 0x11, ipproto(inner)]) + bytes(4 + 16 + 20) + bytes(INNER[inner])),
    "l2tp": lambda outer, inner: outer / udp(1701) / l2tp(ppp(inner)),
    "l2tp bare": lambda outer, inner: outer / udp(50001, 1701) / (b"\x00\x02\x00\x07\x00\x09" + ppp(inner)[2:]),
    "l2tp padded": lambda outer, inner: outer / udp(1701) / (b"\x0a\x02\x00\x07\x00\x09\x00\x01\x00\x02\x00\x03" + bytes(3) + ppp(inner)[3:]),
    "l2tp 3": lambda outer, inner: outer / udp(1701) / (b"\x00\x03\0\0\0\0\0\x07" + bytes(4) + ethernet(INNER[inner])),
    "l2tp 3 ip": lambda outer, inner: outer / (b"\0\0\0\x07" + bytes(8) + ppp(inner)),
    "ethernet-in-ip": lambda outer, inner: outer / (b"\x30\x00" + ethernet(INNER[inner])),
    "ethernet-in-ip of segment routing": lambda outer, inner: outer / ethernet(INNER[inner]),
    "mpls": lambda outer, inner: outer / (b"\x00\x01\x00\x40\x00\x02\x01\x40" + bytes(INNER[inner])),
    "mpls over udp": lambda outer, inner: outer / udp(6635) / (b"\x00\x02\x01\x40" + bytes(INNER[inner])),
    "teredo": lambda outer, inner: outer / udp(3544) / (b"\0\1\0\0" + bytes(9) + b"\0\0" + bytes(6) + bytes(INNER[6])),
}
PROTOCOLS = {
    "ip-in-ip": 4,
    "6in4": 41,
    "gre": 47,
    "gre bridging": 47,
    "gre pptp": 47,
    "erspan i": 47,
    "erspan ii": 47,
    "erspan iii": 47,
    "l2tp 3 ip": 115,
    "ethernet-in-ip": 97,
    "ethernet-in-ip of segment routing": 143,
    "mpls": 137,
}


ONLY_INNER = {"ip-in-ip": (4,), "6in4": (6,), "teredo": (6,)}
CASES = [(name, outer, inner) for name in TUNNEL_HEADERS for outer in (4, 6) for inner in ONLY_INNER.get(name, (4, 6))]


@pytest.mark.parametrize(("name", "outer", "inner"), CASES)
def test_tunnel(decode, name, outer, inner):
    header = OUTER[outer].copy()
    if name in PROTOCOLS:
        header.fields["proto" if outer == 4 else "nh"] = PROTOCOLS[name]
    frame = bytes(ETHER / TUNNEL_HEADERS[name](header, inner))
    rows, decoder = decode([frame])
    assert rows["depth"].tolist() == [0, 1]
    assert rows["parent"].tolist() == [-1, 0]
    kind = {"vxlan gpe": "vxlan"}.get(name, name.split()[0])
    row = rows[1]
    assert TUNNELS[row["tunnel"]] == kind
    assert text(int(row["src_hi"]), int(row["src_lo"])) == INNER[inner].src
    assert (row["src_port"], row["dst_port"], row["tcp_seq"], row["tcp_ack"], row["tcp_flags"]) == (1234, 80, 5, 6, 0x18)
    assert frame[row["payload_offset"] : row["payload_offset"] + row["payload_bytes"]] == b"inner"
    assert decoder.gaps() == []


@pytest.mark.parametrize("port", [4789, 4790, 8472, 6081, 2152, 3544, 5072, 1701, 6635])
def test_ordinary_datagrams_on_a_tunnels_port_are_left_alone(decode, port):
    frames = [bytes(ETHER / FOUR / udp(port) / payload) for payload in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(64), b"\xff" * 64)]
    rows, _ = decode(frames)
    assert rows["depth"].tolist() == [0] * 4


def test_tunnels_deeper_than_eight_are_a_gap_not_a_skip(decode):
    packet = bytes(INNER[4])
    for _ in range(9):
        packet = bytes(scapy.IP(src="192.0.2.1", dst="198.51.100.2", proto=4) / packet)
    rows, decoder = decode([bytes(ETHER / scapy.Raw(b""))[:12] + b"\x08\x00" + packet])
    assert rows["depth"].tolist() == list(range(9))
    assert [(gap.kind, gap.count, gap.first_frame) for gap in decoder.gaps()] == [("limit:tunnel_depth", 1, 1)]
    assert decoder.ledgers[0].decoded == 1


SHIMS = {
    "vlan": b"\x81\x00\x00\x05\x08\x00",
    "q-in-q": b"\x88\xa8\x00\x09\x81\x00\x00\x05\x08\x00",
    "mpls": b"\x81\x00\x00\x05\x88\x47\x00\x01\x00\x40\x00\x02\x01\x40",
    "pppoe": b"\x81\x00\x00\x05\x88\x64\x11\x00\x00\x01\x00\x30\x00\x21",
    "snap": b"\x81\x00\x00\x05\x00\x40\xaa\xaa\x03\0\0\0\x08\x00",
    "pseudo-wire": b"\x88\x47\x00\x01\x01\x40\0\0\0\0" + bytes(12) + b"\x81\x00\x00\x05\x08\x00",
    "fabricpath": b"\x89\x03\0\0" + bytes(12) + b"\x81\x00\x00\x05\x08\x00",
    "backbone bridge": b"\x88\xe7\0\0\0\1" + bytes(12) + b"\x81\x00\x00\x05\x08\x00",
    "macsec": b"\x88\xe5\x20" + bytes(13) + b"\x81\x00\x00\x05\x08\x00",
    "service chain": b"\x81\x00\x00\x05\x89\x4f\x0f\xc6\x01\x01" + bytes(20),
    "port extension": b"\x89\x3f" + bytes(6) + b"\x81\x00\x00\x05\x08\x00",
}


@pytest.mark.parametrize("name", SHIMS)
def test_what_stands_between_ethernet_and_ip_is_taken_off(decode, name):
    rows, _ = decode([bytes(12) + SHIMS[name] + bytes(FOUR / scapy.UDP(sport=1, dport=2) / b"x")])
    assert rows[["vlan", "src_port", "dst_port", "payload_bytes", "depth"]].tolist() == [(5, 1, 2, 1, 0)]


def test_arp(decode):
    rows, _ = decode([bytes(ETHER / scapy.ARP(op=2, hwsrc="02:00:00:00:00:01", psrc="192.0.2.1", hwdst="02:00:00:00:00:02", pdst="192.0.2.2"))])
    assert rows[["transport", "ip_version", "src_port", "src_mac", "dst_mac"]].tolist() == [(ARP, 0, 2, 0x020000000001, 0x020000000002)]
    assert text(int(rows[0]["dst_hi"]), int(rows[0]["dst_lo"])) == "192.0.2.2"


def fragments(version: int, payload: bytes = b"x" * 3000, size: int = 1000) -> list[bytes]:
    if version == 4:
        return [bytes(ETHER / part) for part in scapy.fragment(FOUR / scapy.UDP(sport=1, dport=2, chksum=0) / payload, fragsize=size)]
    whole = SIX / scapy.IPv6ExtHdrFragment(id=9) / scapy.UDP(sport=1, dport=2, chksum=1) / payload
    return [bytes(ETHER / part) for part in scapy.fragment6(whole, size)]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("order", ["forward", "backward", "twice"])
def test_fragments_become_one_row_at_the_frame_that_completes_them(decode, version, order):
    parts = fragments(version)
    sent = {"forward": parts, "backward": parts[::-1], "twice": [part for part in parts for _ in range(2)][:-1]}[order]
    rows, decoder = decode(sent)
    assert rows[["frame", "fragments", "payload_bytes", "payload_wire_bytes", "src_port"]].tolist() == [(len(sent), len(sent), 3000, 3000, 1)]
    assert decoder.ledgers[0].decoded == len(sent)
    header = 28 if version == 4 else 48
    assert rows[0]["ip_bytes"] == 3000 + header


def test_reassembled_payload_stands_in_the_spare_room():
    payload = bytes(range(256)) * 12
    frames = frames_of(fragments(4, payload))
    rows = next(Decoder().decode(frames))
    begin = int(rows[0]["payload_offset"])
    assert begin >= frames.spare_offset
    assert frames.data[begin : begin + len(payload)].tobytes() == payload


@pytest.mark.parametrize("version", [4, 6])
def test_overlapping_fragments_drop_the_datagram(decode, version):
    parts = fragments(version)
    changed = bytearray(parts[1])
    changed[-1] ^= 1
    rows, decoder = decode([parts[0], parts[1], bytes(changed), *parts[2:]])
    assert len(rows) == 0
    assert dict(decoder.ledgers[0].skipped) == {"fragment_overlap": len(parts) + 1}


def test_fragments_that_never_complete_are_given_up(decode):
    parts = fragments(4)
    _, decoder = decode(parts[:-1])
    assert dict(decoder.ledgers[0].skipped) == {"fragment_unreassembled": len(parts) - 1}
    rows, decoder = decode([parts[0], parts[0], *parts], step_ns=31_000_000_000)
    assert len(rows) == 0
    assert decoder.ledgers[0].skipped.total() == len(parts) + 2


def test_a_first_fragment_cut_without_a_word_is_decoded_as_far_as_it_goes(decode):
    first, second = (fragment[:120] for fragment in fragments(4)[:2])
    rows, decoder = decode([first, second])
    assert rows[["src_port", "dst_port", "payload_bytes", "fragments", "gap"]].tolist() == [(1, 2, 120 - 42, 1, GAP_BITS["bad_length"])]
    assert dict(decoder.ledgers[0].skipped) == {"fragment_unreassembled": 1}


def test_more_datagrams_than_room_give_up_the_oldest(decode):
    first = bytearray(fragments(4)[0])
    frames = [bytes(first[:18]) + struct.pack(">H", number) + bytes(first[20:]) for number in range(1100)]
    _, decoder = decode(frames, step_ns=1)
    assert dict(decoder.ledgers[0].skipped) == {"limit:reassembly": 76, "fragment_unreassembled": 1024}


def test_fragments_across_captures_are_booked_to_their_own():
    parts, decoder = fragments(4), Decoder()
    assert len(rows_of(decoder, frames_of(parts[:2]))) == 0
    assert len(rows_of(decoder, frames_of(parts[2:], capture=1))) == 1
    decoder.finish()
    assert [(ledger.decoded, ledger.adds_up()) for ledger in decoder.ledgers.values()] == [(2, True), (len(parts) - 2, True)]


def test_extension_headers_are_walked_to_the_transport(decode):
    packet = SIX / scapy.IPv6ExtHdrHopByHop() / scapy.IPv6ExtHdrRouting() / scapy.IPv6ExtHdrDestOpt() / scapy.UDP(sport=1, dport=2)
    rows, _ = decode([bytes(ETHER / packet), bytes(ETHER / SIX / scapy.IPv6ExtHdrFragment(id=3) / scapy.UDP(sport=1, dport=2))])
    assert rows[["transport", "dst_port", "fragments"]].tolist() == [(17, 2, 0), (17, 2, 0)]


@pytest.mark.parametrize(("count", "skipped"), [(16, {}), (17, {"limit:extension_headers": 1})])
def test_extension_headers_are_capped(decode, count, skipped):
    headers = b"".join(bytes([60 if index < count - 1 else 59, 0]) + bytes(6) for index in range(count))
    _, decoder = decode([bytes(ETHER / scapy.IPv6(src="::1", dst="::2", nh=60) / headers)])
    assert dict(decoder.ledgers[0].skipped) == skipped


def test_snapped_packets_are_decoded_as_far_as_they_go(decode):
    frame = bytes(ETHER / FOUR / scapy.TCP(sport=5, dport=6) / bytes(100))
    for snaplen, expected in ((60, [(5, 6, 6, 100, 8)]), (38, [(5, 6, 0, 100, 8)]), (37, []), (33, [])):
        rows, decoder = decode([frame], snaplen=snaplen)
        assert rows[["src_port", "dst_port", "payload_bytes", "payload_wire_bytes", "gap"]].tolist() == expected
        assert decoder.ledgers[0].skipped["short_frame"] == 1 - len(expected)


def test_oddities_are_counted_not_dropped(decode):
    plain = bytes(ETHER / FOUR / scapy.UDP(sport=1, dport=2) / b"abcd")
    bad_checksum = plain[:24] + b"\x12\x34" + plain[26:]
    zero_length = plain[:16] + b"\0\0" + plain[18:24] + b"\0\0" + plain[26:]
    beyond = bytes(ETHER / scapy.IP(src="192.0.2.1", dst="192.0.2.2", len=99, proto=17) / scapy.UDP(sport=1, dport=2, len=12) / b"abcd")
    rows, decoder = decode([plain, bad_checksum, zero_length, beyond])
    bits = GAP_BITS
    assert rows["gap"].tolist() == [0, bits["bad_ip_checksum"], bits["bad_ip_checksum"] | bits["zero_ip_length"], bits["bad_length"]]
    assert rows["payload_bytes"].tolist() == [4, 4, 4, 4]
    found = [(gap.kind, gap.count, gap.first_frame) for gap in decoder.gaps()]
    assert found == [("bad_ip_checksum", 2, 2), ("bad_length", 1, 4), ("zero_ip_length", 1, 3)]


def test_pcapdroid_trailer_names_the_app(decode):
    trailer = struct.pack(">Ii", 0x01072021, 10123) + b"Camera\0".ljust(20, b"\0") + bytes(4)
    system = struct.pack(">Ii", 0x01072021, -1) + b"Unknown\0".ljust(20, b"\0") + bytes(4)
    plain = bytes(ETHER / FOUR / scapy.UDP(sport=1, dport=2) / b"abcd")
    rows, decoder = decode([plain + bytes(2) + trailer, plain + system, plain])
    assert rows["app"].tolist() == [10123, -1, -1]
    assert decoder.apps == {10123: "Camera"}


def test_transports(decode):
    packets = [scapy.ICMP(type=8, code=0) / b"ping", scapy.SCTP(sport=3, dport=4) / bytes(8)]
    frames = [bytes(ETHER / FOUR / packet) for packet in packets] + [bytes(ETHER / scapy.IP(src="192.0.2.1", dst="192.0.2.2", proto=89) / b"ospf")]
    rows, _ = decode(frames)
    assert rows[["transport", "src_port", "dst_port", "payload_bytes"]].tolist() == [(1, 8, 0, 4), (132, 3, 4, 8), (89, 0, 0, 4)]
    assert np.all(rows["ip_version"] == 4)
