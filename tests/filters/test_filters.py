"""Display filters over columns: the subset means what Wireshark means."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.filters import compile_filter
from gdsi_audit.packets import PACKETS
from gdsi_audit.packets.address import value
from gdsi_audit.packets.decode import Decoder
from gdsi_audit.readers._inputs import inputs
from gdsi_audit.readers._source import Reading

ROWS = """
frame src           dst             transport src_port dst_port vlan wire_bytes
1     192.0.2.1     198.51.100.7    6         40000    443      0    60
2     198.51.100.7  192.0.2.1       6         443      40000    0    1514
3     2001:db8::1   2001:db8::53    17        5353     53       7    80
4     192.0.2.1     203.0.113.9     47        0        0        0    120
4     10.0.0.1      10.0.0.2        6         22       50000    0    120
5     192.0.2.9     198.51.100.7    1         8        0        0    98
6     192.0.2.9     192.0.2.1       255       1        0        0    42
"""


@pytest.fixture(scope="module")
def packets():
    names, *lines = [line.split() for line in ROWS.strip().splitlines()]
    table = np.zeros(len(lines), PACKETS)
    for row, line in zip(table, lines, strict=True):
        cells = dict(zip(names, line, strict=True))
        for side in ("src", "dst"):
            row[side + "_hi"], row[side + "_lo"] = value(cells[side])
        for name in names:
            if name not in ("src", "dst"):
                row[name] = int(cells[name])
        row["ip_version"] = 0 if cells["transport"] == "255" else 6 if ":" in cells["src"] else 4
        row["time"] = row["frame"] * 1_500_000_000
        row["src_mac"], row["dst_mac"] = 0x020000000050, row["frame"]
    return table


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("frame", [1, 2, 3, 4, 5, 6]),
        ("ip", [1, 2, 4, 5]),
        ("ipv6", [3]),
        ("arp", [6]),
        ("tcp", [1, 2, 4]),
        ("not tcp", [3, 5, 6]),
        ("tcp.port == 443", [1, 2]),
        ("tcp.srcport==443", [2]),
        ("tcp.port eq 0x1bb", [1, 2]),
        ("tcp.port != 443", [4]),
        ("tcp.port !== 443", [1, 2, 4]),
        ("tcp.port === 443", []),
        ("!(tcp.port == 443)", [3, 4, 5, 6]),
        ("udp.dstport in {53, 123}", [3]),
        ("udp.port not in {53}", [1, 2, 4, 5, 6]),
        ("tcp.port in {20..25, 443}", [1, 2, 4]),
        ("tcp.port > 49999", [4]),
        ("tcp.port", [1, 2, 4]),
        ("ip.addr == 192.0.2.1", [1, 2, 4]),
        ("ip.addr == 10.0.0.0/8", [4]),
        ("ip.addr != 198.51.100.7", [4]),
        ("ip.src >= 198.51.100.0/24", [2]),
        ("ip.addr in {10.0.0.1..10.0.0.9, 203.0.113.9}", [4]),
        ("ipv6.addr == 2001:db8::/32", [3]),
        ("ipv6.dst == 2001:db8::53 && udp.port == 53", [3]),
        ("eth.dst == 00-00-00-00-00-05", [5]),
        ("eth.addr == 0200.0000.0050", [1, 2, 3, 4, 5, 6]),
        ("ip.proto == 47", [4]),
        ("icmp.type == 8 and icmp.code == 0", [5]),
        ("vlan.id == 7", [3]),
        ("frame.len ge 120", [2, 4]),
        ("frame.number >= 2 && frame.number <= 3", [2, 3]),
        ("frame.time_epoch < 3.0000000001", [1, 2]),
        ("frame.time_epoch < 3", [1]),
        ("arp || tcp && ip.addr == 10.0.0.1", [4, 6]),
        ("(arp or tcp) and ip.addr == 10.0.0.1", [4]),
        ("tcp xor ip.addr == 192.0.2.1", []),
        ("tcp ^^ ip.src == 192.0.2.1", [2]),
        ("! ! tcp", [1, 2, 4]),
    ],
)
def test_a_filter_matches_whole_frames(packets, text, frames):
    assert sorted(set(packets["frame"][compile_filter(text).mask(packets)].tolist())) == frames


def test_no_packets_give_an_empty_mask(packets):
    assert compile_filter("tcp").mask(packets[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tcp.prt == 1", 'column 1: there is no field or protocol "tcp.prt"; did you mean "tcp.port"?'),
        ("tcp && ip.adr == 1.2.3.4", 'column 8: there is no field or protocol "ip.adr"; did you mean "ip.addr"?'),
        ("", "column 1: the filter ends where a field or protocol is expected"),
        ("tcp &&", "column 7: the filter ends"),
        ("tcp.port == 70000", 'column 13: expected a whole number from 0 to 65535, not "70000"'),
        ("tcp.port == 080", "expected a whole number"),
        ("tcp.port ==", 'column 12: expected a whole number from 0 to 65535, not ""'),
        ("tcp.port in 80", 'column 13: "{" is missing'),
        ("tcp.port in {80 443}", 'column 17: "}" is missing'),
        ("tcp.port in {}", "column 14: expected a whole number"),
        ("tcp.port in {80..x}", 'expected a whole number from 0 to 65535, not "x"'),
        ("ip.addr == ::1", "expected an IPv4 address or prefix"),
        ("ipv6.addr == 1.2.3.4", "expected an IPv6 address or prefix"),
        ("ip.addr == cams.example", "expected an IPv4 address"),
        ("eth.addr == 02:00", "expected a MAC address"),
        ("frame.time_epoch > now", "expected seconds since 1970"),
        ("(tcp", 'column 5: ")" is missing'),
        ("tcp)", 'column 4: ")" was not expected here'),
        ("tcp == 6", 'column 5: "==" was not expected here'),
        ("tcp udp", 'column 5: "udp" was not expected here'),
        ("(" * 100 + "tcp" + ")" * 100, "nested deeper than 64"),
        ("tcp " * 2000, "at most 4096 characters"),
    ],
)
def test_what_is_no_filter_is_named_with_its_column(text, message):
    with pytest.raises(ValueError) as raised:
        compile_filter(text, "--exclude")
    assert str(raised.value).startswith("--exclude: ") and message in str(raised.value)


pieces = st.sampled_from(
    [
        "tcp",
        "ip.addr",
        "tcp.port",
        "==",
        "!=",
        "in",
        "{",
        "}",
        "(",
        ")",
        "!",
        "&&",
        "||",
        "not",
        "80",
        "1..2",
        ",",
        "10.0.0.0/8",
        "..",
        "frame.time_epoch",
        "1e5",
        "1e999999999",
        "é",
        "\x00",
    ]
)


@given(st.lists(pieces, max_size=12).map(" ".join))
def test_any_text_is_a_filter_or_a_value_error(text):
    try:
        compile_filter(text).mask(np.zeros(2, PACKETS))
    except ValueError as error:
        assert str(error).startswith("column ")


ORACLE = (
    *("tcp", "udp", "icmp", "icmpv6", "arp", "ip", "ipv6", "igmp"),
    *("tcp.port == 443", "tcp.port != 443", "!(tcp.port == 443)", "tcp.port !== 443", "udp.port in {53, 67..68, 5353}", "tcp.dstport < 1024"),
    *("ip.addr == 192.168.0.0/16", "ip.src == 10.0.0.0/8 || ip.dst == 224.0.0.0/4", "ip.addr != 192.168.0.0/16", "ipv6.addr == fe80::/10"),
    *(
        "ip.proto == 17",
        "ip.ttl < 64",
        "frame.number > 5 && frame.len >= 100",
        "eth.dst == ff:ff:ff:ff:ff:ff && !arp",
        "udp && !ip.addr == 255.255.255.255",
    ),
    *("icmp.type == 8 or icmpv6.type in {133..136}", "vlan.id", "tcp.srcport >= 1024 and not tcp.dstport == 80"),
)


def frames_by_tshark(path, text):
    # Names and reassembly cost time and decide nothing here.
    found = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-Y", text, "-T", "fields", "-e", "frame.number"], capture_output=True, text=True, check=True
    )
    return [int(line) for line in found.stdout.split()]


def frames_by_filter(path, text):
    decoder, compiled, found = Decoder(), compile_filter(text), set()
    with Reading(inputs([str(path)])[0], 0) as reading:
        for frames in reading.frames():
            for batch in decoder.decode(frames):
                found.update(batch["frame"][compiled.mask(batch)].tolist())
    return sorted(found)


@pytest.mark.usefixtures("tshark")
@pytest.mark.parametrize("text", ORACLE)
def test_tshark_finds_the_same_frames_in_a_mixed_capture(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "mixed.pcap"
    if not path.exists():
        write_mixed(path)
    assert frames_by_filter(path, text) == frames_by_tshark(path, text)


def write_mixed(path):
    from scapy.all import ARP, ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6EchoRequest, ICMPv6ND_NS, IPv6, wrpcap

    ether = Ether(src="02:00:00:00:00:50", dst="02:00:00:00:00:01")
    everybody = Ether(src="02:00:00:00:00:50", dst="ff:ff:ff:ff:ff:ff")
    out, back = IP(src="192.168.1.5", dst="198.51.100.7"), IP(src="198.51.100.7", dst="192.168.1.5", ttl=50)
    link_local = IPv6(src="fe80::1", dst="fe80::2")
    packets = [
        ether / out / TCP(sport=40000, dport=443, flags="S"),
        ether / back / TCP(sport=443, dport=40000, flags="SA"),
        ether / out / TCP(sport=443, dport=443),
        ether / out / TCP(sport=40001, dport=80) / (b"x" * 200),
        ether / out / UDP(sport=5353, dport=5353),
        everybody / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67),
        everybody / ARP(psrc="192.168.1.5", pdst="192.168.1.1"),
        ether / out / ICMP(type=8),
        ether / link_local / ICMPv6EchoRequest(),
        ether / link_local / ICMPv6ND_NS(tgt="fe80::2"),
        ether / Dot1Q(vlan=7) / out / UDP(sport=1, dport=2),
        ether / IP(src="10.0.0.1", dst="203.0.113.1") / IP(src="192.168.7.7", dst="10.9.9.9") / TCP(sport=50000, dport=443),
        ether / IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(sport=1024, dport=443),
        ether / IP(src="192.168.1.5", dst="224.0.0.22", proto=2, ttl=1) / b"\x16\x00\x09\x04\xe0\x00\x00\xfb",
    ]
    wrpcap(str(path), packets)


@pytest.mark.usefixtures("tshark")
@pytest.mark.parametrize("name", ["arkime/bigendian.pcap", "arkime/http-basicauth.pcap", "inspector"])
def test_tshark_finds_the_same_frames_in_real_captures(shared_captures, name):
    path = shared_captures / name
    found = sorted(path.glob("*.pcap"))[:1] if path.is_dir() else [path]
    for capture in found:
        for text in ("tcp.port == 443 || udp.port == 53", "ip.addr != 192.168.0.0/16", "not arp and frame.len < 200"):
            assert frames_by_filter(capture, text) == frames_by_tshark(capture, text), text
