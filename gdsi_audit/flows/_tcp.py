"""TCP: one packet through the states of both ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._history import (
    LETTER_A,
    LETTER_D,
    LETTER_F,
    LETTER_H,
    LETTER_I,
    LETTER_Q,
    LETTER_R,
    LETTER_S,
    LETTER_T,
    LETTER_W,
    LOWER,
    SEEN_ACK,
    SEEN_DATA,
    SEEN_FIN,
    SEEN_FIN_RST,
    SEEN_MULTI,
    SEEN_RST,
    SEEN_SYN,
    counted,
    write_letter,
)
from gdsi_audit.flows._reordering import ask_drain, free_segment
from gdsi_audit.flows._sequence import LARGEST_ACK_JUMP, NOTHING, TOO_LARGE_SEQ_DELTA, signed_distance
from gdsi_audit.flows._states import (
    ACK,
    CLOSING,
    DID_CLOSE,
    ESTABLISHED,
    FIN,
    HAS_FIN,
    HAS_SYN,
    INACTIVE,
    PARTIAL,
    RESET,
    RST,
    SYN,
    SYN_ACK_SENT,
    SYN_SENT,
)
from gdsi_audit.flows._timeouts import CLOSE_DELAY
from gdsi_audit.kernels import part


@part
def fit_numbers(endpoint: Any, flags: Any, seq: Any, segment: Any, segments: Any, control: Any) -> Any:
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
            free_segment(endpoint, segments, control)


@part
def write_control_letter(flow: Any, endpoint: Any, side: Any, flags: Any, place: Any, length: Any) -> Any:
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
        write_letter(flow, letter + LOWER * side)


@part
def change_states(flow: Any, endpoint: Any, peer: Any, side: Any, flags: Any, length: Any, time: Any) -> Any:
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
def take_tcp(flow: Any, endpoint: Any, peer: Any, packet: Any, row: Any, segments: Any, control: Any) -> Any:
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
        fit_numbers(endpoint, flags, seq, segment, segments, control)
    ahead = signed_distance(seq - endpoint.start_seq - endpoint.last)
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
        write_control_letter(flow, endpoint, side, flags, place, length)
    elif length > 0:
        if not endpoint.seen & SEEN_DATA:
            endpoint.seen |= SEEN_DATA
            write_letter(flow, LETTER_D + LOWER * side)
    elif flags & ACK and not endpoint.seen & SEEN_ACK:
        endpoint.seen |= SEEN_ACK
        write_letter(flow, LETTER_A + LOWER * side)
    if packet.tcp_window == 0 and not flags & RST and peer.state != CLOSING and endpoint.state != RESET:
        endpoint.zero_windows = counted(flow, endpoint.zero_windows, LETTER_W + LOWER * side)
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
            jump = signed_distance(packet.tcp_ack - np.int64(peer.start_seq) - peer.ack)
            acked = peer.ack + jump
            if acked < 0:
                acked = NOTHING
            elif not flags & RST and jump > 0 and not (packet.tcp_ack == 0 and jump > TOO_LARGE_SEQ_DELTA):
                peer.ack = acked
    ahead = signed_distance(ahead + segment)
    if bounds & (SYN | RST) and (ahead > TOO_LARGE_SEQ_DELTA or ahead < -TOO_LARGE_SEQ_DELTA):
        pass
    elif flags & FIN and endpoint.last == 1:
        # Only SYN and FIN of a long connection were seen: the FIN's number counts whatever the distance.
        endpoint.last = (seq + segment - endpoint.start_seq) & 0xFFFFFFFF
    elif endpoint.state != RESET:
        if ahead > 0:
            endpoint.last += ahead
        elif length > 0:
            endpoint.retransmissions = counted(flow, endpoint.retransmissions, LETTER_T + LOWER * side)
    if bounds or endpoint.state == INACTIVE:
        change_states(flow, endpoint, peer, side, flags, length, packet.time)
    if acked > peer.next and not flags & RST and acked - peer.next <= LARGEST_ACK_JUMP and peer.state != INACTIVE:
        if peer.marks & HAS_FIN:
            end = peer.last + signed_distance(np.int64(peer.fin_seq) - peer.start_seq - peer.last) - 1
            acked = acked if acked < end else end
        if acked > peer.next:
            ask_drain(control, row ^ 1, acked)
    if length == 0 or flags & RST or place < 0:
        return np.int64(-1)
    return place + 1 if flags & SYN else place
