"""What is left of a flow when it ends: Zeek's byte counts and connection states, for many flows at once."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.flows import CLOSED, CONN_STATES
from gdsi_audit.flows import _rows as rows
from gdsi_audit.flows._states import CLOSING, ESTABLISHED, HAS_FIN, INACTIVE, PARTIAL, RESET, SYN_ACK_SENT, SYN_SENT
from gdsi_audit.flows._transports import TCP, UDP, UDPLITE

_RST_WITHOUT_ANSWER = re.compile(rb"\^?S[^HAFGIQ]*R")
_SAME_NAME = tuple(name for name in CLOSED.names or () if name in (rows.FLOWS.names or ()) and name != "history")


def closed_rows(flows: NDArray[np.void], endpoints: NDArray[np.void]) -> NDArray[np.void]:
    """CLOSED rows of flows (FLOWS) and their two endpoints each (ENDPOINTS); first_frame and last_frame are ordinals over all captures."""
    closed = np.zeros(len(flows), CLOSED)
    if not len(flows):
        return closed
    for name in _SAME_NAME:
        closed[name] = flows[name]
    closed["end"] = flows["last"]
    closed["first_frame"] = flows["flow"] >> 4
    closed["depth"] = flows["flow"] & 15
    closed["last_frame"] = flows["last_ordinal"]
    closed["orig_largest_gap_ns"] = flows["largest_gap_ns"]
    closed["history"] = np.ascontiguousarray(flows["history"]).view("S24")[:, 0]
    orig, resp = endpoints[0::2], endpoints[1::2]
    for side, endpoint, peer in (("orig", orig, resp), ("resp", resp, orig)):
        for name in ("pkts", "ip_bytes", "missed_bytes"):
            closed[f"{side}_{name}"] = endpoint[name]
        closed[f"{side}_first_ttl"] = endpoint["ttl"]
        closed[f"{side}_bytes"] = np.where(flows["transport"] == TCP, _stream_bytes(endpoint, peer), endpoint["last"])
    closed["conn_state"] = _conn_states(closed, orig, resp)
    return closed


def _stream_bytes(endpoint: NDArray[np.void], peer: NDArray[np.void]) -> NDArray[np.int64]:
    """Payload bytes by sequence numbers, as Zeek counts them: neither SYN nor FIN, gaps included."""
    size = np.maximum(endpoint["last"], endpoint["ack"])
    size = size - (size > 0)
    size = size - ((size > 0) & (endpoint["marks"] & HAS_FIN != 0))
    # A half-open connection was discovered and reset: its numbers mean another connection, and nothing can have been sent.
    discovered = (endpoint["previous_state"] == SYN_SENT) & (endpoint["state"] == RESET) & (peer["state"] == INACTIVE) & (endpoint["ack"] > 1)
    return np.maximum(np.where(discovered, 0, size), 0)


def _conn_states(closed: NDArray[np.void], orig: NDArray[np.void], resp: NDArray[np.void]) -> NDArray[np.intp]:
    """Rows in CONN_STATES, by the rules of Zeek's conn.log."""
    transport = closed["transport"]
    is_datagram = (transport == UDP) | (transport == UDPLITE)
    names = np.where(is_datagram, _datagram_states(orig, resp), "OTH")
    names = np.where(transport == TCP, _tcp_states(closed, orig, resp), names)
    order = np.argsort(CONN_STATES)
    return order[np.searchsorted(np.array(CONN_STATES)[order], names)]


def _datagram_states(orig: NDArray[np.void], resp: NDArray[np.void]) -> NDArray[np.str_]:
    sent, answered = orig["pkts"] > 0, resp["pkts"] > 0
    return np.select([sent & answered, sent, answered], ["SF", "S0", "SHR"], "OTH")


def _tcp_states(closed: NDArray[np.void], orig: NDArray[np.void], resp: NDArray[np.void]) -> NDArray[np.str_]:
    o, r = orig["state"], resp["state"]
    orig_silent, resp_silent = (o == INACTIVE) | (o == PARTIAL), (r == INACTIVE) | (r == PARTIAL)
    empty = (closed["orig_bytes"] == 0) & (closed["resp_bytes"] == 0)
    rejected = (o == SYN_SENT) | (o == SYN_ACK_SENT) | ((o == RESET) & empty)
    unanswered = np.zeros(len(closed), bool)
    for row in np.flatnonzero((o == RESET) & resp_silent):
        unanswered[row] = _RST_WITHOUT_ANSWER.match(closed["history"][row]) is not None
    rules = (
        ((r == RESET) & rejected, "REJ"),
        ((r == RESET) & orig_silent, "RSTRH"),
        (r == RESET, "RSTR"),
        ((o == RESET) & unanswered, "RSTOS0"),
        ((o == RESET) & resp_silent, "OTH"),
        (o == RESET, "RSTO"),
        ((o == CLOSING) & (r == CLOSING), "SF"),
        ((o == CLOSING) & resp_silent, "SH"),
        (o == CLOSING, "S2"),
        ((r == CLOSING) & orig_silent, "SHR"),
        (r == CLOSING, "S3"),
        ((o == SYN_SENT) & (r == INACTIVE), "S0"),
        ((o == ESTABLISHED) & (r == ESTABLISHED), "S1"),
    )
    return np.select([rule for rule, _ in rules], [name for _, name in rules], "OTH")
