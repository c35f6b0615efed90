"""Stage 2: frames become packets, a row of columns each, decoded by compiled kernels.

A frame gives one row per IP packet or ARP message it carries, the outermost first: a tunnel's outer packet, then the inner one with `parent`
pointing to it. A frame that gives no row is skipped with one reason of `gap.SKIP_REASONS`.
"""

from __future__ import annotations

import numpy as np

DEEPEST_TUNNEL = 8

PACKETS = np.dtype(
    [
        ("time", "i8"),  # UTC nanoseconds
        ("frame", "i8"),  # in its capture, from 1
        ("src_hi", "u8"),  # address, upper 64 bits, big-endian value; IPv4 is v4-mapped: hi 0, lo 0xffff00000000 | address
        ("src_lo", "u8"),
        ("dst_hi", "u8"),
        ("dst_lo", "u8"),
        ("src_mac", "u8"),  # 48 bits; 0 where the link has none (raw IP, inner packets of layer-3 tunnels)
        ("dst_mac", "u8"),
        ("payload_offset", "i8"),  # of the first byte above transport, in Frames.data
        ("payload_bytes", "i4"),  # captured payload
        ("payload_wire_bytes", "i4"),  # payload by the headers' lengths; more than payload_bytes where the snapshot length cut it
        ("ip_bytes", "i4"),  # IP total length, headers included; a reassembled datagram's is that of the whole
        ("wire_bytes", "i4"),  # of the frame
        ("tcp_seq", "u4"),
        ("tcp_ack", "u4"),
        ("parent", "i4"),  # row in this batch of the packet around this one; -1: none
        ("app", "i4"),  # PCAPdroid's uid or PKTAP's process id; -1: unknown
        ("ip_id", "u4"),  # identification (IPv4, IPv6 fragment header), else 0
        ("src_port", "u2"),  # ICMP: type; ARP: operation
        ("dst_port", "u2"),  # ICMP: code
        ("tcp_flags", "u2"),  # with NS, CWR, ECE
        ("tcp_window", "u2"),
        ("checksum", "u2"),  # of the transport header as it stands, to tell copies from retransmissions
        ("vlan", "u2"),  # innermost tag; 0: none
        ("transport", "u1"),  # IP protocol number; ARP has 255 and `ip_version` 0
        ("ip_version", "u1"),  # 4, 6, 0: ARP
        ("ttl", "u1"),
        ("depth", "u1"),  # tunnels around this packet
        ("tunnel", "u1"),  # row in TUNNELS of the tunnel that carries it
        ("fragments", "u1"),  # frames this datagram was put together from; 0: it was whole (255: or more)
        ("gap", "u1"),  # bits of GAP_BITS
    ],
    align=True,
)
"""One row per decoded packet."""

ARP = 255

TUNNELS = (
    *("", "ip-in-ip", "6in4", "gre", "erspan", "vxlan", "geneve", "ayiya", "teredo", "gtp-u", "fabricpath", "icmp-error"),
    *("l2tp", "ethernet-in-ip", "mpls"),
)

GAP_BITS = {"bad_ip_checksum": 1, "bad_length": 2, "zero_ip_length": 4, "cut_by_snaplen": 8, "ip_options": 16}
"""Oddities that do not stop decoding. They are counted, never a reason to drop (offloading on the capturing host makes most of them).
`bad_length`: a length that its frame or packet cannot hold; it is taken as what there is. Transport checksums are not verified."""
