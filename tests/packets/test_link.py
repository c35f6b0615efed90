"""Every link type, by frames put together byte by byte from its specification."""

from __future__ import annotations

import struct

import pytest

from gdsi_audit.packets.address import text

scapy = pytest.importorskip("scapy.all", reason="scapy makes the packets")

UDP4 = bytes(scapy.IP(src="192.0.2.1", dst="198.51.100.2") / scapy.UDP(sport=1111, dport=2222) / b"four")
UDP6 = bytes(scapy.IPv6(src="2001:db8::1", dst="2001:db8::2") / scapy.UDP(sport=1111, dport=2222) / b"six!")
MAC_A, MAC_B, MAC_C = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b"), bytes.fromhex("02000000000c")
SNAP4, SNAP6 = bytes.fromhex("aaaa030000000800"), bytes.fromhex("aaaa0300000086dd")

WLAN_UP = b"\x08\x01\x00\x00" + MAC_C + MAC_A + MAC_B + b"\x10\x00"
QOS_DOWN = b"\x88\x02\x00\x00" + MAC_B + MAC_C + MAC_A + b"\x10\x00" + b"\x00\x00"
WDS = b"\x08\x03\x00\x00" + MAC_C + MAC_C + MAC_B + b"\x10\x00" + MAC_A
RADIOTAP = b"\x00\x00\x09\x00\x02\x00\x00\x00\x10"
RADIOTAP_TSFT_PAD = b"\x00\x00\x11\x00\x03\x00\x00\x00" + bytes(8) + b"\x20"


def subframe(payload: bytes) -> bytes:
    body = MAC_B + MAC_A + struct.pack(">H", len(payload)) + payload
    return body + bytes(-len(body) % 4)


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


