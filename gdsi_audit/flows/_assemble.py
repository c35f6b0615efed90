"""The flow table's kernel: each packet to its flow, and through what is counted, followed and delivered of it.

A flow lives in a slot: one row of FLOWS, two of ENDPOINTS. Slots hang in chains off a power-of-two array of heads. Every time-out is a function of
the flow's own state and the packet clock, so it makes no difference when the sweep comes by. A kernel returns early, before the packet
or slot that it could not finish, when it needs the other one or when the room for closed rows, chunks or copied bytes is used up; the caller sees to
that and calls again.

Looking a flow up stands straight in the walk: as a part of its own it made the whole a twentieth slower.

What is stored into a row is cut to the column's width by the store; casts stand only where an operation would otherwise mix signs, and comparisons
where `min` and `max` would be: each costs compile time.
"""

# ruff: noqa: SIM102, SIM109 - in a kernel, `in` over a tuple costs more to compile than comparisons, and a long condition more to read

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._ahead import look_ahead
from gdsi_audit.flows._beginning import begin, recall
from gdsi_audit.flows._copies import is_copy
from gdsi_audit.flows._delivery import ICMP_HEADER_BYTES, emit_datagram
from gdsi_audit.flows._free_slots import take_slot
from gdsi_audit.flows._history import LETTER_D, LOWER, SEEN_DATA, write_letter
from gdsi_audit.flows._reordering import drain, take_segment
from gdsi_audit.flows._rows import (
    CHUNK_COUNT,
    CHUNK_ROWS,
    DRAIN_ORIG,
    DRAIN_RESP,
    FULL,
    HIGH,
    NOW,
    ROOM_AT,
    SWEEP_EXPIRED,
    SWEEP_MODE,
    SWEEP_ONE,
    SWEEP_PKTS,
    SWEEP_SLOT,
    SWEEP_TIME,
)
from gdsi_audit.flows._states import SYN
from gdsi_audit.flows._tcp import take_tcp
from gdsi_audit.flows._tcp_states import begins_anew
from gdsi_audit.flows._timeouts import SWEEP_EVERY, is_expired
from gdsi_audit.flows._transports import TCP, UDP, UDPLITE
from gdsi_audit.kernels import kernel


