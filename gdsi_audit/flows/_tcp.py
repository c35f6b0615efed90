"""TCP: one packet through the numbering, the history and the states of both ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._history import (
    LETTER_A,
    LETTER_D,
    LETTER_T,
    LETTER_W,
    LOWER,
    SEEN_ACK,
    SEEN_DATA,
    counted,
    write_control_letter,
    write_letter,
)
from gdsi_audit.flows._reordering import ask_drain, free_segment
from gdsi_audit.flows._sequence import LARGEST_ACK_JUMP, NOTHING, TOO_LARGE_SEQ_DELTA, signed_distance
from gdsi_audit.flows._states import ACK, CLOSING, FIN, HAS_FIN, HAS_SYN, INACTIVE, RESET, RST, SYN, SYN_ACK_SENT
from gdsi_audit.flows._tcp_states import change_states
from gdsi_audit.kernels import part


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
