"""Payload that somebody wants, in order: chunks, with the gaps before them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._history import LETTER_G, LOWER, counted
from gdsi_audit.flows._rows import CAPTURE, CHUNK_COUNT, EVERYTHING, ROOM_AT
from gdsi_audit.flows._sequence import NOTHING
from gdsi_audit.flows._states import ASKED, CLOSING, ESTABLISHED, HAS_SYN
from gdsi_audit.flows._tls_end import HANDSHAKE, TLS_NONE, TLS_RECORDS, TLS_UNKNOWN, tls_end
from gdsi_audit.flows.community_id import ICMP, ICMP6
from gdsi_audit.kernels import part

ICMP_HEADER_BYTES = np.int64(8)


@part
def emit(flow: Any, slot: Any, side: Any, data: Any, offset: Any, length: Any, chunks: Any, room: Any, control: Any) -> Any:
    """One CHUNKS row, its bytes copied; when they came is the caller's."""
    chunk = chunks[control[CHUNK_COUNT]]
    control[CHUNK_COUNT] += 1
    at = control[ROOM_AT]
    # Unsigned places save the look for negative ones.
    into, source = np.uint64(at), np.uint64(offset)
    for i in range(np.uint64(length)):
        room[into + i] = data[source + i]
    control[ROOM_AT] = at + length
    chunk.offset = at
    chunk.length = length
    chunk.serial = flow.serial
    chunk.flow = flow.flow
    chunk.orig_hi = flow.orig_hi
    chunk.orig_lo = flow.orig_lo
    chunk.resp_hi = flow.resp_hi
    chunk.resp_lo = flow.resp_lo
    chunk.gap_bytes = 0
    chunk.slot = slot
    chunk.capture = control[CAPTURE]
    chunk.orig_port = flow.orig_port
    chunk.resp_port = flow.resp_port
    chunk.transport = flow.transport
    chunk.from_responder = side
    chunk.depth = flow.flow & 15
    return chunk


@part
def emit_datagram(flow: Any, slot: Any, side: Any, packet: Any, ordinal: Any, data: Any, chunks: Any, room: Any, control: Any) -> Any:
    """One CHUNKS row for the payload of a datagram, the `ordinal`th packet of its flow from 0.

    What an ICMP message begins with is no payload, but its parsers read it: it stands in the room before the chunk.
    """
    before = ICMP_HEADER_BYTES if packet.transport == ICMP or packet.transport == ICMP6 else NOTHING
    held = np.int64(packet.payload_bytes)
    chunk = emit(flow, slot, side, data, packet.payload_offset - before, held + before, chunks, room, control)
    chunk.offset += before
    chunk.length = held
    chunk.wire_length = np.int64(packet.payload_wire_bytes)
    chunk.stream_offset = ordinal
    chunk.time = packet.time
    chunk.frame = packet.frame
    if flow.datagrams != EVERYTHING:
        flow.datagrams -= 1


@part
def widen_gap(endpoint: Any, missing: Any) -> Any:
    """Before the next chunk."""
    missing += endpoint.gap_bytes
    endpoint.gap_bytes = missing if missing < 0x7FFFFFFF else np.int64(0x7FFFFFFF)


@part
def skip(flow: Any, endpoint: Any, peer: Any, side: Any, to: Any) -> Any:
    """Gives the bytes up to `to` up for missing."""
    missing = to - endpoint.next
    endpoint.next = to
    if not endpoint.marks & HAS_SYN and to <= 2:
        return  # no SYN was seen, and the first packet was a keep-alive: its octet is not missing
    endpoint.missed_bytes += missing
    widen_gap(endpoint, missing)
    if endpoint.wanted != EVERYTHING:
        endpoint.wanted = endpoint.wanted - missing if endpoint.wanted > missing else NOTHING
    if endpoint.tls != TLS_UNKNOWN:
        endpoint.tls = TLS_NONE
    clean = endpoint.state == ESTABLISHED or (endpoint.state == CLOSING and endpoint.previous_state == ESTABLISHED)
    if clean and (peer.state == ESTABLISHED or (peer.state == CLOSING and peer.previous_state == ESTABLISHED)):
        endpoint.content_gaps = counted(flow, endpoint.content_gaps, LETTER_G + LOWER * side)


@part
def deliver(
    flow: Any, endpoint: Any, slot: Any, side: Any, data: Any, offset: Any, captured: Any, length: Any, chunks: Any, room: Any, control: Any,
    time: Any, frame: Any, capture: Any,
) -> Any:  # fmt: skip
    """Hands `length` in-order bytes on, of which the first `captured` are at `offset`. Needs room for one chunk and its bytes."""
    place = endpoint.next - 1
    endpoint.next += length
    wanted = np.int64(endpoint.wanted)
    if wanted == 0:
        return
    take = captured if captured < wanted else wanted
    if take > 0 and not endpoint.marks & ASKED:
        if endpoint.tls == TLS_UNKNOWN:
            is_tls = place == 0 and take >= 3 and data[offset] == HANDSHAKE and data[offset + 1] == 3
            endpoint.tls = TLS_RECORDS if is_tls else TLS_NONE
        if endpoint.tls != TLS_NONE:
            plain = tls_end(endpoint, data, offset, take)
            if plain < take:
                take = plain
                wanted = NOTHING
    if take > 0:
        chunk = emit(flow, slot, side, data, offset, take, chunks, room, control)
        chunk.wire_length = length
        chunk.stream_offset = place
        chunk.gap_bytes = endpoint.gap_bytes & 0x7FFFFFFF
        chunk.time = time
        chunk.frame = frame
        chunk.capture = capture
        endpoint.gap_bytes = 0
    if wanted != EVERYTHING:
        wanted = wanted - length if wanted > length else NOTHING
    endpoint.wanted = wanted
    if length > captured:
        widen_gap(endpoint, length - captured)
        endpoint.tls = TLS_NONE
