"""Packets that were captured twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._hashes import BITS_16, BITS_20, BITS_28, BITS_32, BITS_40, BITS_48, BITS_56, MIX_1, MIX_2, MIX_3
from gdsi_audit.flows._rows import COPY_ROWS
from gdsi_audit.flows._transports import TCP
from gdsi_audit.kernels import part

COPY_UNITS = 10  # of 2^20 ns: 10.5 ms
ONE, CLASS_D, GROUP_V6, MAPPED, BROADCAST = (np.uint64(value) for value in (1, 14, 255, 0xFFFF, 0xFFFFFFFFFFFF))


@part
def is_many(hi: Any, lo: Any) -> Any:
    """Multicast or limited broadcast: RFC 1112, 919, 4291 section 2.7."""
    if hi == 0 and (lo >> BITS_32) == MAPPED:
        return ((lo >> BITS_28) & np.uint64(15)) == CLASS_D or lo == BROADCAST
    return (hi >> BITS_56) == GROUP_V6


@part
def copy_tag(packet: Any, src_side: Any) -> Any:
    """Hash of what a packet has in common with its copies."""
    identification = np.uint64(packet.ip_id)
    tag = (src_side + packet.dst_lo) ^ (np.uint64(packet.payload_wire_bytes) * MIX_2)
    if packet.transport == TCP:
        numbers = (np.uint64(packet.tcp_seq) << BITS_32) | np.uint64(packet.tcp_ack)
        tag ^= numbers + (np.uint64(packet.tcp_flags) << BITS_20) + np.uint64(packet.ip_bytes)
    tag = tag * MIX_1 + (identification << BITS_32) + (np.uint64(packet.ip_bytes) << BITS_16) + packet.checksum
    return (tag ^ (tag >> BITS_32)) * MIX_3


@part
def is_copy(packet: Any, tag: Any, copies: Any) -> Any:
    """Whether this packet was captured before, on another interface or on the other side of a bridge or router.

    Without an identification it must have come another way (addresses, tag or hop limit of the link), to be told from a retransmission. Networks
    themselves multiply what goes to a group, and packet generators write the identification 1 into everything.
    """
    identification = packet.ip_id
    if identification == 1 or (packet.dst_mac >> BITS_40) & ONE or (identification == 0 and packet.transport != TCP):
        return False
    if is_many(packet.dst_hi, packet.dst_lo):
        return False
    link = (packet.src_mac + packet.dst_mac * MIX_1 + packet.vlan * MIX_2 + packet.ttl) * MIX_3 >> BITS_32
    copy = copies[np.int64(tag >> BITS_48) & (COPY_ROWS - 1)]
    now = packet.time >> 20
    if copy.tag == tag and ((now - copy.time) & 0xFFFFFFFF) <= COPY_UNITS and (identification != 0 or copy.link != link):
        return True
    copy.tag = tag
    copy.time = now
    copy.link = link
    return False
