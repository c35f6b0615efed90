"""A filter returns in tshark exactly the frames it claims, and says so where it may return more."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from gdsi_audit.findings import display_filter
from gdsi_audit.findings.evidence_of import evidence
from gdsi_audit.findings.flow_tuples import Tuple
from gdsi_audit.frames.ranges import Ranges

CAMERA, SERVER, OTHER = "192.168.1.50", "203.0.113.9", "203.0.113.10"
CAMERA6, SERVER6 = "2001:db8::50", "2001:db8:f::9"


def scapy_frames():
    """The packets of the table below, flow after flow, and at the end what a careless filter would also return."""
    from scapy.all import ARP, ICMP, IP, TCP, UDP, Ether, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, Raw

    def both(layer, local, remote, there, back):
        return [layer(src=local, dst=remote) / there, layer(src=remote, dst=local) / back]

    quoted = IP(src=CAMERA, dst=SERVER) / TCP(sport=49152, dport=443)
    packets = [
        *both(IP, CAMERA, SERVER, TCP(sport=49152, dport=443, flags="S"), TCP(sport=443, dport=49152, flags="SA")),
        *both(IP, CAMERA, SERVER, TCP(sport=49153, dport=443, flags="S"), TCP(sport=443, dport=49153, flags="SA")),
        *both(IP, CAMERA, SERVER, TCP(sport=49154, dport=80, flags="S"), TCP(sport=80, dport=49154, flags="SA")),
        *both(IP, CAMERA, SERVER, ICMP(type=8) / Raw(b"ping"), ICMP(type=0) / Raw(b"ping")),
        *both(IP, CAMERA, SERVER, UDP(sport=5000, dport=5001) / Raw(b"there"), UDP(sport=5001, dport=5000) / Raw(b"back")),
        *both(IPv6, CAMERA6, SERVER6, TCP(sport=49152, dport=443, flags="S"), TCP(sport=443, dport=49152, flags="SA")),
        *both(IPv6, CAMERA6, SERVER6, ICMPv6EchoRequest(), ICMPv6EchoReply()),
        *both(IP, CAMERA, OTHER, TCP(sport=49155, dport=443, flags="S"), TCP(sport=443, dport=49155, flags="SA")),
        IP(src=SERVER, dst=CAMERA) / ICMP(type=3, code=1) / quoted,
        ARP(psrc=CAMERA, pdst="192.168.1.1"),
        *both(IP, CAMERA, SERVER, TCP(sport=49153, dport=443, flags="A"), TCP(sport=443, dport=49153, flags="A")),
        IP(src=CAMERA, dst="224.0.0.22", proto=2) / Raw(b"\x22\0\0\0\0\0\0\0"),
    ]
    return [Ether(src="02:00:00:00:00:50", dst="02:00:00:00:00:01") / packet for packet in packets]


# The flow of port 49153 has frames 3, 4, 19 and 20: in the table it ends at 20, and the fake index is told which frames it has.
TABLE = f"""
local               remote           transport  up_pkts  down_pkts  first_frame  last_frame  parent
{CAMERA}:49152      {SERVER}:443     tcp        1        1          1            2           -
{CAMERA}:49153      {SERVER}:443     tcp        2        2          3            20          -
{CAMERA}:49154      {SERVER}:80      tcp        1        1          5            6           -
{CAMERA}:8          {SERVER}:0       icmp       1        1          7            8           -
{CAMERA}:5000       {SERVER}:5001    udp        1        1          9            10          -
[{CAMERA6}]:49152   [{SERVER6}]:443  tcp        1        1          11           12          -
[{CAMERA6}]:128     [{SERVER6}]:129  icmp6      1        1          13           14          -
{CAMERA}:49155      {OTHER}:443      tcp        1        1          15           16          -
{CAMERA}:3          {SERVER}:1       icmp       1        0          17           17          -
{CAMERA}:0          192.168.1.1:0    arp        1        0          18           18          -
{CAMERA}:0          224.0.0.22:0     ip-2       1        0          21           21          -
"""
FRAMES = {0: [1, 2], 1: [3, 4, 19, 20], **{row: [5 + 2 * (row - 2), 6 + 2 * (row - 2)] for row in range(2, 8)}, 8: [17], 9: [18], 10: [21]}


def evidence_for(traffic, flows, **narrowed):
    """Evidence for flow ids, or a mask."""
    given = np.asarray(flows)
    return evidence(traffic, np.flatnonzero(given if given.dtype == np.bool_ else np.isin(traffic.tables.flows["flow"], given)), **narrowed)


class KnownFrames:
    def __init__(self, frames_of_flow):
        self._frames = frames_of_flow

    def frames(self, flows):
        numbers = sorted(number for flow in flows for number in self._frames[flow])
        return [(0, Ranges((number, number) for number in numbers))] if numbers else []


@pytest.fixture(scope="module")
def camera(device_traffic):
    ids = device_traffic(TABLE).flows["flow"].tolist()
    return device_traffic(TABLE, frames=KnownFrames({flow: FRAMES[row] for row, flow in enumerate(ids)}))


@pytest.fixture(scope="module")
def capture(tmp_path_factory, tshark):
    scapy = pytest.importorskip("scapy.utils", reason="scapy makes the capture")
    path = tmp_path_factory.mktemp("evidence") / "camera.pcap"
    scapy.wrpcap(str(path), scapy_frames())
    return path


def seen_by_tshark(path, display_filter: str) -> list[int]:
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-Y", display_filter, "-T", "fields", "-e", "frame.number"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def cited(one) -> list[int]:
    return [number for _, ranges in one.frames for first, last in ranges for number in range(first, last + 1)]


SELECTIONS = [
    ([0], "exact"), ([1], "exact"), ([3], "exact"), ([4], "exact"), ([6], "exact"), ([8], "superset"), ([9], "exact"), ([0, 1, 7], "exact"),
    ([0, 2, 5, 10], "exact"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "kind"), SELECTIONS, ids=[str(rows) for rows, _ in SELECTIONS])
def test_tshark_returns_the_frames(camera, capture, rows, kind):
    (found,) = evidence_for(camera, camera.flows["flow"].iloc[rows].tolist())
    assert found.filter_kind == kind
    assert cited(found) == sorted(number for row in rows for number in FRAMES[row])
    returned = seen_by_tshark(capture, found.display_filter)
    assert set(cited(found)) <= set(returned) if kind == "superset" else cited(found) == returned


def test_all_flows_of_a_service_need_no_client_ports(camera):
    mask = camera.flows["remote_port"] == 443
    (found,) = evidence_for(camera, mask & (camera.flows["remote_addr"] == SERVER))
    assert found.display_filter == (
        "(ip.addr == 192.168.1.50 && ip.addr == 203.0.113.9 && tcp.port == 443 && !icmp) && frame.number >= 1 && frame.number <= 20"
    )
    assert (found.five_tuple, found.filter_kind) == ("", "exact")


def test_one_flow_carries_its_five_tuple(camera):
    (found,) = evidence_for(camera, camera.flows["flow"].iloc[[5]].tolist())
    assert found.five_tuple == "tcp [2001:db8::50]:49152 > [2001:db8:f::9]:443"


def test_listed_frames_make_a_narrower_filter_exact(camera, capture):
    (found,) = evidence_for(camera, camera.flows["flow"].iloc[[1]].tolist(), filter_terms="tcp.flags.syn == 0", frames=[(0, Ranges([(19, 20)]))])
    assert found.filter_kind == "exact" and "frame.number in {19, 20}" in found.display_filter
    assert seen_by_tshark(capture, found.display_filter) == [19, 20]


def test_too_many_frames_to_list_make_a_superset(camera):
    (found,) = evidence_for(camera, camera.flows["flow"].iloc[[1]].tolist(), filter_terms="tcp", frames=[(0, Ranges([(1, 21)]))])
    assert found.filter_kind == "superset" and "frame.number >= 1 && frame.number <= 21" in found.display_filter


def test_fragments_and_tunnels_are_supersets(device_traffic):
    fragmented = device_traffic("remote transport up_pkts down_pkts first_frame last_frame\n203.0.113.9:53 udp 1 1 1 5")
    (found,) = evidence_for(fragmented, fragmented.flows["flow"].tolist())
    assert found.filter_kind == "superset" and "ip.frag_offset > 0" in found.display_filter
    tunnelled = device_traffic("remote parent tunnel\n203.0.113.9:443 16 gre")
    assert evidence_for(tunnelled, tunnelled.flows["flow"].tolist())[0].filter_kind == "superset"


def test_a_reused_five_tuple_between_the_frames_is_a_superset(device_traffic):
    table = "local remote\n192.168.1.50:5000 203.0.113.9:443\n192.168.1.50:5000 203.0.113.9:443\n192.168.1.50:5000 203.0.113.9:443"
    traffic = device_traffic(table)
    flows = traffic.flows["flow"]
    assert evidence_for(traffic, flows.iloc[[0, 2]].tolist())[0].filter_kind == "superset"
    assert evidence_for(traffic, flows.iloc[[0, 1]].tolist())[0].filter_kind == "exact"


def test_a_filter_never_grows_beyond_its_limit(device_traffic, capture):
    for count, text in ((40, "192.168.1.50 && ip.addr in {"), (400, "(ip.addr == 192.168.1.50)")):
        lines = [f"203.0.{number // 250}.{1 + number % 250}:443" for number in range(count)]
        traffic = device_traffic("\n".join(["remote", *lines]))
        (found,) = evidence_for(traffic, traffic.flows["flow"].tolist())
        assert len(found.display_filter.encode()) <= 4096 and text in found.display_filter and found.filter_kind == "superset"
        seen_by_tshark(capture, found.display_filter)


def test_flows_that_the_index_does_not_know_show_their_ends(device_traffic):
    table = "remote first_frame last_frame first_capture last_capture\n203.0.113.9:443 900 3 0 1"
    traffic = device_traffic(table, frames=NoFrames(), captures=tuple([*device_traffic("").captures, *device_traffic("").captures]))
    found = evidence_for(traffic, traffic.flows["flow"].tolist())
    assert [cited(one) for one in found] == [[900], [3]]
    assert [one.filter_kind for one in found] == ["superset", "superset"]
    assert evidence_for(traffic, []) == ()


class NoFrames:
    def frames(self, flows):
        return []


def test_a_filter_by_addresses_finds_arp_too(device_traffic):
    table = "remote transport local\n" + "\n".join(f"192.168.{number // 200}.{number % 200 + 1}:0 arp 192.168.9.50:1" for number in range(400))
    (found,) = evidence_for(device_traffic(table), list(device_traffic(table).flows["flow"]))
    assert found.filter_kind == "superset"
    assert "arp.src.proto_ipv4 == 192.168.9.50" in found.display_filter


def test_flows_that_are_shown_twice_are_looked_up_once(device_traffic):
    traffic = device_traffic("remote\n203.0.113.9:443\n203.0.113.9:443")
    ids = traffic.flows["flow"].tolist()
    assert evidence_for(traffic, ids) is evidence_for(traffic, traffic.flows["flow"].isin(ids).to_numpy())
    assert evidence_for(traffic, ids[:1]) != evidence_for(traffic, ids)
    assert evidence_for(traffic, ids, filter_terms="tcp") != evidence_for(traffic, ids)


@pytest.mark.parametrize(
    ("remote", "local", "expected"),
    [
        ("203.0.113.9", "192.168.1.50", "ip.proto == 47 && !(icmp.type in {3, 4, 5, 11, 12})"),
        ("2001:db8:f::9", "2001:db8::50", "ipv6.nxt == 47 && !(icmpv6.type in {1, 2, 3, 4})"),
    ],
)
def test_an_error_that_quotes_another_protocol_is_none_of_its_frames(remote, local, expected):
    assert display_filter._above(Tuple("ip-47", local, remote, 0, 0, True)) == expected
