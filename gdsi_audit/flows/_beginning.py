"""A flow's first packet: who is the originator, and what an earlier flow says about it."""

# ruff: noqa: SIM109 - in a kernel, `in` over a tuple costs more to compile than comparisons

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows import DATAGRAMS
from gdsi_audit.flows._copies import is_many
from gdsi_audit.flows._hashes import BITS_48, EXPIRED_MASK, LOW_32
from gdsi_audit.flows._history import LETTER_FLIPPED, write_letter
from gdsi_audit.flows._rows import EVERYTHING, OBSERVED_SINCE, PORT_MESSAGES, PORT_TCP_SERVER, PORT_UDP_SERVER, SERIAL, STREAMS
from gdsi_audit.flows._sequence import TOO_LARGE_SEQ_DELTA, signed_distance
from gdsi_audit.flows._states import ACK, SYN
from gdsi_audit.flows._timeouts import SILENCE
from gdsi_audit.flows._transports import DCCP, SCTP, TCP, UDP, UDPLITE
from gdsi_audit.flows.community_id import ICMP, ICMP6
from gdsi_audit.kernels import part


@part
def begin(flow: Any, packet: Any, dst_port: Any, ports: Any, control: Any) -> Any:
    """Fills a fresh slot from a flow's first packet; returns the packet's side.

    Without a SYN the receiver is taken for the originator where the sender's port is likely a server's.
    """
    kind = packet.transport
    src_hints, dst_hints = np.int64(ports[packet.src_port]), np.int64(ports[packet.dst_port])
    flipped = False
    if kind == TCP and packet.tcp_flags & SYN:
        flipped = (packet.tcp_flags & ACK) != 0
    elif kind == TCP or kind == UDP:
        bit = PORT_TCP_SERVER if kind == TCP else PORT_UDP_SERVER
        if src_hints & bit and not is_many(packet.dst_hi, packet.dst_lo):
            flipped = not dst_hints & bit or (kind == TCP and packet.src_port < packet.dst_port)
    if flipped:
        flow.orig_hi = packet.dst_hi
        flow.orig_lo = packet.dst_lo
        flow.orig_port = dst_port
        flow.orig_mac = packet.dst_mac
        flow.resp_hi = packet.src_hi
        flow.resp_lo = packet.src_lo
        flow.resp_port = packet.src_port
        flow.resp_mac = packet.src_mac
        flow.flipped = 1
        write_letter(flow, LETTER_FLIPPED)
    else:
        flow.orig_hi = packet.src_hi
        flow.orig_lo = packet.src_lo
        flow.orig_port = packet.src_port
        flow.orig_mac = packet.src_mac
        flow.resp_hi = packet.dst_hi
        flow.resp_lo = packet.dst_lo
        flow.resp_port = dst_port
        flow.resp_mac = packet.dst_mac
    flow.start = packet.time
    flow.last = packet.time
    flow.serial = control[SERIAL]
    control[SERIAL] += 1
    flow.app = packet.app
    flow.vlan = packet.vlan
    flow.transport = kind
    flow.tunnel = packet.tunnel
    if control[STREAMS]:
        if (kind == UDP or kind == UDPLITE) and (src_hints | dst_hints) & PORT_MESSAGES:
            flow.datagrams = EVERYTHING
        elif kind == UDP or kind == UDPLITE or kind == ICMP or kind == ICMP6 or kind == SCTP or kind == DCCP:
            flow.datagrams = DATAGRAMS
    return np.int64(flow.flipped)


@part
def recall(flow: Any, packet: Any, side: Any, key: Any, src_side: Any, expired: Any, control: Any) -> Any:
    """What an earlier flow of the same five-tuple says about a new one: does it continue that, and who began it."""
    past = expired[np.int64((key >> BITS_48) & EXPIRED_MASK)]
    if packet.transport == TCP:
        if past.tag == key and past.open and not packet.tcp_flags & SYN:
            expected = np.int64(past.orig_seq if past.orig_side == (src_side & LOW_32) else past.resp_seq)
            if -2 <= signed_distance(packet.tcp_seq - expected) <= TOO_LARGE_SEQ_DELTA:
                flow.continues = past.flow
    elif side == 0 and packet.time - control[OBSERVED_SINCE] >= SILENCE and (past.tag == 0 or packet.time - past.last >= SILENCE):
        flow.began = 1
