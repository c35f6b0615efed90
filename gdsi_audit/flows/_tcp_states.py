"""The state machine of a TCP connection's two ends, as Zeek runs it (RFC 9293 section 3.3.2 seen from between them)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdsi_audit.flows._states import ACK, CLOSING, DID_CLOSE, ESTABLISHED, FIN, INACTIVE, PARTIAL, RESET, RST, SYN, SYN_ACK_SENT, SYN_SENT
from gdsi_audit.flows._timeouts import CLOSE_DELAY
from gdsi_audit.kernels import part


@part
def begins_anew(packet: Any, orig: Any, resp: Any) -> Any:
    """Whether a packet with SYN begins a new connection on the five-tuple of an old one, and does not belong to that."""
    is_answer = packet.tcp_flags & ACK
    if is_answer and orig.state != INACTIVE:
        return False
    started = resp.start_seq if is_answer else orig.start_seq
    return (orig.marks & resp.marks & DID_CLOSE) != 0 or packet.tcp_seq != started


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
