"""When a flow ends: a function of its own state and the packet clock."""

from __future__ import annotations

from typing import Any

from gdsi_audit.flows._sequence import NOTHING
from gdsi_audit.flows._states import DID_CLOSE, INACTIVE, RESET, SYN_ACK_SENT, SYN_SENT
from gdsi_audit.flows._transports import TCP
from gdsi_audit.kernels import part

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


@part
def is_expired(flow: Any, orig: Any, resp: Any, now: Any) -> Any:
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
