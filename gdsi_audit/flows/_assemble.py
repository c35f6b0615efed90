"""The flow table's kernels: lookup, time-outs, Zeek's TCP endpoint states, and in-order delivery.

A flow lives in a slot: one row of FLOWS, two of ENDPOINTS. Slots hang in chains off a power-of-two array of heads. Every time-out is a function of
the flow's own state and the packet clock, so it makes no difference when the sweep comes by. A kernel returns early, before the packet or slot it
could not finish, when the room for closed rows, chunks or copied bytes is used up; the caller empties it and calls again.
"""

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
    DRAIN_ORIG,
    DRAIN_RESP,
    EVERYTHING,
    EVICTED,
    EXPIRED_ROWS,
    FREE,
    HIGH,
    LIVE,
    NOW,
    OBSERVED_SINCE,
    PORT_MESSAGES,
    PORT_TCP_SERVER,
    PORT_UDP_SERVER,
    REORDER_LIMIT,
    SEGMENT_BYTES,
    SEGMENT_FREE,
    SEGMENT_HIGH,
    SEGMENT_ROWS,
    SERIAL,
    SPARE_AT,
    SPARE_END,
    STREAMS,
    SWEEP_AGE,
    SWEEP_ALL,
    SWEEP_EXPIRED,
    SWEEP_MODE,
    SWEEP_OLDEST,
    SWEEP_ONE,
    SWEEP_PKTS,
    SWEEP_QUOTA,
    SWEEP_SLOT,
    SWEEP_TIME,
)
from gdsi_audit.kernels import kernel, part
from gdsi_audit.packets import ARP

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

TCP, UDP, ICMP, ICMP6, SCTP, DCCP, UDPLITE = 6, 17, 1, 58, 132, 33, 136
FIN, SYN, RST, ACK = 1, 2, 4, 16

# Constants that are passed to kernels have a NumPy type: for Python's ints numba compiles the callee once per value.
ORIGINATOR, RESPONDER = np.int64(0), np.int64(1)
NOTHING = np.int64(0)
INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSING, RESET = (np.int64(state) for state in range(7))
DID_CLOSE, HAS_FIN, HAS_SYN, ASKED = 1, 2, 4, 8
SEEN_SYN, SEEN_FIN, SEEN_RST, SEEN_DATA, SEEN_ACK, SEEN_FIN_RST, SEEN_MULTI = (np.int64(1 << bit) for bit in range(7))
LETTER_S, LETTER_H, LETTER_A, LETTER_D, LETTER_F, LETTER_R = (np.int64(ord(letter)) for letter in "SHADFR")
LETTER_T, LETTER_W, LETTER_G, LETTER_I, LETTER_Q, LETTER_FLIPPED = (np.int64(ord(letter)) for letter in "TWGIQ^")
LOWER = np.int64(32)  # from the originator's letter to the responder's


MOST_SEGMENTS = 512
LARGEST_ACK_JUMP = 1 << 30
TOO_LARGE_SEQ_DELTA = 1 << 20
COPY_UNITS = 10  # of 2^20 ns: 10.5 ms

TLS_UNKNOWN, TLS_RECORDS, TLS_AFTER_CCS, TLS_NONE = range(4)
CHANGE_CIPHER_SPEC, HANDSHAKE, APPLICATION_DATA = 20, 22, 23

MIX_1, MIX_2, MIX_3 = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93


@part
def _mix(value: Any) -> Any:
    value ^= value >> np.uint64(32)
    value *= np.uint64(MIX_3)
    value ^= value >> np.uint64(29)
    return value


@part
def _side(hi: Any, lo: Any, port: Any) -> Any:
    """Hash of one end of a flow."""
    return _mix((np.uint64(lo) + np.uint64(port) * np.uint64(MIX_2)) ^ (np.uint64(hi) * np.uint64(MIX_1)))


@part
def _key(first: Any, second: Any, transport: Any) -> Any:
    """Hash of a flow, the same from both ends."""
    return _mix((first + second) * np.uint64(MIX_1) + (first ^ second) + np.uint64(transport) * np.uint64(MIX_2))


@part
def _delta(later: Any, earlier: Any) -> Any:
    """Signed distance of two 32-bit sequence numbers."""
    distance = (np.int64(later) - np.int64(earlier)) & 0xFFFFFFFF
    if distance >= 0x80000000:
        distance -= 0x100000000
    return distance


@part
def _write_letter(flow: Any, letter: Any) -> Any:
    place = np.int64(flow.letters)
    if place >= 24:
        return
    word = np.uint64(letter) << np.uint64(8 * (place & 7))
    if place < 8:
        flow.history_0 |= word
    elif place < 16:
        flow.history_1 |= word
    else:
        flow.history_2 |= word
    flow.letters = np.uint8(place + 1)


@part
def _write_once(flow: Any, endpoint: Any, bit: Any, letter: Any) -> Any:
    """Writes `letter` unless this side has it already; says whether it had."""
    if endpoint.seen & bit:
        return True
    endpoint.seen |= np.uint8(bit)
    _write_letter(flow, letter)
    return False


@part
def _is_power_of_ten(count: Any) -> Any:
    return count == 1 or count == 10 or count == 100 or count == 1000 or count == 10000


@part
def _counted(count: Any) -> Any:
    return np.uint16(count + 1 if count < 65535 else count)


@part
def _icmp_counterpart(transport: Any, kind: Any) -> Any:
    """Type of the other half of a request and reply pair; -1: there is none. RFC 792, 950, 1256, 4443, 4861, 2710, 4620, 6275."""
    if transport == ICMP:
        if kind == 8:
            return 0
        if kind == 0:
            return 8
        if kind == 13 or kind == 15 or kind == 17:
            return kind + 1
        if kind == 14 or kind == 16 or kind == 18:
            return kind - 1
        if kind == 10:
            return 9
        if kind == 9:
            return 10
        return -1
    if kind == 128 or kind == 130 or kind == 133 or kind == 135 or kind == 139 or kind == 144:
        return kind + 1
    if kind == 129 or kind == 131 or kind == 134 or kind == 136 or kind == 140 or kind == 145:
        return kind - 1
    return -1


@part
def _set_state(endpoint: Any, state: Any) -> Any:
    if endpoint.state != state:
        endpoint.previous_state = endpoint.state
        endpoint.state = np.uint8(state)


