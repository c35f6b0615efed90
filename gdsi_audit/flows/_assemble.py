"""The flow table's kernels: lookup, time-outs, Zeek's TCP endpoint states, and in-order delivery.

A flow lives in a slot: one row of FLOWS, two of ENDPOINTS. Slots hang in chains off a power-of-two array of heads. Every time-out is a function of
the flow's own state and the packet clock, so it makes no difference when the sweep comes by. A kernel returns early, before the packet
or slot that it could not finish, when it needs the other one or when the room for closed rows, chunks or copied bytes is used up; the caller sees to
that and calls again.

What is stored into a row is cut to the column's width by the store; casts stand only where an operation would otherwise mix signs, and comparisons
where `min` and `max` would be: each costs compile time.
"""

# ruff: noqa: SIM102, SIM109 - in a kernel, `in` over a tuple costs more to compile than comparisons, and a long condition more to read

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows import DATAGRAMS
from gdsi_audit.flows._rows import (
    CAPTURE,
    CHUNK_COUNT,
    CHUNK_ROWS,
    CLOSED_COUNT,
    CLOSED_ROWS,
    COPY_ROWS,
    DRAIN_ORIG,
    DRAIN_RESP,
    EVERYTHING,
    EVICTED,
    EVICTED_FIRST,
    EXPIRED_ROWS,
    FREE,
    FREE_COUNT,
    FREE_FRESH,
    FREE_LAST,
    FULL,
    HIGH,
    LIVE,
    NOW,
    OBSERVED_SINCE,
    PORT_MESSAGES,
    PORT_TCP_SERVER,
    PORT_UDP_SERVER,
    REORDER_FIRST,
    REORDER_LIMIT,
    RESTING_SLOTS,
    ROOM_AT,
    SEGMENT_BYTES,
    SEGMENT_FREE,
    SEGMENT_HIGH,
    SEGMENT_ROWS,
    SERIAL,
    STREAMS,
    SWEEP_ALL,
    SWEEP_EXPIRED,
    SWEEP_LAST,
    SWEEP_MODE,
    SWEEP_OLDEST,
    SWEEP_ONE,
    SWEEP_PKTS,
    SWEEP_SERIAL,
    SWEEP_SLOT,
    SWEEP_TIME,
)
from gdsi_audit.flows.community_id import COUNTERPARTS, ICMP, ICMP6
from gdsi_audit.kernels import kernel, part
from gdsi_audit.packets import ARP
from gdsi_audit.prefetch import prefetch

SECOND = 1_000_000_000
TCP_INACTIVITY = 300 * SECOND
INACTIVITY = 60 * SECOND
ATTEMPT = 5 * SECOND  # a SYN without any answer
CLOSE_DELAY = 5 * SECOND
LINGER = 5 * SECOND
EXPIRE_FIRST, EXPIRE_EVERY = 5 * SECOND, 6 * SECOND
SILENCE = 300 * SECOND  # of which the next packet shows who begins
OBSERVATION_BREAK = 60 * SECOND
SWEEP_EVERY = 5 * SECOND

TCP, UDP, SCTP, DCCP, UDPLITE = 6, 17, 132, 33, 136
FIN, SYN, RST, ACK = 1, 2, 4, 16

INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSING, RESET = range(7)
DID_CLOSE, HAS_FIN, HAS_SYN, ASKED = 1, 2, 4, 8
SEEN_SYN, SEEN_FIN, SEEN_RST, SEEN_DATA, SEEN_ACK, SEEN_FIN_RST, SEEN_MULTI = (1 << bit for bit in range(7))

# Constants that are passed to kernels have a NumPy type: for Python's ints numba compiles the callee once per value.
NOTHING = np.int64(0)
ICMP_HEADER_BYTES = np.int64(8)
LETTER_S, LETTER_H, LETTER_A, LETTER_D, LETTER_F, LETTER_R = (np.int64(ord(letter)) for letter in "SHADFR")
LETTER_T, LETTER_W, LETTER_G, LETTER_I, LETTER_Q, LETTER_FLIPPED = (np.int64(ord(letter)) for letter in "TWGIQ^")
LOWER = 32  # from the originator's letter to the responder's

MOST_SEGMENTS = 512
LARGEST_ACK_JUMP = 1 << 30
TOO_LARGE_SEQ_DELTA = 1 << 20
COPY_UNITS = 10  # of 2^20 ns: 10.5 ms

TLS_UNKNOWN, TLS_RECORDS, TLS_AFTER_CCS, TLS_NONE = range(4)
CHANGE_CIPHER_SPEC, HANDSHAKE, APPLICATION_DATA = 20, 22, 23