FRAMES = {
    "raw 101": (101, UDP4, UDP6),
    "raw 12": (12, UDP4, UDP6),
    "raw 14": (14, UDP4, UDP6),
    "ipv4": (228, UDP4, UDP6),
    "ipv6": (229, UDP4, UDP6),
    "ipnet": (226, b"\x01\x02" + bytes(22) + UDP4, b"\x01\x1a" + bytes(22) + UDP6),
    "infiniband": (242, bytes(40) + b"\x08\x00\0\0" + UDP4, bytes(40) + b"\x86\xdd\0\0" + UDP6),
    "frame relay": (107, b"\x18\x41\x03\xcc" + UDP4, b"\x18\x40\x01\x03\x00\x80\0\0\0\x86\xdd" + UDP6),
    "frame relay, cisco": (107, b"\x18\x41\x08\x00" + UDP4, b"\x18\x41\x03\x8e" + UDP6),
    "token ring": (6, b"\x10\x40" + MAC_B + MAC_A + SNAP4 + UDP4, b"\x10\x40" + MAC_B + b"\x82" + MAC_A[1:] + b"\x04\0\0\0" + SNAP6 + UDP6),
    "fddi": (10, b"\x50" + MAC_B + MAC_A + SNAP4 + UDP4, b"\x57" + MAC_B + MAC_A + SNAP6 + UDP6),
    "broadcom tag": (281, MAC_B + MAC_A + bytes(4) + b"\x08\x00" + UDP4, MAC_B + MAC_A + bytes(4) + b"\x86\xdd" + UDP6),
    "broadcom tag first": (282, bytes(4) + MAC_B + MAC_A + b"\x08\x00" + UDP4, bytes(4) + MAC_B + MAC_A + b"\x86\xdd" + UDP6),
    "marvell tag": (284, MAC_B + MAC_A + b"\xe0\x20\0\5\x08\x00" + UDP4, MAC_B + MAC_A + b"\xc0\x20\0\0\x86\xdd" + UDP6),
    "marvell tag with a type": (
        285,
        MAC_B + MAC_A + b"\xda\xda" + bytes(6) + b"\x08\x00" + UDP4,
        MAC_B + MAC_A + b"\xda\xda" + bytes(6) + b"\x86\xdd" + UDP6,
    ),
    "null little": (0, b"\x02\0\0\0" + UDP4, b"\x1e\0\0\0" + UDP6),
    "null big": (0, b"\0\0\0\x02" + UDP4, b"\0\0\0\x18" + UDP6),
    "loop": (108, b"\0\0\0\x02" + UDP4, b"\0\0\0\x1c" + UDP6),
    "enc": (109, b"\x02\0\0\0" + bytes(8) + UDP4, b"\0\0\0\x18" + bytes(8) + UDP6),
    "pflog": (117, b"\x3d\x02" + bytes(62) + UDP4, b"\x3d\x18" + bytes(62) + UDP6),
    "ppp": (9, b"\xff\x03\x00\x21" + UDP4, b"\x57" + UDP6),
    "ppp with cisco hdlc": (9, b"\x0f\x00\x08\x00" + UDP4, b"\x8f\x00\x86\xdd" + UDP6),
    "ppp hdlc": (50, b"\xff\x03\x00\x21" + UDP4, b"\x0f\x00\x86\xdd" + UDP6),
    "cisco hdlc": (104, b"\x0f\x00\x08\x00" + UDP4, b"\x8f\x00\x86\xdd" + UDP6),
    "pppoe": (51, b"\x11\x00\x00\x01\x00\xff\x00\x21" + UDP4, b"\x11\x00\x00\x01\x00\xff\x00\x57" + UDP6),
    "ppp direction": (204, b"\x00\xff\x03\x00\x21" + UDP4, b"\x01\xff\x03\x00\x57" + UDP6),
    "sll": (113, b"\0\0\0\x01\0\x06" + MAC_A + b"\0\0\x08\x00" + UDP4, b"\0\x04\0\x01\0\x06" + MAC_A + b"\0\0\x86\xdd" + UDP6),
    "sll2": (
        276,
        b"\x08\x00\0\0\0\0\0\x02\0\x01\x00\x06" + MAC_A + b"\0\0" + UDP4,
        b"\x86\xdd\0\0\0\0\0\x02\0\x01\x04\x06" + MAC_A + b"\0\0" + UDP6,
    ),
    "ieee1394": (138, bytes(16) + b"\x08\x00" + UDP4, bytes(16) + b"\x86\xdd" + UDP6),
    "wlan": (105, WLAN_UP + SNAP4 + UDP4, WDS + SNAP6 + UDP6),
    "wlan qos": (105, QOS_DOWN + SNAP4 + UDP4, QOS_DOWN + SNAP6 + UDP6),
    "radiotap": (127, RADIOTAP + WLAN_UP + SNAP4 + UDP4 + b"\1\2\3\4", RADIOTAP_TSFT_PAD + QOS_DOWN + b"\0\0" + SNAP6 + UDP6),
    "ppi": (192, b"\0\0\x08\0" + struct.pack("<I", 105) + WLAN_UP + SNAP4 + UDP4, b"\0\0\x08\0" + struct.pack("<I", 101) + UDP6),
    "prism": (119, struct.pack("<II", 0x44, 144) + bytes(136) + WLAN_UP + SNAP4 + UDP4, None),
    "avs": (163, struct.pack(">II", 0x80211001, 64) + bytes(56) + WLAN_UP + SNAP4 + UDP4, None),
    "nflog": (239, b"\x02\0\0\0" + tlv(10, b"x\0") + tlv(9, UDP4), b"\x0a\0\0\0" + tlv(9, UDP6)),
    "rfc1483": (100, SNAP4 + UDP4, SNAP6 + UDP6),
    "netanalyzer": (240, bytes(4) + MAC_B + MAC_A + b"\x08\x00" + UDP4, bytes(4) + MAC_B + MAC_A + b"\x86\xdd" + UDP6),
}