@part
def _in_handshake(state: Any) -> Any:
    return state <= SYN_ACK_SENT


@part
def _is_clean(endpoint: Any) -> Any:
    return endpoint.state == ESTABLISHED or (endpoint.state == CLOSING and endpoint.previous_state == ESTABLISHED)


@part
def _is_expired(flow: Any, orig: Any, resp: Any, now: Any) -> Any:
    """Whether Zeek's timers would have removed the flow before a packet at `now`."""
    idle = now - flow.last
    if flow.transport != TCP:
        return idle >= INACTIVITY
    if flow.close_at != 0 and now >= flow.close_at:
        return True
    if idle <= LINGER and now - flow.start < ATTEMPT:
        return False
    if (orig.state == SYN_SENT or orig.state == SYN_ACK_SENT) and resp.state == INACTIVE and now - flow.start >= ATTEMPT:
        return True
    if idle > LINGER and (orig.marks | resp.marks) & DID_CLOSE:
        finished = (orig.marks & resp.marks & DID_CLOSE) != 0 or orig.state == RESET or resp.state == RESET
        if finished or orig.state == INACTIVE or resp.state == INACTIVE:
            # The first tick of the expiry timer that finds the connection idle for long enough.
            ticks = max((flow.last + LINGER - flow.start - EXPIRE_FIRST) // EXPIRE_EVERY + 1, 0)
            if flow.start + EXPIRE_FIRST + ticks * EXPIRE_EVERY <= now:
                return True
    if _in_handshake(orig.state) and _in_handshake(resp.state):
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
                endpoint.tls = np.uint8(TLS_RECORDS)
            step = min(left, length - place)
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
            endpoint.record_type = np.uint8(byte)
        elif head == 3:
            endpoint.record_high = np.uint8(byte)
        elif head == 4:
            left = (np.int64(endpoint.record_high) << 8) | byte
            if endpoint.record_type == CHANGE_CIPHER_SPEC:
                endpoint.tls = np.uint8(TLS_AFTER_CCS)
        head += 1
        if head == 5 and left == 0:
            head = 0
        place += 1
    endpoint.record_left = np.uint16(left)
    endpoint.record_head = np.uint8(head)
    return length


@part
def _emit(flow: Any, endpoint: Any, slot: Any, side: Any, chunks: Any, control: Any, offset: Any, length: Any, wire: Any, place: Any) -> Any:
    """One CHUNKS row; time and frame are the caller's."""
    chunk = chunks[control[CHUNK_COUNT]]
    control[CHUNK_COUNT] += 1
    chunk.serial = flow.serial
    chunk.flow = flow.flow
    chunk.offset = offset
    chunk.stream_offset = place
    chunk.orig_hi = flow.orig_hi
    chunk.orig_lo = flow.orig_lo
    chunk.resp_hi = flow.resp_hi
    chunk.resp_lo = flow.resp_lo
    chunk.length = np.int32(length)
    chunk.gap_bytes = np.int32(endpoint.gap_bytes & 0x7FFFFFFF)
    chunk.slot = np.int32(slot)
    chunk.capture = np.int32(control[CAPTURE])
    chunk.wire_length = np.int32(wire)
    chunk.orig_port = flow.orig_port
    chunk.resp_port = flow.resp_port
    chunk.transport = flow.transport
    chunk.from_responder = np.uint8(side)
    chunk.depth = np.uint8(flow.flow & 15)
    endpoint.gap_bytes = np.uint32(0)
    return chunk


@part
def _skip(flow: Any, endpoint: Any, peer: Any, side: Any, to: Any) -> Any:
    """Gives the bytes up to `to` up for missing."""
    missing = to - endpoint.next
    endpoint.next = to
    if not endpoint.marks & HAS_SYN and to <= 2:
        return  # no SYN was seen, and the first packet was a keep-alive: its octet is not missing
    endpoint.missed_bytes += missing
    endpoint.gap_bytes = np.uint32(min(np.int64(endpoint.gap_bytes) + missing, 0x7FFFFFFF))
    if endpoint.wanted != EVERYTHING:
        endpoint.wanted = np.uint32(max(np.int64(endpoint.wanted) - missing, 0))
    if endpoint.tls != TLS_UNKNOWN:
        endpoint.tls = np.uint8(TLS_NONE)
    if _is_clean(endpoint) and _is_clean(peer):
        endpoint.content_gaps = _counted(endpoint.content_gaps)
        if _is_power_of_ten(endpoint.content_gaps):
            _write_letter(flow, LETTER_G + LOWER * side)


@part
def _deliver(
    flow: Any, endpoint: Any, slot: Any, side: Any, data: Any, offset: Any, captured: Any, length: Any, chunks: Any, control: Any, time: Any,
    frame: Any, capture: Any,
) -> Any:  # fmt: skip
    """Hands `length` in-order bytes on, of which the first `captured` are at `offset`. Needs room for one chunk."""
    place = endpoint.next - 1
    endpoint.next += length
    if endpoint.wanted == 0:
        return
    take = min(captured, np.int64(endpoint.wanted))
    if take > 0 and not endpoint.marks & ASKED:
        if endpoint.tls == TLS_UNKNOWN:
            is_tls = place == 0 and take >= 3 and data[offset] == HANDSHAKE and data[offset + 1] == 3
            endpoint.tls = np.uint8(TLS_RECORDS if is_tls else TLS_NONE)
        if endpoint.tls != TLS_NONE:
            plain = _tls_end(endpoint, data, offset, take)
            if plain < take:
                take = plain
                endpoint.wanted = np.uint32(0)
    if take > 0:
        chunk = _emit(flow, endpoint, slot, side, chunks, control, offset, take, length, place)
        chunk.time = time
        chunk.frame = frame
        chunk.capture = np.int32(capture)
    if endpoint.wanted != 0 and endpoint.wanted != EVERYTHING:
        endpoint.wanted = np.uint32(max(np.int64(endpoint.wanted) - length, 0))
    if length > captured:
        endpoint.gap_bytes = np.uint32(min(np.int64(endpoint.gap_bytes) + length - captured, 0x7FFFFFFF))
        endpoint.tls = np.uint8(TLS_NONE)


@part
def _free_segment(endpoint: Any, segments: Any, segment_free: Any, control: Any) -> Any:
    """Takes the first waiting segment off its direction's list."""
    first = endpoint.waiting
    endpoint.waiting = segments[first].next
    endpoint.segments -= np.int32(1)
    segment_free[control[SEGMENT_FREE]] = first
    control[SEGMENT_FREE] += 1


@part
def _drain(
    flow: Any,
    endpoint: Any,
    peer: Any,
    slot: Any,
    side: Any,
    limit: Any,
    segments: Any,
    cells: Any,
    segment_free: Any,
    data: Any,
    chunks: Any,
    control: Any,
) -> Any:
    """Delivers waiting segments that are in order now, skipping holes that end at or below `limit`. False: no room left."""
    while endpoint.waiting >= 0:
        segment = segments[endpoint.waiting]
        if segment.begin > endpoint.next:
            if segment.begin > limit:
                break
            _skip(flow, endpoint, peer, side, segment.begin)
        if segment.captured >= 0 and endpoint.wanted > 0:
            if control[CHUNK_COUNT] >= CHUNK_ROWS or control[SPARE_AT] + SEGMENT_BYTES > control[SPARE_END]:
                return False
            at = control[SPARE_AT]
            for i in range(segment.captured):
                data[at + i] = cells[endpoint.waiting, i]
            control[SPARE_AT] += segment.captured
            captured = np.int64(segment.captured)
            _deliver(flow, endpoint, slot, side, data, at, captured, segment.length, chunks, control, segment.time, segment.frame, segment.capture)
        else:
            endpoint.next += segment.length
            if endpoint.wanted > 0:
                endpoint.gap_bytes = np.uint32(min(np.int64(endpoint.gap_bytes) + segment.length, 0x7FFFFFFF))
        _free_segment(endpoint, segments, segment_free, control)
    if limit > endpoint.next and endpoint.waiting < 0:
        _skip(flow, endpoint, peer, side, limit)
    elif limit > endpoint.next:
        _skip(flow, endpoint, peer, side, min(limit, segments[endpoint.waiting].begin))
    return True


@part
def _new_segment(segments: Any, segment_free: Any, control: Any) -> Any:
    if control[SEGMENT_FREE] > 0:
        control[SEGMENT_FREE] -= 1
        return np.int32(segment_free[control[SEGMENT_FREE]])
    if control[SEGMENT_HIGH] < SEGMENT_ROWS:
        control[SEGMENT_HIGH] += 1
        return np.int32(control[SEGMENT_HIGH] - 1)
    return np.int32(-1)


@part
def _park_piece(
    endpoint: Any, before: Any, begin: Any, end: Any, data: Any, offset: Any, captured: Any, segments: Any, cells: Any, segment_free: Any,
    control: Any,
    time: Any, frame: Any,
) -> Any:  # fmt: skip
    """Lets [begin, end) wait behind the segment `before` (-1: first). Returns the last segment written; -2 when there is no room for more."""
    while begin < end:
        if captured < 0 and before >= 0 and segments[before].captured < 0 and segments[before].begin + segments[before].length == begin:
            segments[before].length += end - begin
            return before
        row = _new_segment(segments, segment_free, control) if endpoint.segments < MOST_SEGMENTS else np.int32(-1)
        if row < 0:
            return np.int32(-2)
        segment = segments[row]
        length = end - begin
        if captured >= 0:
            length = min(length, SEGMENT_BYTES)
            held = min(captured, length)
            for i in range(held):
                cells[row, i] = data[offset + i]
            segment.captured = np.int32(held)
            captured -= held
            offset += held
        else:
            segment.captured = np.int32(-1)
        segment.begin = begin
        segment.length = length
        segment.time = time
        segment.frame = frame
        segment.capture = np.int32(control[CAPTURE])
        if before < 0:
            segment.next = endpoint.waiting
            endpoint.waiting = row
        else:
            segment.next = segments[before].next
            segments[before].next = row
        endpoint.segments += np.int32(1)
        before = row
        begin += length
    return before


@part
def _park(
    endpoint: Any, begin: Any, end: Any, data: Any, offset: Any, captured: Any, segments: Any, cells: Any, segment_free: Any, control: Any, time: Any,
    frame: Any,
) -> Any:  # fmt: skip
    """Lets a segment above a hole wait; where it overlaps with what waits already, the first copy stays. False: no room for all of it."""
    before, row = np.int32(-1), endpoint.waiting
    while begin < end:
        stop = end
        if row >= 0:
            here = segments[row]
            if here.begin + here.length <= begin:
                before, row = row, here.next
                continue
            if here.begin <= begin:
                step = min(here.begin + here.length, end) - begin
                begin += step
                offset += step
                captured = captured if captured < 0 else max(captured - step, 0)
                continue
            stop = min(end, here.begin)
        before = _park_piece(endpoint, before, begin, stop, data, offset, captured, segments, cells, segment_free, control, time, frame)
        if before == -2:
            return False
        offset += stop - begin
        captured = captured if captured < 0 else max(captured - (stop - begin), 0)
        begin = stop
    return True


@part
def _segment(
    flow: Any, endpoint: Any, slot: Any, side: Any, begin: Any, length: Any, captured: Any, data: Any, offset: Any, chunks: Any, control: Any,
    segments: Any, cells: Any, segment_free: Any, time: Any, frame: Any, ordinal: Any,
) -> Any:  # fmt: skip
    """A segment with payload, from stream position `begin` (the first payload byte is 1)."""
    end = begin + length
    if end <= endpoint.next:
        return
    if begin > endpoint.next and endpoint.next <= 1 and begin == 2 and not endpoint.marks & HAS_SYN:
        endpoint.next = begin
    if begin <= endpoint.next:
        old = endpoint.next - begin
        offset += old
        captured = max(captured - old, 0)
        stop = end if endpoint.waiting < 0 else min(end, segments[endpoint.waiting].begin)
        length = stop - endpoint.next
        _deliver(flow, endpoint, slot, side, data, offset, min(captured, length), length, chunks, control, time, frame, control[CAPTURE])
        if endpoint.waiting < 0:
            return
        _ask_drain(control, 2 * slot + side, side, NOTHING)
        # What follows the bytes that wait already is sorted in behind them.
        begin = stop
        offset += length
        captured = max(captured - length, 0)
    wanted = np.int64(endpoint.wanted)
    in_window = wanted == EVERYTHING or begin < endpoint.next + wanted
    captured = captured if in_window else np.int64(-1)
    if begin < end and not _park(endpoint, begin, end, data, offset, captured, segments, cells, segment_free, control, time, frame):
        # The hole has waited for too long: what is behind it goes on now.
        _count(control, REORDER_LIMIT, ordinal)
        _ask_drain(control, 2 * slot + side, side, segments[endpoint.waiting].begin if endpoint.waiting >= 0 else end)


@part
def _count(control: Any, counter: Any, ordinal: Any) -> Any:
    if control[counter] == 0:
        control[counter + 1] = ordinal
    control[counter] += 1


@part
def _ask_drain(control: Any, row: Any, side: Any, limit: Any) -> Any:
    """Before the next packet: `_drain` of this direction."""
    pending = DRAIN_RESP if side else DRAIN_ORIG
    if control[pending] != row:
        control[pending] = row
        control[pending + 1] = limit
    else:
        control[pending + 1] = max(control[pending + 1], limit)


@part
def _start_over(endpoint: Any, start_seq: Any, last: Any) -> Any:
    """Numbers a direction from `start_seq` on."""
    endpoint.start_seq = np.uint32(start_seq & 0xFFFFFFFF)
    endpoint.ack = np.int64(0)
    endpoint.last = np.int64(last)


@part
def _number(endpoint: Any, flags: Any, seq: Any, segment: Any) -> Any:
    """Fits a direction's numbering to a packet that (re)starts it. True: the stream starts over."""
    state = endpoint.state
    if state == INACTIVE:
        if flags & SYN:
            _start_over(endpoint, seq, segment)
        else:
            # As if there had been a SYN, so that the first byte is byte 1.
            _start_over(endpoint, seq - 1, np.int64(1))
        return True
    if not flags & SYN:
        return False
    if SYN_SENT <= state <= SYN_ACK_SENT:
        if seq == np.int64(endpoint.start_seq):
            return False
    elif state == RESET:
        if endpoint.previous_state != INACTIVE:
            return False
    elif state == CLOSING:
        return False
    fresh = seq != np.int64(endpoint.start_seq)
    _start_over(endpoint, seq, segment)
    return fresh


@part
def _write_history(flow: Any, endpoint: Any, side: Any, flags: Any, place: Any, length: Any) -> Any:
    lower = LOWER * side
    control_bits = flags & (SYN | FIN | RST)
    if control_bits == 0:
        if length > 0:
            _write_once(flow, endpoint, SEEN_DATA, LETTER_D + lower)
        elif flags & ACK:
            _write_once(flow, endpoint, SEEN_ACK, LETTER_A + lower)
        return
    if control_bits == SYN:
        letter = (LETTER_H if flags & ACK else LETTER_S) + lower
        rel = np.uint32(place & 0xFFFFFFFF)
        if _write_once(flow, endpoint, SEEN_SYN, letter) and rel != endpoint.syn_rel:
            _write_letter(flow, letter)
        endpoint.syn_rel = rel
    elif control_bits == FIN:
        rel = np.uint32((place + length) & 0xFFFFFFFF)
        if _write_once(flow, endpoint, SEEN_FIN, LETTER_F + lower) and rel != endpoint.fin_rel:
            _write_letter(flow, LETTER_F + lower)
        endpoint.fin_rel = rel
    elif control_bits == RST:
        rel = np.uint32(place & 0xFFFFFFFF)
        if _write_once(flow, endpoint, SEEN_RST, LETTER_R + lower) and rel != endpoint.rst_rel:
            _write_letter(flow, LETTER_R + lower)
        endpoint.rst_rel = rel
    elif flags & FIN and flags & RST:
        _write_once(flow, endpoint, SEEN_FIN_RST, LETTER_I + lower)
    else:
        _write_once(flow, endpoint, SEEN_MULTI, LETTER_Q + lower)


@part
def _from_inactive(endpoint: Any, peer: Any, side: Any, flags: Any, length: Any) -> Any:
    """First packet of a direction. True: it closes."""
    closes = False
    if flags & SYN:
        if side == 0:
            if peer.state == ESTABLISHED:
                _set_state(endpoint, ESTABLISHED)  # the SYN came late: its SYN-ACK was captured first
            else:
                _set_state(endpoint, SYN_ACK_SENT if flags & ACK else SYN_SENT)
        else:
            if peer.state == SYN_SENT:
                _set_state(peer, ESTABLISHED)
            _set_state(endpoint, ESTABLISHED)
    if flags & FIN:
        _set_state(endpoint, CLOSING)
        closes = True
    if flags & RST:
        _set_state(endpoint, RESET)
        closes = True
    if endpoint.state == INACTIVE:
        if side == 1 and length == 0 and peer.state == SYN_SENT:
            pass  # some stacks acknowledge a SYN before they answer it
        elif flags & ACK and peer.state == ESTABLISHED:
            _set_state(endpoint, ESTABLISHED)  # only the SYN was missed
        else:
            _set_state(endpoint, PARTIAL)
    return closes


@part
def _step(flow: Any, endpoint: Any, peer: Any, side: Any, flags: Any, length: Any, time: Any) -> Any:
    """The endpoint's state machine. True: this side closes now."""
    state = endpoint.state
    if state == INACTIVE:
        return _from_inactive(endpoint, peer, side, flags, length)
    closes = False
    if SYN_SENT <= state <= SYN_ACK_SENT:
        if flags & FIN:
            _set_state(endpoint, CLOSING)
            closes = True
        if flags & RST:
            _set_state(endpoint, RESET)
            closes = True
    elif PARTIAL <= state <= ESTABLISHED:
        if flags & SYN and state == PARTIAL and peer.state == INACTIVE and not flags & ACK:
            _set_state(endpoint, SYN_SENT)
        if flags & FIN and not flags & RST:
            _set_state(endpoint, CLOSING)
            if peer.state == RESET and peer.previous_state == CLOSING:
                _set_state(peer, CLOSING)  # FIN, then RST from the other side: a normal end after all
            closes = True
        if flags & RST:
            _set_state(endpoint, RESET)
            closes = True
    elif state == CLOSING and flags & RST and peer.state != CLOSING:
        _set_state(endpoint, RESET)
        closes = not endpoint.marks & DID_CLOSE
        if flow.close_at == 0:
            flow.close_at = time + CLOSE_DELAY
    return closes


@part
def _close_side(flow: Any, endpoint: Any, peer: Any, time: Any) -> Any:
    if endpoint.marks & DID_CLOSE:
        return
    endpoint.marks |= np.uint8(DID_CLOSE)
    if endpoint.state == RESET or peer.marks & DID_CLOSE or peer.state == INACTIVE:
        flow.close_at = time + CLOSE_DELAY


@part
def _tcp(flow: Any, endpoint: Any, peer: Any, packet: Any, side: Any, slot: Any, segments: Any, segment_free: Any, control: Any) -> Any:
    """One TCP packet through the state of its flow. Returns the stream position of its payload; -1: before the stream's beginning."""
    flags = np.int64(packet.tcp_flags)
    seq = np.int64(packet.tcp_seq)
    length = np.int64(packet.payload_wire_bytes)
    segment = np.int64(1 if flags & SYN else 0) + np.int64(1 if flags & FIN else 0)
    if not flags & RST:
        segment += length
    if _number(endpoint, flags, seq, segment):
        endpoint.next = np.int64(1)
        while endpoint.waiting >= 0:
            _free_segment(endpoint, segments, segment_free, control)
    known_end = np.int64(endpoint.start_seq) + endpoint.last
    place = endpoint.last + _delta(seq, known_end)
    if flags & SYN:
        _time_handshake(flow, endpoint, peer, side, flags, packet.time)
        endpoint.marks |= np.uint8(HAS_SYN)
        if side == 0 and not flags & (ACK | RST):
            flow.began = np.uint8(1)
    _write_history(flow, endpoint, side, flags, place, length)
    if packet.tcp_window == 0 and not flags & RST and peer.state != CLOSING and endpoint.state != RESET:
        endpoint.zero_windows = _counted(endpoint.zero_windows)
        if _is_power_of_ten(endpoint.zero_windows):
            _write_letter(flow, LETTER_W + LOWER * side)
    if flags & FIN:
        endpoint.marks |= np.uint8(HAS_FIN)
        endpoint.fin_seq = np.uint32((seq + segment) & 0xFFFFFFFF)
    acked = np.int64(0)
    if flags & ACK:
        acked = _acknowledge(peer, flags, np.int64(packet.tcp_ack))
    _advance(flow, endpoint, side, flags, seq + segment, length)
    if _step(flow, endpoint, peer, side, flags, length, packet.time):
        _close_side(flow, endpoint, peer, packet.time)
    if acked > peer.next and not flags & RST and acked - peer.next <= LARGEST_ACK_JUMP and peer.state != INACTIVE:
        if peer.marks & HAS_FIN:
            acked = min(acked, peer.last + _delta(peer.fin_seq, np.int64(peer.start_seq) + peer.last) - 1)
        if acked > peer.next:
            _ask_drain(control, 2 * slot + 1 - side, 1 - side, acked)
    if place < 0:
        return np.int64(-1)
    return place + 1 if flags & SYN else place


@part
def _time_handshake(flow: Any, endpoint: Any, peer: Any, side: Any, flags: Any, time: Any) -> Any:
    """SYN to SYN-ACK by Karn's rule: no value when either was sent twice."""
    if endpoint.marks & HAS_SYN:
        flow.handshake_rtt_ns = np.int64(-1)
    elif side == 1 and flags & ACK and endpoint.pkts == 1 and peer.pkts == 1 and peer.marks & HAS_SYN:
        flow.handshake_rtt_ns = time - flow.start


@part
def _acknowledge(peer: Any, flags: Any, ack: Any) -> Any:
    """Books an acknowledgement with the side that it is for; returns its stream position, 0 where it means nothing."""
    if peer.state == INACTIVE:
        _start_over(peer, ack - 1, NOTHING)
        return np.int64(1)
    delta = _delta(ack, np.int64(peer.start_seq) + peer.ack)
    acked = peer.ack + delta
    if acked < 0:
        return np.int64(0)
    if not flags & RST and delta > 0 and not (ack == 0 and delta > TOO_LARGE_SEQ_DELTA):
        peer.ack = acked
    return acked


@part
def _advance(flow: Any, endpoint: Any, side: Any, flags: Any, past: Any, length: Any) -> Any:
    """Moves the highest sequence number seen, or notes a retransmission."""
    delta = _delta(past, np.int64(endpoint.start_seq) + endpoint.last)
    if flags & (SYN | RST) and (delta > TOO_LARGE_SEQ_DELTA or delta < -TOO_LARGE_SEQ_DELTA):
        return
    if flags & FIN and endpoint.last == 1:
        # Only SYN and FIN of a long connection were seen: the FIN's number counts whatever the distance.
        endpoint.last = (past - np.int64(endpoint.start_seq)) & 0xFFFFFFFF
        return
    if endpoint.state == RESET:
        return
    if delta > 0:
        endpoint.last += delta
    elif length > 0:
        endpoint.retransmissions = _counted(endpoint.retransmissions)
        if _is_power_of_ten(endpoint.retransmissions):
            _write_letter(flow, LETTER_T + LOWER * side)


@part
def _is_reuse(flow: Any, orig: Any, resp: Any, packet: Any) -> Any:
    """Whether a SYN begins a new connection on an old five-tuple."""
    flags = packet.tcp_flags
    started = orig.start_seq
    if flags & ACK:
        if orig.state != INACTIVE:
            return False
        started = resp.start_seq
    if orig.marks & resp.marks & DID_CLOSE:
        return True
    return packet.tcp_seq != started


@part
def _is_many(hi: Any, lo: Any) -> Any:
    """Multicast or limited broadcast: RFC 1112, 919, 4291 section 2.7."""
    if hi == 0 and (lo >> np.uint64(32)) == np.uint64(0xFFFF):
        top = (lo >> np.uint64(28)) & np.uint64(15)
        return top == np.uint64(14) or lo == np.uint64(0xFFFFFFFFFFFF)
    return (hi >> np.uint64(56)) == np.uint64(255)


@part
def _find(flows: Any, first: Any, packet: Any, src_port: Any, dst_port: Any, one_way: Any) -> Any:
    """2 * slot + side of the packet's flow; -1: there is none."""
    slot = np.int64(first)
    while slot >= 0:
        flow = flows[slot]
        if flow.transport == packet.transport:
            forth = flow.orig_lo == packet.src_lo and flow.resp_lo == packet.dst_lo and flow.orig_port == src_port and flow.resp_port == dst_port
            if forth and flow.orig_hi == packet.src_hi and flow.resp_hi == packet.dst_hi:
                return 2 * slot
            back = flow.orig_lo == packet.dst_lo and flow.resp_lo == packet.src_lo and flow.orig_port == dst_port and flow.resp_port == src_port
            if back and not one_way and flow.orig_hi == packet.dst_hi and flow.resp_hi == packet.src_hi:
                return 2 * slot + 1
        slot = np.int64(flow.next)
    return np.int64(-1)


@part
def _is_flipped(packet: Any, ports: Any) -> Any:
    """Whether the receiver of a flow's first packet is taken for its originator."""
    if packet.transport == TCP:
        if packet.tcp_flags & SYN:
            return (packet.tcp_flags & ACK) != 0
        bit = PORT_TCP_SERVER
    elif packet.transport == UDP:
        bit = PORT_UDP_SERVER
    else:
        return False
    if not ports[packet.src_port] & bit or _is_many(packet.dst_hi, packet.dst_lo):
        return False
    if ports[packet.dst_port] & bit:
        return bit == PORT_TCP_SERVER and packet.src_port < packet.dst_port
    return True


@part
def _begin(flow: Any, packet: Any, src_port: Any, dst_port: Any, ports: Any, control: Any) -> Any:
    """Fills a fresh slot from a flow's first packet; returns the packet's side."""
    flipped = _is_flipped(packet, ports)
    if flipped:
        flow.orig_hi, flow.orig_lo, flow.orig_port, flow.orig_mac = packet.dst_hi, packet.dst_lo, dst_port, packet.dst_mac
        flow.resp_hi, flow.resp_lo, flow.resp_port, flow.resp_mac = packet.src_hi, packet.src_lo, src_port, packet.src_mac
    else:
        flow.orig_hi, flow.orig_lo, flow.orig_port, flow.orig_mac = packet.src_hi, packet.src_lo, src_port, packet.src_mac
        flow.resp_hi, flow.resp_lo, flow.resp_port, flow.resp_mac = packet.dst_hi, packet.dst_lo, dst_port, packet.dst_mac
    flow.start = packet.time
    flow.last = packet.time
    flow.serial = control[SERIAL]
    control[SERIAL] += 1
    flow.app = packet.app
    flow.vlan = packet.vlan
    flow.transport = packet.transport
    flow.tunnel = packet.tunnel
    flow.flipped = np.uint8(1 if flipped else 0)
    flow.datagrams = np.uint32(_datagrams(packet, ports, control))
    if flipped:
        _write_letter(flow, LETTER_FLIPPED)
    return 1 if flipped else 0


@part
def _datagrams(packet: Any, ports: Any, control: Any) -> Any:
    """How many datagrams of a new flow are offered."""
    kind = packet.transport
    if not control[STREAMS]:
        return 0
    if kind in (ICMP, ICMP6, SCTP, DCCP):
        return DATAGRAMS
    if kind in (UDP, UDPLITE):
        return EVERYTHING if (ports[packet.src_port] | ports[packet.dst_port]) & PORT_MESSAGES else DATAGRAMS
    return 0


@part
def _recall(flow: Any, packet: Any, side: Any, key: Any, src_side: Any, expired: Any, control: Any) -> Any:
    """What an earlier flow of the same five-tuple says about a new one: does it continue that, and who began it."""
    past = expired[np.int64(key >> np.uint64(48)) & (EXPIRED_ROWS - 1)]
    known = past.tag == key
    if packet.transport == TCP:
        if packet.tcp_flags & SYN:
            return
        if known and past.open:
            expected = past.orig_seq if past.orig_side == np.uint32(src_side & np.uint64(0xFFFFFFFF)) else past.resp_seq
            if -2 <= _delta(packet.tcp_seq, expected) <= TOO_LARGE_SEQ_DELTA:
                flow.continues = past.flow
        return
    if side == 0 and packet.time - control[OBSERVED_SINCE] >= SILENCE and (past.tag == 0 or packet.time - past.last >= SILENCE):
        flow.began = np.uint8(1)


@part
def _remember(flow: Any, orig: Any, resp: Any, key: Any, expired: Any) -> Any:
    past = expired[np.int64(key >> np.uint64(48)) & (EXPIRED_ROWS - 1)]
    past.tag = key
    past.last = flow.last
    past.flow = flow.flow
    past.orig_seq = np.uint32((np.int64(orig.start_seq) + max(orig.last, orig.ack)) & 0xFFFFFFFF)
    past.resp_seq = np.uint32((np.int64(resp.start_seq) + max(resp.last, resp.ack)) & 0xFFFFFFFF)
    past.orig_side = np.uint32(_side(flow.orig_hi, flow.orig_lo, flow.orig_port) & np.uint64(0xFFFFFFFF))
    past.open = np.uint32(0 if (orig.marks | resp.marks) & DID_CLOSE else 1)


@part
def _drain_pending(flows: Any, endpoints: Any, segments: Any, cells: Any, segment_free: Any, data: Any, chunks: Any, control: Any) -> Any:
    """Finishes the deliveries that the last packet made possible. False: no room."""
    for pending in range(DRAIN_ORIG, DRAIN_RESP + 1, DRAIN_RESP - DRAIN_ORIG):
        row = control[pending]
        if row >= 0:
            slot, side = row >> 1, row & 1
            flow, endpoint, peer = flows[slot], endpoints[row], endpoints[row ^ 1]
            limit = control[pending + 1]
            if not _drain(flow, endpoint, peer, slot, side, limit, segments, cells, segment_free, data, chunks, control):
                return False
            control[pending] = -1
    return True


@part
def _last_byte(endpoint: Any, segments: Any) -> Any:
    """Where the last waiting segment begins; 0: none waits."""
    begin = np.int64(0)
    row = endpoint.waiting
    while row >= 0:
        begin = segments[row].begin
        row = segments[row].next
    return begin


@part
def _close(
    slot: Any, flows: Any, endpoints: Any, heads: Any, free: Any, expired: Any, segments: Any, cells: Any, segment_free: Any, data: Any,
    closed: Any, closed_endpoints: Any,
    chunks: Any, control: Any,
) -> Any:  # fmt: skip
    """Delivers what waits, writes the closed row and frees the slot. False: no room, nothing is lost and the same call may be made again."""
    flow, orig, resp = flows[slot], endpoints[2 * slot], endpoints[2 * slot + 1]
    if control[CLOSED_COUNT] >= CLOSED_ROWS:
        return False
    if orig.waiting >= 0:
        _ask_drain(control, 2 * slot, ORIGINATOR, _last_byte(orig, segments))
    if resp.waiting >= 0:
        _ask_drain(control, 2 * slot + 1, RESPONDER, _last_byte(resp, segments))
    if not _drain_pending(flows, endpoints, segments, cells, segment_free, data, chunks, control):
        return False
    closed[control[CLOSED_COUNT]] = flows[slot]
    closed_endpoints[2 * control[CLOSED_COUNT]] = endpoints[2 * slot]
    closed_endpoints[2 * control[CLOSED_COUNT] + 1] = endpoints[2 * slot + 1]
    control[CLOSED_COUNT] += 1
    orig_side = _side(flow.orig_hi, flow.orig_lo, flow.orig_port)
    resp_side = _side(flow.resp_hi, flow.resp_lo, flow.resp_port)
    key = _key(orig_side, resp_side, flow.transport)
    _remember(flow, orig, resp, key, expired)
    bucket = np.int64(key & np.uint64(len(heads) - 1))
    here = heads[bucket]
    if here == slot:
        heads[bucket] = flow.next
    else:
        while flows[here].next != slot:
            here = flows[here].next
        flows[here].next = flow.next
    flow.live = np.uint8(0)
    free[control[FREE]] = slot
    control[FREE] += 1
    control[LIVE] -= 1
    return True


@part
def _age_bin(age: Any) -> Any:
    """Ages on a scale of eight steps an octave, in milliseconds."""
    age = max(age, np.int64(0)) >> 20
    octave = 0
    while age >= 16:
        age >>= 1
        octave += 1
    return octave * 8 + age


@part
def _plan_eviction(flows: Any, control: Any, bins: Any) -> Any:
    """Chooses the age from which flows have to go so that a sixteenth of the table becomes free."""
    bins[:] = 0
    for slot in range(control[HIGH]):
        bins[_age_bin(control[NOW] - flows[slot].last)] += 1
    found, age = 0, len(bins) - 1
    while age > 0:
        found += bins[age]
        if found >= max(len(flows) // 16, 1):
            break
        age -= 1
    control[SWEEP_SLOT] = 0
    control[SWEEP_MODE] = SWEEP_OLDEST
    control[SWEEP_AGE] = age
    control[SWEEP_QUOTA] = max(len(flows) // 8, 1)


@part
def _leaves(flow: Any, orig: Any, resp: Any, control: Any) -> Any:
    """Whether the sweep under way takes this flow."""
    if control[SWEEP_MODE] == SWEEP_ALL or control[SWEEP_MODE] == SWEEP_ONE:
        return True
    if _is_expired(flow, orig, resp, control[NOW]):
        return True
    return control[SWEEP_MODE] == SWEEP_OLDEST and control[SWEEP_QUOTA] > 0 and _age_bin(control[NOW] - flow.last) >= control[SWEEP_AGE]


@kernel
def sweep(
    flows: Any, endpoints: Any, heads: Any, free: Any, expired: Any, segments: Any, cells: Any, segment_free: Any, data: Any, closed: Any,
    closed_endpoints: Any, chunks: Any,
    control: Any,
) -> Any:  # fmt: skip
    """Goes on with the sweep over all slots. False: no room for more closed rows."""
    slot = control[SWEEP_SLOT]
    end = slot + 1 if control[SWEEP_MODE] == SWEEP_ONE else control[HIGH]
    while slot < end:
        flow = flows[slot]
        orig, resp = endpoints[2 * slot], endpoints[2 * slot + 1]
        if flow.live and _leaves(flow, orig, resp, control):
            expired_anyway = control[SWEEP_MODE] != SWEEP_OLDEST or _is_expired(flow, orig, resp, control[NOW])
            ordinal = flow.flow >> 4
            if not _close(
                slot, flows, endpoints, heads, free, expired, segments, cells, segment_free, data, closed, closed_endpoints, chunks, control
            ):
                control[SWEEP_SLOT] = slot
                return False
            if not expired_anyway:
                control[SWEEP_QUOTA] -= 1
                _count(control, EVICTED, ordinal)
        slot += 1
    control[SWEEP_SLOT] = -1
    if control[SWEEP_MODE] != SWEEP_ONE:
        control[SWEEP_TIME] = control[NOW]
        control[SWEEP_PKTS] = 0
    return True


@part
def _tag(packet: Any) -> Any:
    """What two copies of one packet have in common; 0: too little to tell.

    Networks themselves multiply what goes to a group, and packet generators write the identification 1 into everything.
    """
    if packet.ip_id == 1 or (packet.dst_mac >> np.uint64(40)) & np.uint64(1) or _is_many(packet.dst_hi, packet.dst_lo):
        return np.uint32(0)
    if packet.transport == TCP:
        value = (np.uint64(packet.tcp_seq) << np.uint64(32)) | np.uint64(packet.tcp_ack)
        value ^= np.uint64(packet.tcp_flags) << np.uint64(20)
    elif packet.ip_id == 0:
        return np.uint32(0)
    else:
        value = np.uint64(packet.payload_wire_bytes)
    value = value * np.uint64(MIX_1) + (np.uint64(packet.ip_id) << np.uint64(32)) + np.uint64(packet.checksum)
    value += np.uint64(packet.ip_bytes) << np.uint64(16)
    return np.uint32(_mix(value) & np.uint64(0xFFFFFFFF)) | np.uint32(1)


@part
def _is_copy(endpoint: Any, packet: Any) -> Any:
    """Whether this packet was captured before, on another interface or on the other side of a bridge or router.

    Without an identification it must have come another way (addresses, tag or hop limit of the link), to be told from a retransmission.
    """
    tag = _tag(packet)
    link = np.uint8((packet.src_mac ^ (packet.src_mac >> np.uint64(16)) ^ packet.dst_mac * np.uint64(5) ^ np.uint64(packet.vlan)) & np.uint64(255))
    link = np.uint8((np.int64(link) * 31 + np.int64(packet.ttl)) & 255)
    now = np.uint32((packet.time >> 20) & 0xFFFFFFFF)
    recent = np.uint32(now - endpoint.last_seen) <= COPY_UNITS
    endpoint.last_seen = now
    if recent and tag != 0:
        identified = packet.ip_id != 0
        if endpoint.tag_0 == tag and (identified or endpoint.link_0 != link):
            return True
        if endpoint.tag_1 == tag and (identified or endpoint.link_1 != link):
            return True
    endpoint.tag_1 = endpoint.tag_0
    endpoint.link_1 = endpoint.link_0
    endpoint.tag_0 = tag
    endpoint.link_0 = link
    return False


@part
def _datagram(flow: Any, endpoint: Any, peer: Any, packet: Any, slot: Any, side: Any, chunks: Any, control: Any) -> Any:
    """One packet of a flow that is no TCP."""
    wire = np.int64(packet.payload_wire_bytes)
    endpoint.last += wire
    if flow.transport == UDP or flow.transport == UDPLITE:
        _write_once(flow, endpoint, SEEN_DATA, LETTER_D + LOWER * side)
    if flow.datagrams > 0 and packet.payload_bytes > 0:
        place = np.int64(endpoint.pkts) + np.int64(peer.pkts) - 1
        chunk = _emit(flow, endpoint, slot, side, chunks, control, packet.payload_offset, packet.payload_bytes, wire, place)
        chunk.time = packet.time
        chunk.frame = packet.frame
        if flow.datagrams != EVERYTHING:
            flow.datagrams -= np.uint32(1)


@kernel
def assemble(
    packets: Any, first: Any, base: Any, serials: Any, flow_ids: Any, ports: Any, fresh_flow: Any, fresh_endpoint: Any, bins: Any, flows: Any,
    endpoints: Any, heads: Any, free: Any, expired: Any, segments: Any, cells: Any, segment_free: Any, data: Any, closed: Any,
    closed_endpoints: Any, chunks: Any, control: Any,
) -> Any:  # fmt: skip
    """Takes packets from row `first` on; returns the row of the first one not taken, which is len(packets) unless room ran out."""
    most = len(flows)
    mask = np.uint64(len(heads) - 1)
    row = first
    while True:
        draining = control[DRAIN_ORIG] >= 0 or control[DRAIN_RESP] >= 0
        if draining and not _drain_pending(flows, endpoints, segments, cells, segment_free, data, chunks, control):
            return row
        if control[SWEEP_SLOT] >= 0 and not sweep(
            flows, endpoints, heads, free, expired, segments, cells, segment_free, data, closed, closed_endpoints, chunks, control
        ):
            return row
        if row == len(packets):
            return row
        if control[CHUNK_COUNT] >= CHUNK_ROWS:
            return row
        packet = packets[row]
        time = packet.time
        if time > control[NOW]:
            control[NOW] = time
            if control[SWEEP_PKTS] * 4 >= control[HIGH] and time - control[SWEEP_TIME] >= SWEEP_EVERY:
                control[SWEEP_SLOT] = 0
                control[SWEEP_MODE] = SWEEP_EXPIRED
                continue
        src_port, dst_port = packet.src_port, packet.dst_port
        one_way = packet.transport == ARP
        if packet.transport == ICMP or packet.transport == ICMP6:
            counterpart = _icmp_counterpart(packet.transport, np.int64(src_port))
            one_way = counterpart < 0
            if not one_way:
                dst_port = np.uint16(counterpart)
        src_side = _side(packet.src_hi, packet.src_lo, src_port)
        key = _key(src_side, _side(packet.dst_hi, packet.dst_lo, dst_port), packet.transport)
        bucket = np.int64(key & mask)
        found = _find(flows, heads[bucket], packet, src_port, dst_port, one_way)
        if found >= 0:
            slot = found >> 1
            flow, orig, resp = flows[slot], endpoints[2 * slot], endpoints[2 * slot + 1]
            stale = _is_expired(flow, orig, resp, time)
            if not stale and packet.transport == TCP and packet.tcp_flags & SYN:
                stale = _is_reuse(flow, orig, resp, packet)
            if stale:
                control[SWEEP_SLOT] = slot
                control[SWEEP_MODE] = SWEEP_ONE
                continue
        ordinal = base + packet.frame
        if found < 0:
            if control[FREE] > 0:
                control[FREE] -= 1
                slot = free[control[FREE]]
            elif control[HIGH] < most:
                slot = control[HIGH]
                control[HIGH] += 1
            else:
                _plan_eviction(flows, control, bins)
                continue
            control[LIVE] += 1
            flows[slot] = fresh_flow[0]
            endpoints[2 * slot] = fresh_endpoint[0]
            endpoints[2 * slot + 1] = fresh_endpoint[0]
            flow = flows[slot]
            side = _begin(flow, packet, src_port, dst_port, ports, control)
            flow.flow = 16 * ordinal + packet.depth
            if 0 <= packet.parent < row:
                flow.parent = flow_ids[packet.parent]
            flow.next = heads[bucket]
            heads[bucket] = np.int32(slot)
            _recall(flow, packet, side, key, src_side, expired, control)
            found = 2 * slot + side
        control[SWEEP_PKTS] += 1
        slot = found >> 1
        side = found & 1
        flow = flows[slot]
        endpoint = endpoints[found]
        peer = endpoints[found ^ 1]
        serials[row] = flow.serial
        flow_ids[row] = flow.flow
        row += 1
        flow.last_ordinal = ordinal
        flow.gaps |= packet.gap
        if _is_copy(endpoint, packet):
            flow.duplicate_pkts += np.uint32(1)
            continue
        if time > flow.last:
            flow.largest_gap_ns = max(flow.largest_gap_ns, time - flow.last)
            flow.last = time
        if endpoint.pkts == 0:
            endpoint.ttl = packet.ttl
            if side == 0:
                flow.orig_mac = packet.src_mac
            else:
                flow.resp_mac = packet.src_mac
        if flow.app < 0:
            flow.app = packet.app
        endpoint.pkts += np.uint32(1)
        endpoint.ip_bytes += packet.ip_bytes
        if flow.transport != TCP:
            _datagram(flow, endpoint, peer, packet, slot, side, chunks, control)
            continue
        place = _tcp(flow, endpoint, peer, packet, side, slot, segments, segment_free, control)
        length = np.int64(packet.payload_wire_bytes)
        if length > 0 and place >= 1 and not packet.tcp_flags & RST:
            if place == endpoint.next and endpoint.wanted == 0 and endpoint.waiting < 0:
                endpoint.next += length
            else:
                _segment(
                    flow, endpoint, slot, side, place, length, np.int64(packet.payload_bytes), data, packet.payload_offset, chunks, control, segments,
                    cells, segment_free, time, packet.frame, ordinal,
                )  # fmt: skip