MIX_1, MIX_2, MIX_3 = (np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93))
BITS_16, BITS_20, BITS_28, BITS_29, BITS_32, BITS_40, BITS_48, BITS_56 = (np.uint64(count) for count in (16, 20, 28, 29, 32, 40, 48, 56))
ONE, CLASS_D, GROUP_V6, MAPPED, BROADCAST = (np.uint64(value) for value in (1, 14, 255, 0xFFFF, 0xFFFFFFFFFFFF))
COPY_MASK, EXPIRED_MASK, LOW_32 = np.uint64(COPY_ROWS - 1), np.uint64(EXPIRED_ROWS - 1), np.uint64(0xFFFFFFFF)

COUNTERPART = np.full((2, 256), -1, np.int16)
"""Type of the other half of a request and reply pair, for ICMP and ICMPv6; -1: there is none. RFC 792, 950, 1256, 4443, 4861, 2710, 4620, 6275."""
for _row, _transport in enumerate((ICMP, ICMP6)):
    COUNTERPART[_row, list(COUNTERPARTS[_transport])] = list(COUNTERPARTS[_transport].values())


@part
def _side(hi: Any, lo: Any, port: Any) -> Any:
    """Hash of one end of a flow."""
    value = (lo + port * MIX_2) ^ (hi * MIX_1)
    value = (value ^ (value >> BITS_32)) * MIX_3
    return value ^ (value >> BITS_29)


@part
def _key(first: Any, second: Any, transport: Any) -> Any:
    """Hash of a flow, the same from both ends."""
    value = (first + second) * MIX_1 + (first ^ second) + transport * MIX_2
    value = (value ^ (value >> BITS_32)) * MIX_3
    return value ^ (value >> BITS_29)


@part
def _delta(distance: Any) -> Any:
    """Signed distance of two 32-bit sequence numbers from their plain difference."""
    return ((distance + 0x80000000) & 0xFFFFFFFF) - 0x80000000


@part
def _write_letter(flow: Any, letter: Any) -> Any:
    place = flow.letters
    if place < 24:
        flow.history[place] = letter
        flow.letters = place + 1


@part
def _counted(flow: Any, count: Any, letter: Any) -> Any:
    """The next count of what history repeats logarithmically."""
    more = np.int64(count) + 1
    if more == 1 or more == 10 or more == 100 or more == 1000 or more == 10000:
        _write_letter(flow, letter)
    return more if more < 65535 else np.int64(65535)


@part
def _is_expired(flow: Any, orig: Any, resp: Any, now: Any) -> Any:
    """Whether Zeek's timers would have removed the flow before a packet at `now`."""
    idle = now - flow.last
    if flow.transport != TCP:
        return idle >= INACTIVITY
    if flow.close_at != 0 and now >= flow.close_at:
        return True
    if resp.state == INACTIVE and (orig.state == SYN_SENT or orig.state == SYN_ACK_SENT) and now - flow.start >= ATTEMPT:
        return True
    if idle <= LINGER:
        return False
    if (orig.marks | resp.marks) & DID_CLOSE:
        finished = (orig.marks & resp.marks & DID_CLOSE) != 0 or orig.state == RESET or resp.state == RESET
        if finished or orig.state == INACTIVE or resp.state == INACTIVE:
            # The first tick of the expiry timer that finds the connection idle for long enough.
            waited = flow.last + LINGER - flow.start - EXPIRE_FIRST
            ticks = waited // EXPIRE_EVERY + 1 if waited >= 0 else NOTHING
            if flow.start + EXPIRE_FIRST + ticks * EXPIRE_EVERY <= now:
                return True
    if orig.state <= SYN_ACK_SENT and resp.state <= SYN_ACK_SENT:
        return idle >= INACTIVITY
    return idle >= TCP_INACTIVITY


@part
def _tls_end(endpoint: Any, data: Any, offset: Any, length: Any) -> Any:
    """How many of `length` stream bytes come before the encrypted records; fewer than `length` where those begin.

    Records as of RFC 8446 section 5.1. After ChangeCipherSpec a handshake record is encrypted, unless it is a ClientHello or ServerHello in clear
    (the answer to a HelloRetryRequest).
    """
    place = 0
    left: Any = np.int64(endpoint.record_left)
    head: Any = np.int64(endpoint.record_head)
    begin = 0
    while place < length:
        if head == 5 and left > 0:
            if endpoint.tls == TLS_AFTER_CCS and endpoint.record_type == HANDSHAKE:
                clear = place + 1 < length and 1 <= data[offset + place] <= 2 and data[offset + place + 1] == 0
                if not clear:
                    return begin
                endpoint.tls = TLS_RECORDS
            step = left if left < length - place else length - place
            left -= step
            place += step
            if left == 0:
                head = 0
            continue
        byte = np.int64(data[offset + place])
        if head == 0:
            begin = place
            if byte == APPLICATION_DATA or byte < CHANGE_CIPHER_SPEC or byte > APPLICATION_DATA:
                return begin
            endpoint.record_type = byte
        elif head == 3:
            left = byte << 8
        elif head == 4:
            left |= byte
            if endpoint.record_type == CHANGE_CIPHER_SPEC:
                endpoint.tls = TLS_AFTER_CCS
        head += 1
        if head == 5 and left == 0:
            head = 0
        place += 1
    endpoint.record_left = left
    endpoint.record_head = head
    return length


