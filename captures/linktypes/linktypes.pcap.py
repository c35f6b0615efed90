"""One little conversation, a DNS lookup and a page over HTTP, carried by every kind of link and tunnel.

Whatever is around it, the same two flows must come out. Outer addresses of tunnels are 10.0.0.1 and 10.0.0.2. The twins with `_v6` carry IPv6.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

from captures._home import CAMERA, ROUTER, START_S, behind_router
from captures._names import lookup
from captures._writer import ETHERTYPE_IPV4, Capture, Frame, Turn, ip_packet, udp_datagram

SERVER = behind_router("52.28.0.10", "2a05:d014:1::10")
NAME = "www.cams.example"
OUTER = ("10.0.0.1", "10.0.0.2")
SNAP = b"\xaa\xaa\x03\x00\x00\x00"
ETHERNET = 1
ETHERTYPE_BRIDGED = 0x6558


def conversation(ip_version: int) -> Capture:
    """What every file holds."""
    capture = Capture(ip_version, START_S, f"link types {ip_version}")
    found_s = lookup(capture, 0.0, CAMERA, ROUTER, (NAME,), [SERVER.address(ip_version)])
    turns = [
        Turn(True, f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()),
        Turn(False, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    ]
    capture.tcp(found_s + 0.001, CAMERA, SERVER, 80, turns)
    return capture


def short(value: int) -> bytes:
    return struct.pack(">H", value)


def little(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def shimmed(shim: Callable[[Frame], bytes]) -> Callable[[Frame], bytes]:
    """Ethernet with `shim`, its Ethernet type first, between the addresses and the packet."""
    return lambda frame: frame.dst_mac + frame.src_mac + shim(frame) + frame.packet


def outer(frame: Frame, protocol: int, payload: bytes) -> bytes:
    """An Ethernet frame with `payload` between the ends of the tunnel."""
    return frame.dst_mac + frame.src_mac + short(ETHERTYPE_IPV4) + ip_packet(*OUTER, protocol, payload)


def tunnelled(protocol: int, header: Callable[[Frame], bytes], *, bridged: bool = False) -> Callable[[Frame], bytes]:
    return lambda frame: outer(frame, protocol, header(frame) + (frame.ethernet() if bridged else frame.packet))


def over_udp(port: int, header: Callable[[Frame], bytes], *, bridged: bool = False) -> Callable[[Frame], bytes]:
    def wrap(frame: Frame) -> bytes:
        payload = header(frame) + (frame.ethernet() if bridged else frame.packet)
        return outer(frame, 17, udp_datagram(OUTER[0], port, OUTER[1], port, payload))

    return wrap


def family(frame: Frame, version_6: int) -> int:
    """Address family: IPv4 is 2 everywhere, IPv6 differs."""
    return 2 if frame.ethertype == ETHERTYPE_IPV4 else version_6


def ppp(frame: Frame) -> bytes:
    """PPP protocol number (RFC 1332, RFC 5072)."""
    return b"\x00\x21" if frame.ethertype == ETHERTYPE_IPV4 else b"\x00\x57"


def llc(frame: Frame) -> bytes:
    return short(len(frame.packet) + 8) + SNAP + short(frame.ethertype)


def mpls(frame: Frame) -> bytes:
    """Two labels, the lower one with the bottom bit (RFC 3032)."""
    return short(0x8847) + struct.pack(">II", 100 << 12 | 64, 200 << 12 | 1 << 8 | 64)


def pppoe(frame: Frame) -> bytes:
    return short(0x8864) + b"\x11\x00\x00\x05" + short(len(frame.packet) + 2) + ppp(frame)


def cooked(frame: Frame) -> bytes:
    """LINKTYPE_LINUX_SLL."""
    return short(0) + short(1) + short(6) + frame.src_mac + bytes(2) + short(frame.ethertype) + frame.packet


def cooked_2(frame: Frame) -> bytes:
    """LINKTYPE_LINUX_SLL2."""
    return short(frame.ethertype) + short(0) + struct.pack(">IHBB", 2, 1, 0, 6) + frame.src_mac + bytes(2) + frame.packet


def wireless(frame: Frame) -> bytes:
    """A data frame to the distribution system (IEEE 802.11-2020, 9.3.2.1)."""
    basic_service_set = bytes.fromhex("0200000000ff")
    return b"\x08\x01\x00\x00" + basic_service_set + frame.src_mac + frame.dst_mac + b"\x10\x00" + SNAP + short(frame.ethertype) + frame.packet


def process_tap(frame: Frame) -> bytes:
    """LINKTYPE_PKTAP: the app `camera`, process 4242, on en0."""
    header = little(108, 1, ETHERNET) + b"en0".ljust(24, b"\x00") + little(0, family(frame, 30), 14, 0, 4242) + b"camera".ljust(20, b"\x00")
    return header + bytes(12) + b"camera".ljust(20, b"\x00") + frame.ethernet()


def netfilter_log(frame: Frame) -> bytes:
    """LINKTYPE_NFLOG: attributes in the order of the machine, padded to four bytes."""
    header = bytes([family(frame, 10), 0, 0, 0]) + struct.pack("<HH", 16, 8) + short(6) + short(0) + frame.src_mac + bytes(2)
    return header + struct.pack("<HH", 4 + len(frame.packet), 9) + frame.packet + bytes(-len(frame.packet) % 4)


def erspan(frame: Frame) -> bytes:
    """Type II behind GRE with a sequence number."""
    return short(0x1000) + short(0x88BE) + struct.pack(">I", 7) + struct.pack(">HHI", 0x1001, 0x0001, 0)


def ayiya(frame: Frame) -> bytes:
    """Identity of 16 bytes, signature of 20, forward what follows."""
    return bytes([0x41, 0x52, 0x11, 4 if frame.ethertype == ETHERTYPE_IPV4 else 41]) + bytes(4) + bytes(16) + bytes(20)


def gtp_user(frame: Frame) -> bytes:
    return b"\x30\xff" + short(len(frame.packet)) + struct.pack(">I", 0x1050)


WRAPS: dict[str, tuple[int, Callable[[Frame], bytes]]] = {
    "ethernet": (ETHERNET, Frame.ethernet),
    "vlan": (ETHERNET, shimmed(lambda frame: short(0x8100) + short(50) + short(frame.ethertype))),
    "qinq": (ETHERNET, shimmed(lambda frame: short(0x88A8) + short(7) + short(0x8100) + short(50) + short(frame.ethertype))),
    "mpls": (ETHERNET, shimmed(mpls)),
    "pppoe": (ETHERNET, shimmed(pppoe)),
    "llc": (ETHERNET, shimmed(llc)),
    "raw": (101, lambda frame: frame.packet),
    "sll": (113, cooked),
    "sll2": (276, cooked_2),
    "null": (0, lambda frame: little(family(frame, 30)) + frame.packet),
    "loop": (108, lambda frame: struct.pack(">I", family(frame, 24)) + frame.packet),
    "ppp": (9, lambda frame: b"\xff\x03" + ppp(frame) + frame.packet),
    "802_11": (105, wireless),
    "radiotap": (127, lambda frame: b"\x00\x00\x08\x00" + bytes(4) + wireless(frame)),
    "ppi": (192, lambda frame: b"\x00\x00\x08\x00" + little(105) + wireless(frame)),
    "pktap": (258, process_tap),
    "nflog": (239, netfilter_log),
    "gre": (ETHERNET, tunnelled(47, lambda frame: short(0) + short(frame.ethertype))),
    "ipip": (ETHERNET, tunnelled(4, lambda frame: b"")),
    "6in4": (ETHERNET, tunnelled(41, lambda frame: b"")),
    "vxlan": (ETHERNET, over_udp(4789, lambda frame: struct.pack(">II", 0x08000000, 50 << 8), bridged=True)),
    "geneve": (ETHERNET, over_udp(6081, lambda frame: short(0) + short(ETHERTYPE_BRIDGED) + struct.pack(">I", 50 << 8), bridged=True)),
    "erspan": (ETHERNET, tunnelled(47, erspan, bridged=True)),
    "ayiya": (ETHERNET, over_udp(5072, ayiya)),
    "teredo": (ETHERNET, over_udp(3544, lambda frame: b"")),
    "gtpu": (ETHERNET, over_udp(2152, gtp_user)),
}
ONLY = {"ipip": 4, "6in4": 6, "teredo": 6}
"""The one IP version that a tunnel carries."""


def linktype(name: str, *, ip_version: int) -> bytes:
    """The conversation over one kind of link."""
    link_type, wrap = WRAPS[name]
    return conversation(ip_version).pcap(link_type=link_type, wrap=wrap)


CAPTURES = {
    f"{name}{'_v6' * (version == 6)}.pcap": partial(linktype, name, ip_version=version)
    for name in WRAPS
    for version in (4, 6)
    if ONLY.get(name, version) == version
}