@kernel
def assemble(
    ports: Any, fresh_flow: Any, fresh_endpoint: Any, copies: Any, flows: Any, endpoints: Any, heads: Any, expired: Any, segments: Any, cells: Any,
    ahead: Any, chunks: Any, room: Any, control: Any, data: Any, packets: Any, first: Any, base: Any, entries: Any, flow_ids: Any,
) -> Any:  # fmt: skip
    """Takes packets from row `first` on; returns the row of the first one not taken.

    That is len(packets) unless room ran out (FULL) or a sweep has to come first (SWEEP_SLOT). What is pending in a stream goes first.
    """
    mask = np.uint64(len(heads) - 1)
    row = looked_from = looked_to = first
    while True:
        if (control[DRAIN_ORIG] >= 0 or control[DRAIN_RESP] >= 0) and not drain(flows, endpoints, segments, cells, chunks, room, control):
            control[FULL] = 1
            return row
        if control[SWEEP_SLOT] >= 0 or row == len(packets):
            return row
        packet = packets[row]
        if control[CHUNK_COUNT] >= CHUNK_ROWS or control[ROOM_AT] + packet.payload_bytes + ICMP_HEADER_BYTES > len(room):
            control[FULL] = 1
            return row
        if row == looked_to:
            looked_from, looked_to = row, look_ahead(packets, row, ahead, flows, endpoints, heads, copies)
        time = packet.time
        if time > control[NOW]:
            control[NOW] = time
            if control[SWEEP_PKTS] * 4 >= control[HIGH] and time - control[SWEEP_TIME] >= SWEEP_EVERY:
                control[SWEEP_SLOT] = 0
                control[SWEEP_MODE] = SWEEP_EXPIRED
                return row
        known = ahead[row - looked_from]
        key, src_side, dst_port, one_way = known.key, known.src_side, known.dst_port, known.one_way
        transport, src_port = packet.transport, packet.src_port
        src_hi, src_lo = packet.src_hi, packet.src_lo
        dst_hi, dst_lo = packet.dst_hi, packet.dst_lo
        bucket = np.int64(key & mask)
        slot = np.int64(heads[bucket])
        side = np.int64(0)
        while slot >= 0:
            flow = flows[slot]
            if flow.transport == transport:
                if flow.orig_lo == src_lo and flow.resp_lo == dst_lo and flow.orig_port == src_port and flow.resp_port == dst_port:
                    if flow.orig_hi == src_hi and flow.resp_hi == dst_hi:
                        side = np.int64(0)
                        break
                if flow.orig_lo == dst_lo and flow.resp_lo == src_lo and flow.orig_port == dst_port and flow.resp_port == src_port and not one_way:
                    if flow.orig_hi == dst_hi and flow.resp_hi == src_hi:
                        side = np.int64(1)
                        break
            slot = np.int64(flow.next)
        ordinal = base + packet.frame
        if slot >= 0:
            flow, orig, resp = flows[slot], endpoints[2 * slot], endpoints[2 * slot + 1]
            if is_expired(flow, orig, resp, time) or (transport == TCP and packet.tcp_flags & SYN and begins_anew(packet, orig, resp)):
                control[SWEEP_SLOT] = slot
                control[SWEEP_MODE] = SWEEP_ONE
                return row
        else:
            slot = take_slot(flows, endpoints, fresh_flow, fresh_endpoint, control)
            if slot < 0:
                return row
            flow = flows[slot]
            side = begin(flow, packet, dst_port, ports, control)
            flow.flow = 16 * ordinal + packet.depth
            if 0 <= packet.parent < row:
                flow.parent = flow_ids[packet.parent]
            flow.next = heads[bucket]
            heads[bucket] = slot
            recall(flow, packet, side, key, src_side, expired, control)
        control[SWEEP_PKTS] += 1
        endpoint = endpoints[2 * slot + side]
        peer = endpoints[2 * slot + 1 - side]
        entries[row] = (flow.serial << 32) | ordinal
        flow_ids[row] = flow.flow
        row += 1
        flow.last_ordinal = ordinal
        flow.gaps |= packet.gap
        if is_copy(packet, known.tag, copies):
            flow.duplicate_pkts += 1
            continue
        if time > flow.last:
            if time - flow.last > flow.largest_gap_ns:
                flow.largest_gap_ns = time - flow.last
            flow.last = time
        if endpoint.pkts == 0:
            endpoint.ttl = packet.ttl
            if side == 0:
                flow.orig_mac = packet.src_mac
            else:
                flow.resp_mac = packet.src_mac
        if flow.app < 0:
            flow.app = packet.app
        endpoint.pkts += 1
        endpoint.ip_bytes += packet.ip_bytes
        length = np.int64(packet.payload_wire_bytes)
        if transport == TCP:
            place = take_tcp(flow, endpoint, peer, packet, 2 * slot + side, segments, control)
            if place >= 1:
                if place == endpoint.next and endpoint.wanted == 0 and endpoint.waiting < 0:
                    endpoint.next += length
                else:
                    take_segment(flow, endpoint, 2 * slot + side, place, packet, data, chunks, room, control, segments, cells, ordinal)
            continue
        endpoint.last += length
        if transport == UDP or transport == UDPLITE:
            if not endpoint.seen & SEEN_DATA:
                endpoint.seen |= SEEN_DATA
                write_letter(flow, LETTER_D + LOWER * side)
        if flow.datagrams > 0 and packet.payload_bytes > 0:
            emit_datagram(flow, slot, side, packet, endpoint.pkts + np.int64(peer.pkts) - 1, data, chunks, room, control)