@part
def _emit(flow: Any, slot: Any, side: Any, data: Any, offset: Any, length: Any, chunks: Any, room: Any, control: Any) -> Any:
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
def _widen_gap(endpoint: Any, missing: Any) -> Any:
    """Before the next chunk."""
    missing += endpoint.gap_bytes
    endpoint.gap_bytes = missing if missing < 0x7FFFFFFF else np.int64(0x7FFFFFFF)


@part
def _skip(flow: Any, endpoint: Any, peer: Any, side: Any, to: Any) -> Any:
    """Gives the bytes up to `to` up for missing."""
    missing = to - endpoint.next
    endpoint.next = to
    if not endpoint.marks & HAS_SYN and to <= 2:
        return  # no SYN was seen, and the first packet was a keep-alive: its octet is not missing
    endpoint.missed_bytes += missing
    _widen_gap(endpoint, missing)
    if endpoint.wanted != EVERYTHING:
        endpoint.wanted = endpoint.wanted - missing if endpoint.wanted > missing else NOTHING
    if endpoint.tls != TLS_UNKNOWN:
        endpoint.tls = TLS_NONE
    clean = endpoint.state == ESTABLISHED or (endpoint.state == CLOSING and endpoint.previous_state == ESTABLISHED)
    if clean and (peer.state == ESTABLISHED or (peer.state == CLOSING and peer.previous_state == ESTABLISHED)):
        endpoint.content_gaps = _counted(flow, endpoint.content_gaps, LETTER_G + LOWER * side)


