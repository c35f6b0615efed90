"""The packet kernel: the walk over a frame from Ethernet to its transport header, and on into the tunnels inside.

Each turn of the inner loop takes one header off, and a tunnel starts the next turn on what it carries. IPv4 and TCP, which most packets are, stand
straight in the walk: read by parts of their own they took a fifth longer, which for the other headers does not show.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel
from gdsi_audit.packets import DEEPEST_TUNNEL
from gdsi_audit.packets.arp import read_arp
from gdsi_audit.packets.books import (
    BAD_IP_CHECKSUM,
    BAD_LENGTH,
    CUT_BY_SNAPLEN,
    FRAME_ROWS,
    GAP_PLACES,
    IP_OPTIONS,
    RARE,
    SPARE_USED,
    ZERO_IP_LENGTH,
    Books,
    note_app,
    note_gaps,
    note_odd,
    settle,
)
from gdsi_audit.packets.ether_types import ARP_TYPE, ETHERNET, IPV4, IPV6
from gdsi_audit.packets.extensions import EXTENSION, EXTENSION_OF_IPV6, PROTOCOL_ROLES, TUNNELS_IP, read_extension
from gdsi_audit.packets.fragments import LARGEST_DATAGRAM_BYTES, SPARE_PER_FRAME_BYTES, reassemble
from gdsi_audit.packets.ipv6 import IPV6_HEADER_BYTES, read_ipv6
from gdsi_audit.packets.link_types import LINKTYPE_ETHERNET
from gdsi_audit.packets.numbers import Integer, u8, u16, u32, u48
from gdsi_audit.packets.outcomes import (
    BAD_HEADER,
    FRAGMENT_UNREASSEMBLED,
    LIMIT_EXTENSION_HEADERS,
    LIMIT_REASSEMBLY,
    LIMIT_TUNNEL_DEPTH,
    PENDING,
    SHORT_FRAME,
)
from gdsi_audit.packets.reassembly import Reassembly
from gdsi_audit.packets.shims import shim
from gdsi_audit.packets.step import FRAGMENT_OFFSET, IDENTIFICATION, KIND, MORE, OFFSET, PROTOCOL, TUNNEL, VLAN
from gdsi_audit.packets.transports import read_transport, read_udp
from gdsi_audit.packets.tunnels import carries, may_carry

MOST_EXTENSION_HEADERS = 16
PCAPDROID_TRAILER_BYTES = 32
PCAPDROID_MAGIC = 0x01072021


@kernel
def decode_links(
    rows: NDArray[np.void],
    table: Reassembly | None,
    books: Books,
    state: NDArray[np.int64],
    step: NDArray[np.int64],
    data: NDArray[np.uint8],
    spare_offset: int,
    spare_bytes: int,
    records: NDArray[np.void],
    links: NDArray[np.void] | None,
    first: int,
    stop: int,
    written: int,
) -> tuple[int, int]:
    """Decodes `links[first:stop]` into `rows` from `written` on until rows or spare room run short; returns (rows written, first link not done).

    Without `links` it goes over the records themselves and stops in front of the first that is not Ethernet. Without `table` as well it is the kernel
    for everyday traffic, compiled in half the time: it stops in front of the first frame that holds a fragment, or a protocol or port of tunnels, and
    sets RARE.
    """
    position = first
    room_for_frame = rows.size - DEEPEST_TUNNEL - 1
    while position < stop and written <= room_for_frame and state[SPARE_USED] + SPARE_PER_FRAME_BYTES <= spare_bytes:
        if links is None:
            record = records[position]
            if record.linktype != LINKTYPE_ETHERNET:
                break
            kind, offset = Integer(ETHERNET), Integer(record.offset)
            end = offset + record.caplen_bytes
            src_mac, dst_mac, app = Integer(0), Integer(0), Integer(-1)
            reason, shared, is_last = Integer(0), Integer(0), True
        else:
            link = links[position]
            record = records[link.record]
            kind, offset, end = Integer(link.ethertype), Integer(link.offset), Integer(link.end)
            src_mac, dst_mac, app = Integer(link.src_mac), Integer(link.dst_mac), Integer(link.app)
            reason, shared, is_last = Integer(link.reason), Integer(link.shared), link.last != 0
            if link.app_name_offset >= 0:
                note_app(books, state, app, data, link.app_name_offset)
        position += 1
        outermost = written
        frame = Integer(record.frame)
        spare_limit = state[SPARE_USED] + SPARE_PER_FRAME_BYTES
        depth, tunnel, parent, vlan, turns = Integer(0), Integer(0), Integer(-1), Integer(0), Integer(0)
        wire_end = end + max(0, Integer(record.wire_bytes) - Integer(record.caplen_bytes))
        while reason == 0:
            if kind == ETHERNET:
                if end - offset < 14:
                    reason = SHORT_FRAME
                    break
                dst_mac, src_mac, kind = u48(data, offset), u48(data, offset + 6), u16(data, offset + 12)
                offset += 14
            packet = rows[written]
            gap, protocol = Integer(0), Integer(0)
            more, fragment_offset, identification = Integer(-1), Integer(0), Integer(0)
            if kind == IPV4:
                if end - offset < 20:
                    reason = SHORT_FRAME
                    break
                header_bytes = (u8(data, offset) & 15) * 4
                if u8(data, offset) >> 4 != 4 or header_bytes < 20:
                    reason = BAD_HEADER
                    break
                if end - offset < header_bytes:
                    reason = SHORT_FRAME
                    break
                ip_bytes = u16(data, offset + 2)
                if ip_bytes == 0:
                    ip_bytes = wire_end - offset
                    gap |= ZERO_IP_LENGTH
                elif ip_bytes < header_bytes:
                    reason = BAD_HEADER
                    break
                elif ip_bytes > wire_end - offset:
                    ip_bytes = wire_end - offset
                    gap |= BAD_LENGTH
                checksum = 0
                for place in range(offset, offset + header_bytes, 4):
                    checksum += u32(data, place)
                checksum = (checksum & 0xFFFF) + ((checksum >> 16) & 0xFFFF) + (checksum >> 32)
                checksum = (checksum & 0xFFFF) + (checksum >> 16)
                if (checksum & 0xFFFF) + (checksum >> 16) != 0xFFFF:
                    gap |= BAD_IP_CHECKSUM
                if header_bytes > 20:
                    gap |= IP_OPTIONS
                identification = u16(data, offset + 4)
                field = u16(data, offset + 6)
                if field & 0x3FFF:
                    more, fragment_offset = (field >> 13) & 1, (field & 0x1FFF) * 8
                packet.ttl = u8(data, offset + 8)
                protocol = u8(data, offset + 9)
                packet.src_hi, packet.src_lo = 0, (0xFFFF << 32) | u32(data, offset + 12)
                packet.dst_hi, packet.dst_lo = 0, (0xFFFF << 32) | u32(data, offset + 16)
                packet.ip_version = 4
                extensions = Integer(EXTENSION)
            elif kind == IPV6:
                reason, ip_bytes, gap = read_ipv6(data, offset, end, wire_end, packet)
                if reason != 0:
                    break
                header_bytes, protocol = Integer(IPV6_HEADER_BYTES), u8(data, offset + 6)
                extensions = Integer(EXTENSION | EXTENSION_OF_IPV6)
            elif kind != ARP_TYPE:
                # The bound is far above any real stack of tags; headers without length, such as Ethernet in Ethernet, end it anyway.
                step[VLAN], step[TUNNEL] = vlan, tunnel
                reason = shim(data, kind, offset, end, step)
                kind, offset, vlan, tunnel = step[KIND], step[OFFSET], step[VLAN], step[TUNNEL]
                continue
            packet.time, packet.frame, packet.wire_bytes = record.time, frame, record.wire_bytes
            packet.src_mac, packet.dst_mac = src_mac, dst_mac
            packet.parent, packet.app, packet.vlan = parent, app, vlan
            packet.depth, packet.tunnel, packet.fragments = depth, tunnel, 0
            packet.tcp_seq, packet.tcp_ack, packet.tcp_flags, packet.tcp_window, packet.checksum = 0, 0, 0, 0, 0
            packet.src_port, packet.dst_port = 0, 0
            if kind == ARP_TYPE:
                packet.payload_bytes, packet.payload_wire_bytes, packet.gap = 0, 0, 0
                reason = read_arp(data, offset, end, packet)
                if reason == 0:
                    written += 1
                break
            packet.ip_bytes, packet.ip_id = ip_bytes, identification
            ip_end = min(end, offset + ip_bytes)
            if depth == 0 and end - ip_end >= PCAPDROID_TRAILER_BYTES and u32(data, end - PCAPDROID_TRAILER_BYTES) == PCAPDROID_MAGIC:
                app = u32(data, end - PCAPDROID_TRAILER_BYTES + 4)
                app = app - (app >> 31 << 32)
                packet.app = app
                note_app(books, state, app, data, end - PCAPDROID_TRAILER_BYTES + 8)
            ip_wire_end = offset + ip_bytes
            network = offset
            offset += header_bytes
            # Headers between IP and transport, and fragments, which may hold further such headers.
            while more >= 0 or PROTOCOL_ROLES[protocol] & extensions:
                turns += 1
                if turns > MOST_EXTENSION_HEADERS * (depth + 1):
                    reason = LIMIT_EXTENSION_HEADERS
                    break
                if more < 0:
                    reason = read_extension(data, protocol, offset, ip_end, step)
                    if reason != 0:
                        break
                    offset, protocol, more = step[OFFSET], step[PROTOCOL], step[MORE]
                    if more < 0:
                        continue
                    fragment_offset, identification = step[FRAGMENT_OFFSET], step[IDENTIFICATION]
                    packet.ip_id = identification
                    if more == 0 and fragment_offset == 0:
                        # An atomic fragment is whole (RFC 6946).
                        more = Integer(-1)
                        continue
                    header_bytes = offset - 8 - network
                if table is None:
                    state[RARE] = 1
                    return outermost, position - 1
                if ip_end < ip_wire_end or gap & BAD_LENGTH:
                    # The rest of its bytes will never come: the first fragment is decoded as far as it goes, the others say nothing.
                    if fragment_offset > 0:
                        reason = FRAGMENT_UNREASSEMBLED
                        break
                    packet.fragments = 1
                    more = Integer(-1)
                    continue
                if state[SPARE_USED] + LARGEST_DATAGRAM_BYTES + 1 > spare_limit:
                    reason = LIMIT_REASSEMBLY
                    break
                step[FRAGMENT_OFFSET], step[MORE] = fragment_offset, more
                room = spare_offset + state[SPARE_USED]
                to_book = written == outermost and shared == 0
                reason = reassemble(table, data, packet, offset, ip_end - offset, header_bytes, protocol, room, to_book, step, books, state)
                if reason != 0:
                    break
                state[SPARE_USED] += step[OFFSET]
                offset, protocol, more = room, step[PROTOCOL], Integer(-1)
                ip_end = room + step[OFFSET]
                ip_wire_end = ip_end
                end, wire_end = ip_end, ip_end
                network = offset - header_bytes
            if reason != 0:
                break
            if ip_end < ip_wire_end:
                gap |= CUT_BY_SNAPLEN
            src_port, dst_port = Integer(0), Integer(0)
            if protocol == 6:
                if ip_end - offset < 4:
                    reason = SHORT_FRAME if ip_end < ip_wire_end else BAD_HEADER
                    break
                packet.src_port, packet.dst_port = u16(data, offset), u16(data, offset + 2)
                header = 20
                if ip_end - offset >= 20:
                    packet.tcp_seq, packet.tcp_ack = u32(data, offset + 4), u32(data, offset + 8)
                    header = (u8(data, offset + 12) >> 4) * 4
                    packet.tcp_flags = u16(data, offset + 12) & 0x1FF
                    packet.tcp_window, packet.checksum = u16(data, offset + 14), u16(data, offset + 16)
                if header < 20 or header > ip_wire_end - offset:
                    header = ip_wire_end - offset
                    gap |= BAD_LENGTH
                packet.payload_offset = min(offset + header, ip_end)
                packet.payload_bytes = max(0, ip_end - offset - header)
                packet.payload_wire_bytes = ip_wire_end - offset - header
            elif protocol == 17:
                reason, odd = read_udp(data, packet, offset, ip_end, ip_wire_end)
                if reason != 0:
                    break
                gap |= odd
                src_port, dst_port = u16(data, offset), u16(data, offset + 2)
            else:
                reason = read_transport(data, packet, protocol, offset, ip_end, ip_wire_end)
                if reason != 0:
                    break
            packet.transport = protocol
            packet.gap = gap
            may_tunnel = PROTOCOL_ROLES[protocol] & TUNNELS_IP != 0 or (protocol == 17 and may_carry(src_port, dst_port))
            if table is None and may_tunnel:
                state[RARE] = 1
                return outermost, position - 1
            if gap != 0:
                note_gaps(books, gap, frame)
            written += 1
            found = False
            step[VLAN] = 0
            if not may_tunnel:
                break
            if table is not None:
                if protocol == 17:
                    offset = Integer(packet.payload_offset)
                    ip_end = offset + packet.payload_bytes
                    ip_wire_end = offset + packet.payload_wire_bytes
                found = carries(data, protocol, src_port, dst_port, offset, ip_end, ip_wire_end, step)
            if not found:
                break
            if depth == DEEPEST_TUNNEL:
                reason = LIMIT_TUNNEL_DEPTH
                break
            depth += 1
            parent = written - 1
            kind, offset, tunnel = step[KIND], step[OFFSET], step[TUNNEL]
            end, wire_end = ip_end, ip_wire_end
            src_mac, dst_mac, vlan = 0, 0, 0
        if written > outermost:
            state[FRAME_ROWS] += written - outermost
            if reason != 0 and reason != PENDING:
                note_odd(books, GAP_PLACES + reason, frame)
        if is_last:
            settle(books, state, record, reason, shared)
    return written, position
