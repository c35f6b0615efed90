"""What packets will look up, worked out before their turn, so that memory is asked for in time."""

# ruff: noqa: SIM109 - in a kernel, `in` over a tuple costs more to compile than comparisons

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._copies import copy_tag
from gdsi_audit.flows._hashes import BITS_48, flow_hash, side_hash
from gdsi_audit.flows._rows import COPY_ROWS
from gdsi_audit.flows._sequence import NOTHING
from gdsi_audit.flows.community_id import COUNTERPARTS, ICMP, ICMP6
from gdsi_audit.kernels import part
from gdsi_audit.kernels.prefetch import prefetch
from gdsi_audit.packets import ARP

COUNTERPART = np.full((2, 256), -1, np.int16)
"""Type of the other half of a request and reply pair, for ICMP and ICMPv6; -1: there is none. RFC 792, 950, 1256, 4443, 4861, 2710, 4620, 6275."""
for _row, _transport in enumerate((ICMP, ICMP6)):
    COUNTERPART[_row, list(COUNTERPARTS[_transport])] = list(COUNTERPARTS[_transport].values())


@part
def look_ahead(packets: Any, row: Any, ahead: Any, flows: Any, endpoints: Any, heads: Any, copies: Any) -> Any:
    """Fills `ahead` for the packets from `row` on and asks for what they will look up; returns the row behind the last of them."""
    stop = min(row + len(ahead), len(packets))
    mask = np.uint64(len(heads) - 1)
    for place in range(stop - row):
        packet, known = packets[row + place], ahead[place]
        transport, dst_port = packet.transport, packet.dst_port
        one_way = transport == ARP
        if transport == ICMP or transport == ICMP6:
            counterpart = COUNTERPART[0 if transport == ICMP else 1, packet.src_port & 255]
            one_way = counterpart < 0
            if not one_way:
                dst_port = np.uint16(counterpart)
        src_side = side_hash(packet.src_hi, packet.src_lo, packet.src_port)
        key = flow_hash(src_side, side_hash(packet.dst_hi, packet.dst_lo, dst_port), transport)
        tag = copy_tag(packet, src_side)
        known.key, known.src_side, known.tag, known.dst_port, known.one_way = key, src_side, tag, dst_port, one_way
        prefetch(heads, np.int64(key & mask), NOTHING)
        prefetch(copies, np.int64(tag >> BITS_48) & (COPY_ROWS - 1), NOTHING)
    for place in range(stop - row):
        slot = np.int64(heads[np.int64(ahead[place].key & mask)])
        if slot >= 0:
            for line in range(0, 192, 64):
                prefetch(flows, slot, np.int64(line))
                prefetch(endpoints, 2 * slot, np.int64(line))
    return stop