@part
def _deliver(
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
            plain = _tls_end(endpoint, data, offset, take)
            if plain < take:
                take = plain
                wanted = NOTHING
    if take > 0:
        chunk = _emit(flow, slot, side, data, offset, take, chunks, room, control)
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
        _widen_gap(endpoint, length - captured)
        endpoint.tls = TLS_NONE


@part
def _free_segment(endpoint: Any, segments: Any, control: Any) -> Any:
    """Takes the first waiting segment off its direction's list."""
    first = endpoint.waiting
    segment = segments[first]
    endpoint.waiting = segment.next
    endpoint.segments -= 1
    segment.next = control[SEGMENT_FREE]
    control[SEGMENT_FREE] = first


@part
def _drain(flows: Any, endpoints: Any, segments: Any, cells: Any, chunks: Any, room: Any, control: Any) -> Any:
    """Delivers, in the directions that ask for it, what waits and is in order now, skipping holes up to the limit. False: no room left."""
    for pending in range(DRAIN_ORIG, DRAIN_RESP + 1, DRAIN_RESP - DRAIN_ORIG):
        row = control[pending]
        if row < 0:
            continue
        slot, side, limit = row >> 1, row & 1, control[pending + 1]
        flow, endpoint, peer = flows[slot], endpoints[row], endpoints[row ^ 1]
        while endpoint.waiting >= 0:
            segment = segments[endpoint.waiting]
            if segment.begin > endpoint.next:
                if segment.begin > limit:
                    break
                _skip(flow, endpoint, peer, side, segment.begin)
            if segment.captured >= 0 and endpoint.wanted > 0:
                if control[CHUNK_COUNT] >= CHUNK_ROWS or control[ROOM_AT] + SEGMENT_BYTES > len(room):
                    return False
                held, capture, cell = np.int64(segment.captured), np.int64(segment.capture), np.int64(endpoint.waiting) * SEGMENT_BYTES
                length, time, frame = segment.length, segment.time, segment.frame
                _deliver(flow, endpoint, slot, side, cells, cell, held, length, chunks, room, control, time, frame, capture)
            else:
                endpoint.next += segment.length
                if endpoint.wanted > 0:
                    _widen_gap(endpoint, segment.length)
            _free_segment(endpoint, segments, control)
        if limit > endpoint.next:
            if endpoint.waiting >= 0 and segments[endpoint.waiting].begin < limit:
                limit = segments[endpoint.waiting].begin
            _skip(flow, endpoint, peer, side, limit)
        control[pending] = -1
    return True


@part
def _park(
    endpoint: Any, begin: Any, end: Any, data: Any, offset: Any, captured: Any, segments: Any, cells: Any, control: Any, time: Any, frame: Any
) -> Any:
    """Lets a segment above a hole wait; where it overlaps with what waits already, the first copy stays. False: no room for all of it.

    `captured` -1: only its place is kept.
    """
    before, row = np.int64(-1), np.int64(endpoint.waiting)
    while begin < end:
        stop = end
        if row >= 0:
            here = segments[row]
            past = here.begin + here.length
            if past <= begin:
                before, row = row, np.int64(here.next)
                continue
            if here.begin <= begin:
                step = (past if past < end else end) - begin
                begin += step
                offset += step
                if captured >= 0:
                    captured = captured - step if captured > step else NOTHING
                continue
            stop = end if end < here.begin else here.begin
        if captured < 0 and before >= 0 and segments[before].captured < 0 and segments[before].begin + segments[before].length == begin:
            segments[before].length += stop - begin
            begin = stop
            continue
        fresh = control[SEGMENT_FREE]
        if endpoint.segments >= MOST_SEGMENTS or (fresh < 0 and control[SEGMENT_HIGH] >= SEGMENT_ROWS):
            return False
        if fresh >= 0:
            control[SEGMENT_FREE] = segments[fresh].next
        else:
            fresh = control[SEGMENT_HIGH]
            control[SEGMENT_HIGH] += 1
        segment = segments[fresh]
        segment.begin = begin
        segment.captured = -1
        segment.time = time
        segment.frame = frame
        segment.capture = control[CAPTURE]
        if captured >= 0:
            if stop - begin > SEGMENT_BYTES:
                stop = begin + SEGMENT_BYTES
            held = captured if captured < stop - begin else stop - begin
            for i in range(held):
                cells[fresh * SEGMENT_BYTES + i] = data[offset + i]
            segment.captured = held
            captured -= held
        segment.length = stop - begin
        if before < 0:
            segment.next = endpoint.waiting
            endpoint.waiting = fresh
        else:
            segment.next = segments[before].next
            segments[before].next = fresh
        endpoint.segments += 1
        before = fresh
        offset += stop - begin
        begin = stop
    return True


@part
def _ask_drain(control: Any, row: Any, limit: Any) -> Any:
    """Before the next packet: `_drain` of this direction."""
    pending = DRAIN_RESP if row & 1 else DRAIN_ORIG
    if control[pending] != row or limit > control[pending + 1]:
        control[pending + 1] = limit
    control[pending] = row


@part
def _segment(
    flow: Any, endpoint: Any, row: Any, begin: Any, packet: Any, data: Any, chunks: Any, room: Any, control: Any, segments: Any, cells: Any,
    ordinal: Any,
) -> Any:  # fmt: skip
    """A segment with payload, from stream position `begin` (the first payload byte is 1); `row`: its endpoint's."""
    length, captured, offset = np.int64(packet.payload_wire_bytes), np.int64(packet.payload_bytes), packet.payload_offset
    end = begin + length
    if end <= endpoint.next:
        return
    if begin == 2 and endpoint.next <= 1 and not endpoint.marks & HAS_SYN:
        endpoint.next = begin
    if begin <= endpoint.next:
        old = endpoint.next - begin
        offset += old
        captured = captured - old if captured > old else NOTHING
        stop = end
        if endpoint.waiting >= 0 and segments[endpoint.waiting].begin < end:
            stop = segments[endpoint.waiting].begin
        length = stop - endpoint.next
        held = captured if captured < length else length
        time, frame = packet.time, packet.frame
        _deliver(flow, endpoint, row >> 1, row & 1, data, offset, held, length, chunks, room, control, time, frame, control[CAPTURE])
        if endpoint.waiting < 0:
            return
        _ask_drain(control, row, NOTHING)
        # What follows the bytes that wait already is sorted in behind them.
        begin = stop
        offset += length
        captured = captured - length if captured > length else NOTHING
    wanted = np.int64(endpoint.wanted)
    if wanted != EVERYTHING and begin >= endpoint.next + wanted:
        captured = np.int64(-1)
    if begin < end and not _park(endpoint, begin, end, data, offset, captured, segments, cells, control, packet.time, packet.frame):
        # The hole has waited for too long: what is behind it goes on now.
        if control[REORDER_LIMIT] == 0:
            control[REORDER_FIRST] = ordinal
        control[REORDER_LIMIT] += 1
        _ask_drain(control, row, segments[endpoint.waiting].begin if endpoint.waiting >= 0 else end)


@part
def _number(endpoint: Any, flags: Any, seq: Any, segment: Any, segments: Any, control: Any) -> Any:
    """Fits a direction's numbering to a packet that (re)starts it; what waited in a stream that starts over is dropped."""
    fresh = True
    if endpoint.state == INACTIVE:
        if not flags & SYN:
            # As if there had been a SYN, so that the first byte is byte 1.
            seq -= 1
            segment = np.int64(1)
    else:
        fresh = seq != np.int64(endpoint.start_seq)
        if endpoint.state <= SYN_ACK_SENT and not fresh:
            return
        if endpoint.state == CLOSING or (endpoint.state == RESET and endpoint.previous_state != INACTIVE):
            return
    endpoint.start_seq = seq
    endpoint.ack = 0
    endpoint.last = segment
    if fresh:
        endpoint.next = 1
        while endpoint.waiting >= 0:
            _free_segment(endpoint, segments, control)


@part
def _write_control_letter(flow: Any, endpoint: Any, side: Any, flags: Any, place: Any, length: Any) -> Any:
    """History of a packet with SYN, FIN or RST: again only where it stands at another place of the stream."""
    kind = flags & (SYN | FIN | RST)
    at = place & 0xFFFFFFFF
    before = at
    if kind == SYN:
        bit, letter = SEEN_SYN, LETTER_H if flags & ACK else LETTER_S
        before = np.int64(endpoint.syn_rel)
        endpoint.syn_rel = at
    elif kind == FIN:
        bit, letter = SEEN_FIN, LETTER_F
        at = (place + length) & 0xFFFFFFFF
        before = np.int64(endpoint.fin_rel)
        endpoint.fin_rel = at
    elif kind == RST:
        bit, letter = SEEN_RST, LETTER_R
        before = np.int64(endpoint.rst_rel)
        endpoint.rst_rel = at
    elif flags & FIN and flags & RST:
        bit, letter = SEEN_FIN_RST, LETTER_I
    else:
        bit, letter = SEEN_MULTI, LETTER_Q
    if before != at or not endpoint.seen & bit:
        endpoint.seen |= bit
        _write_letter(flow, letter + LOWER * side)


@part
def _step(flow: Any, endpoint: Any, peer: Any, side: Any, flags: Any, length: Any, time: Any) -> Any:
    """The endpoints' state machine, for whatever may change a state."""
    old, peer_old = np.int64(endpoint.state), np.int64(peer.state)
    state: Any = old
    peer_state: Any = peer_old
    middle: Any = old  # a packet that opens a side may also close it
    if old == INACTIVE:
        if flags & SYN:
            if side == 1 or peer_old == ESTABLISHED:
                state = ESTABLISHED  # of an originator the SYN came late: its SYN-ACK was captured first
                if side == 1 and peer_old == SYN_SENT:
                    peer_state = ESTABLISHED
            else:
                state = SYN_ACK_SENT if flags & ACK else SYN_SENT
        middle = state
    elif old == PARTIAL and flags & SYN and peer_old == INACTIVE and not flags & ACK:
        state = middle = SYN_SENT
    closes = False
    if old == CLOSING:
        if flags & RST and peer_old != CLOSING:
            state = RESET
            closes = True
            if flow.close_at == 0:
                flow.close_at = time + CLOSE_DELAY
    elif old != RESET:
        if flags & FIN and (old <= SYN_ACK_SENT or not flags & RST):
            state = CLOSING
            closes = True
            if old >= PARTIAL and peer_old == RESET and peer.previous_state == CLOSING:
                peer_state = CLOSING  # FIN, then RST from the other side: a normal end after all
        if flags & RST:
            if state == CLOSING:
                middle = CLOSING
            state = RESET
            closes = True
    if old == INACTIVE and state == INACTIVE and (side == 0 or length > 0 or peer_old != SYN_SENT):
        # Some stacks acknowledge a SYN before they answer it; else an opening was missed, or only the SYN was.
        state = ESTABLISHED if flags & ACK and peer_old == ESTABLISHED else PARTIAL
    if middle != state:
        endpoint.previous_state = middle
        endpoint.state = state
    elif state != old:
        endpoint.previous_state = old
        endpoint.state = state
    if peer_state != peer_old:
        peer.previous_state = peer_old
        peer.state = peer_state
    if closes and not endpoint.marks & DID_CLOSE:
        endpoint.marks |= DID_CLOSE
        if state == RESET or peer.marks & DID_CLOSE or peer_state == INACTIVE:
            flow.close_at = time + CLOSE_DELAY


@part
def _tcp(flow: Any, endpoint: Any, peer: Any, packet: Any, row: Any, segments: Any, control: Any) -> Any:
    """One TCP packet through the state of its flow. Returns the stream position of its payload; -1: it has none to deliver."""
    side = row & 1
    flags = np.int64(packet.tcp_flags)
    length = np.int64(packet.payload_wire_bytes)
    seq = np.int64(packet.tcp_seq)
    bounds = flags & (SYN | FIN | RST)
    segment = length
    if bounds:
        segment = (NOTHING if flags & RST else length) + (flags & SYN) // SYN + (flags & FIN)
    if flags & SYN or endpoint.state == INACTIVE:
        _number(endpoint, flags, seq, segment, segments, control)
    ahead = _delta(seq - endpoint.start_seq - endpoint.last)
    place = endpoint.last + ahead
    if flags & SYN:
        if endpoint.marks & HAS_SYN:
            flow.handshake_rtt_ns = -1  # Karn's rule: no value when either was sent twice
        elif side == 1 and flags & ACK and endpoint.pkts == 1 and peer.pkts == 1 and peer.marks & HAS_SYN:
            flow.handshake_rtt_ns = packet.time - flow.start
        endpoint.marks |= HAS_SYN
        if side == 0 and not flags & (ACK | RST):
            flow.began = 1
    if bounds:
        _write_control_letter(flow, endpoint, side, flags, place, length)
    elif length > 0:
        if not endpoint.seen & SEEN_DATA:
            endpoint.seen |= SEEN_DATA
            _write_letter(flow, LETTER_D + LOWER * side)
    elif flags & ACK and not endpoint.seen & SEEN_ACK:
        endpoint.seen |= SEEN_ACK
        _write_letter(flow, LETTER_A + LOWER * side)
    if packet.tcp_window == 0 and not flags & RST and peer.state != CLOSING and endpoint.state != RESET:
        endpoint.zero_windows = _counted(flow, endpoint.zero_windows, LETTER_W + LOWER * side)
    if flags & FIN:
        endpoint.marks |= HAS_FIN
        endpoint.fin_seq = seq + segment
    acked = NOTHING
    if flags & ACK:
        if peer.state == INACTIVE:
            peer.start_seq = packet.tcp_ack - 1
            peer.ack = 0
            peer.last = 0
            acked = np.int64(1)
        else:
            jump = _delta(packet.tcp_ack - np.int64(peer.start_seq) - peer.ack)
            acked = peer.ack + jump
            if acked < 0:
                acked = NOTHING
            elif not flags & RST and jump > 0 and not (packet.tcp_ack == 0 and jump > TOO_LARGE_SEQ_DELTA):
                peer.ack = acked
    ahead = _delta(ahead + segment)
    if bounds & (SYN | RST) and (ahead > TOO_LARGE_SEQ_DELTA or ahead < -TOO_LARGE_SEQ_DELTA):
        pass
    elif flags & FIN and endpoint.last == 1:
        # Only SYN and FIN of a long connection were seen: the FIN's number counts whatever the distance.
        endpoint.last = (seq + segment - endpoint.start_seq) & 0xFFFFFFFF
    elif endpoint.state != RESET:
        if ahead > 0:
            endpoint.last += ahead
        elif length > 0:
            endpoint.retransmissions = _counted(flow, endpoint.retransmissions, LETTER_T + LOWER * side)
    if bounds or endpoint.state == INACTIVE:
        _step(flow, endpoint, peer, side, flags, length, packet.time)
    if acked > peer.next and not flags & RST and acked - peer.next <= LARGEST_ACK_JUMP and peer.state != INACTIVE:
        if peer.marks & HAS_FIN:
            end = peer.last + _delta(np.int64(peer.fin_seq) - peer.start_seq - peer.last) - 1
            acked = acked if acked < end else end
        if acked > peer.next:
            _ask_drain(control, row ^ 1, acked)
    if length == 0 or flags & RST or place < 0:
        return np.int64(-1)
    return place + 1 if flags & SYN else place


@part
def _is_many(hi: Any, lo: Any) -> Any:
    """Multicast or limited broadcast: RFC 1112, 919, 4291 section 2.7."""
    if hi == 0 and (lo >> BITS_32) == MAPPED:
        return ((lo >> BITS_28) & np.uint64(15)) == CLASS_D or lo == BROADCAST
    return (hi >> BITS_56) == GROUP_V6


@part
def _begin(flow: Any, packet: Any, dst_port: Any, ports: Any, control: Any) -> Any:
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
        if src_hints & bit and not _is_many(packet.dst_hi, packet.dst_lo):
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
        _write_letter(flow, LETTER_FLIPPED)
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
def _recall(flow: Any, packet: Any, side: Any, key: Any, src_side: Any, expired: Any, control: Any) -> Any:
    """What an earlier flow of the same five-tuple says about a new one: does it continue that, and who began it."""
    past = expired[np.int64((key >> BITS_48) & EXPIRED_MASK)]
    if packet.transport == TCP:
        if past.tag == key and past.open and not packet.tcp_flags & SYN:
            expected = np.int64(past.orig_seq if past.orig_side == (src_side & LOW_32) else past.resp_seq)
            if -2 <= _delta(packet.tcp_seq - expected) <= TOO_LARGE_SEQ_DELTA:
                flow.continues = past.flow
    elif side == 0 and packet.time - control[OBSERVED_SINCE] >= SILENCE and (past.tag == 0 or packet.time - past.last >= SILENCE):
        flow.began = 1


@part
def _copy_tag(packet: Any, src_side: Any) -> Any:
    """Hash of what a packet has in common with its copies."""
    identification = np.uint64(packet.ip_id)
    tag = (src_side + packet.dst_lo) ^ (np.uint64(packet.payload_wire_bytes) * MIX_2)
    if packet.transport == TCP:
        numbers = (np.uint64(packet.tcp_seq) << BITS_32) | np.uint64(packet.tcp_ack)
        tag ^= numbers + (np.uint64(packet.tcp_flags) << BITS_20) + np.uint64(packet.ip_bytes)
    tag = tag * MIX_1 + (identification << BITS_32) + (np.uint64(packet.ip_bytes) << BITS_16) + packet.checksum
    return (tag ^ (tag >> BITS_32)) * MIX_3


@part
def _look_ahead(packets: Any, row: Any, ahead: Any, flows: Any, endpoints: Any, heads: Any, copies: Any) -> Any:
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
        src_side = _side(packet.src_hi, packet.src_lo, packet.src_port)
        key = _key(src_side, _side(packet.dst_hi, packet.dst_lo, dst_port), transport)
        tag = _copy_tag(packet, src_side)
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


@part
def _is_copy(packet: Any, tag: Any, copies: Any) -> Any:
    """Whether this packet was captured before, on another interface or on the other side of a bridge or router.

    Without an identification it must have come another way (addresses, tag or hop limit of the link), to be told from a retransmission. Networks
    themselves multiply what goes to a group, and packet generators write the identification 1 into everything.
    """
    identification = packet.ip_id
    if identification == 1 or (packet.dst_mac >> BITS_40) & ONE or (identification == 0 and packet.transport != TCP):
        return False
    if _is_many(packet.dst_hi, packet.dst_lo):
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
        if (control[DRAIN_ORIG] >= 0 or control[DRAIN_RESP] >= 0) and not _drain(flows, endpoints, segments, cells, chunks, room, control):
            control[FULL] = 1
            return row
        if control[SWEEP_SLOT] >= 0 or row == len(packets):
            return row
        packet = packets[row]
        if control[CHUNK_COUNT] >= CHUNK_ROWS or control[ROOM_AT] + packet.payload_bytes + ICMP_HEADER_BYTES > len(room):
            control[FULL] = 1
            return row
        if row == looked_to:
            looked_from, looked_to = row, _look_ahead(packets, row, ahead, flows, endpoints, heads, copies)
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
            stale = _is_expired(flow, orig, resp, time)
            if transport == TCP and packet.tcp_flags & SYN and not stale:
                # A SYN begins a new connection on an old five-tuple.
                is_answer = packet.tcp_flags & ACK
                if not is_answer or orig.state == INACTIVE:
                    started = resp.start_seq if is_answer else orig.start_seq
                    stale = (orig.marks & resp.marks & DID_CLOSE) != 0 or packet.tcp_seq != started
            if stale:
                control[SWEEP_SLOT] = slot
                control[SWEEP_MODE] = SWEEP_ONE
                return row
        else:
            if control[FREE_COUNT] <= RESTING_SLOTS and control[HIGH] < len(flows):
                slot = control[HIGH]
                control[HIGH] += 1
            elif control[FREE_COUNT] == 0:
                control[SWEEP_SLOT] = 0
                control[SWEEP_MODE] = SWEEP_OLDEST
                return row
            elif control[FREE_FRESH] == control[FREE_COUNT]:
                control[FULL] = 1
                return row
            else:
                slot = control[FREE]
                control[FREE] = flows[slot].next
                control[FREE_COUNT] -= 1
            control[LIVE] += 1
            flows[slot] = fresh_flow[0]
            endpoints[2 * slot] = fresh_endpoint[0]
            endpoints[2 * slot + 1] = fresh_endpoint[0]
            flow = flows[slot]
            side = _begin(flow, packet, dst_port, ports, control)
            flow.flow = 16 * ordinal + packet.depth
            if 0 <= packet.parent < row:
                flow.parent = flow_ids[packet.parent]
            flow.next = heads[bucket]
            heads[bucket] = slot
            _recall(flow, packet, side, key, src_side, expired, control)
        control[SWEEP_PKTS] += 1
        endpoint = endpoints[2 * slot + side]
        peer = endpoints[2 * slot + 1 - side]
        entries[row] = (flow.serial << 32) | ordinal
        flow_ids[row] = flow.flow
        row += 1
        flow.last_ordinal = ordinal
        flow.gaps |= packet.gap
        if _is_copy(packet, known.tag, copies):
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
            place = _tcp(flow, endpoint, peer, packet, 2 * slot + side, segments, control)
            if place >= 1:
                if place == endpoint.next and endpoint.wanted == 0 and endpoint.waiting < 0:
                    endpoint.next += length
                else:
                    _segment(flow, endpoint, 2 * slot + side, place, packet, data, chunks, room, control, segments, cells, ordinal)
            continue
        endpoint.last += length
        if transport == UDP or transport == UDPLITE:
            if not endpoint.seen & SEEN_DATA:
                endpoint.seen |= SEEN_DATA
                _write_letter(flow, LETTER_D + LOWER * side)
        if flow.datagrams > 0 and packet.payload_bytes > 0:
            # What an ICMP message begins with is no payload, but its parsers read it.
            before = ICMP_HEADER_BYTES if transport == ICMP or transport == ICMP6 else NOTHING
            held = np.int64(packet.payload_bytes)
            chunk = _emit(flow, slot, side, data, packet.payload_offset - before, held + before, chunks, room, control)
            chunk.offset += before
            chunk.length = held
            chunk.wire_length = length
            chunk.stream_offset = np.int64(endpoint.pkts) + np.int64(peer.pkts) - 1
            chunk.time = time
            chunk.frame = packet.frame
            if flow.datagrams != EVERYTHING:
                flow.datagrams -= 1


@kernel
def sweep(flows: Any, endpoints: Any, heads: Any, expired: Any, segments: Any, closed: Any, closed_endpoints: Any, control: Any) -> Any:
    """Goes on with the sweep over all slots: writes the closed rows of flows that have to go and frees their slots.

    Returns early, with SWEEP_SLOT where to go on, when there is no room for more closed rows (FULL) or what waits in a stream has to be delivered.
    """
    slot, mode, now = control[SWEEP_SLOT], control[SWEEP_MODE], control[NOW]
    end = slot + 1 if mode == SWEEP_ONE else control[HIGH]
    while slot < end:
        flow, orig, resp = flows[slot], endpoints[2 * slot], endpoints[2 * slot + 1]
        leaves = mode == SWEEP_ALL or mode == SWEEP_ONE or _is_expired(flow, orig, resp, now)
        evicted = False
        if not leaves and mode == SWEEP_OLDEST and flow.last <= control[SWEEP_LAST]:
            leaves = evicted = flow.last < control[SWEEP_LAST] or flow.serial <= control[SWEEP_SERIAL]
        if not flow.live or not leaves:
            slot += 1
            continue
        control[SWEEP_SLOT] = slot
        if control[CLOSED_COUNT] >= CLOSED_ROWS:
            control[FULL] = 1
            return
        if orig.waiting >= 0 or resp.waiting >= 0:
            for row in range(2 * slot, 2 * slot + 2):
                waiting = endpoints[row].waiting
                limit = NOTHING
                while waiting >= 0:
                    limit = segments[waiting].begin
                    waiting = segments[waiting].next
                if limit > 0:
                    _ask_drain(control, row, limit)
            return
        count = control[CLOSED_COUNT]
        closed[count] = flows[slot]
        closed[count].next = slot
        closed_endpoints[2 * count] = endpoints[2 * slot]
        closed_endpoints[2 * count + 1] = endpoints[2 * slot + 1]
        control[CLOSED_COUNT] = count + 1
        orig_side = _side(flow.orig_hi, flow.orig_lo, flow.orig_port)
        key = _key(orig_side, _side(flow.resp_hi, flow.resp_lo, flow.resp_port), flow.transport)
        past = expired[np.int64((key >> BITS_48) & EXPIRED_MASK)]
        past.tag = key
        past.last = flow.last
        past.flow = flow.flow
        past.orig_seq = orig.start_seq + (orig.last if orig.last > orig.ack else orig.ack)
        past.resp_seq = resp.start_seq + (resp.last if resp.last > resp.ack else resp.ack)
        past.orig_side = orig_side
        past.open = 0 if (orig.marks | resp.marks) & DID_CLOSE else 1
        bucket = np.int64(key & np.uint64(len(heads) - 1))
        here = np.int64(heads[bucket])
        if here == slot:
            heads[bucket] = flow.next
        else:
            while flows[here].next != slot:
                here = np.int64(flows[here].next)
            flows[here].next = flow.next
        flow.live = 0
        if control[FREE_COUNT] == 0:
            control[FREE] = slot
        else:
            flows[control[FREE_LAST]].next = slot
        control[FREE_LAST] = slot
        control[FREE_COUNT] += 1
        control[FREE_FRESH] += 1
        control[LIVE] -= 1
        if evicted:
            if control[EVICTED] == 0:
                control[EVICTED_FIRST] = flow.flow >> 4
            control[EVICTED] += 1
        slot += 1
    control[SWEEP_SLOT] = -1
    if mode != SWEEP_ONE:
        control[SWEEP_TIME] = now
        control[SWEEP_PKTS] = 0