@pytest.mark.parametrize("name", FRAMES)
def test_link_type(decode, name):
    linktype, four, six = FRAMES[name]
    for frame, src, dst, payload in ((four, "192.0.2.1", "198.51.100.2", b"four"), (six, "2001:db8::1", "2001:db8::2", b"six!")):
        if frame is None:
            continue
        rows, decoder = decode([frame], linktype)
        assert len(rows) == 1, decoder.ledgers
        row = rows[0]
        assert (text(int(row["src_hi"]), int(row["src_lo"])), text(int(row["dst_hi"]), int(row["dst_lo"]))) == (src, dst)
        assert (row["src_port"], row["dst_port"], row["transport"], row["gap"]) == (1111, 2222, 17, 0)
        assert frame[row["payload_offset"] : row["payload_offset"] + row["payload_bytes"]] == payload


def test_macs_of_802_11_follow_the_distribution_bits(decode):
    for frame in (WLAN_UP + SNAP4 + UDP4, QOS_DOWN + SNAP4 + UDP4, WDS + SNAP4 + UDP4):
        rows, _ = decode([frame], 105)
        assert (int(rows[0]["src_mac"]), int(rows[0]["dst_mac"])) == (0x02000000000A, 0x02000000000B)


def test_every_subframe_of_an_aggregate_is_decoded_and_its_frame_booked_once(decode):
    header = QOS_DOWN[:-2] + b"\x80\x00"
    rows, decoder = decode([header + subframe(SNAP4 + UDP4) + subframe(SNAP6 + UDP6)], 105)
    assert rows["ip_version"].tolist() == [4, 6]
    assert rows["frame"].tolist() == [1, 1]
    assert decoder.ledgers[0].decoded == 1


@pytest.mark.parametrize(
    ("linktype", "frame", "reason"),
    [
        (105, b"\x08\x41\x00\x00" + WLAN_UP[4:] + SNAP4 + UDP4, "encrypted_link"),
        (105, b"\x80\x00\x00\x00" + WLAN_UP[4:] + bytes(20), "not_ip"),
        (105, b"\xd4\x00\x00\x00" + MAC_A, "not_ip"),
        (105, WLAN_UP[:20], "short_frame"),
        (105, WLAN_UP[:22] + b"\x11\x00" + SNAP4 + UDP4, "fragment_unreassembled"),
        (127, RADIOTAP[:6], "short_frame"),
        (101, b"", "short_frame"),
        (1, MAC_B + MAC_A + b"\x88\xe5\x2c" + bytes(13) + UDP4, "encrypted_link"),
        (107, b"\x18\x41\x03\x08" + UDP4, "not_ip"),
        (107, b"\x18", "short_frame"),
        (6, b"\x10\x00" + MAC_B + MAC_A + SNAP4 + UDP4, "not_ip"),
        (10, b"\x50" + MAC_B + MAC_A, "short_frame"),
        (281, MAC_B + MAC_A + bytes(4), "short_frame"),
        (101, b"\x00" * 20, "bad_header"),
        (0, b"\x07\0\0\0" + UDP4, "not_ip"),
        (113, b"\0\0\x03\x38\0\0" + bytes(8) + b"\0\0" + UDP4, "not_ip"),
        (147, UDP4, "unknown_linktype"),
    ],
)
def test_frames_without_packets_have_a_reason(decode, linktype, frame, reason):
    rows, decoder = decode([frame], linktype)
    assert len(rows) == 0
    assert dict(decoder.ledgers[0].skipped) == {reason: 1}


def test_pktap_names_the_process(decode):
    header = struct.pack("<III", 108, 1, 1) + bytes(40) + struct.pack("<i", 77) + b"curl".ljust(20, b"\0") + bytes(32)
    rows, decoder = decode([header + MAC_B + MAC_A + b"\x08\x00" + UDP4], 258)
    assert rows["app"].tolist() == [77]
    assert decoder.apps == {77: "curl"}
