"""The live flow table's rows, and what they are sized by."""

from __future__ import annotations

import numpy as np

from gdsi_audit.flows import STREAM_WINDOW_BYTES

FLOWS = np.dtype(
    [
        ("orig_hi", "u8"),
        ("orig_lo", "u8"),
        ("resp_hi", "u8"),
        ("resp_lo", "u8"),
        ("last", "i8"),  # last packet, copies left out
        ("close_at", "i8"),  # when a closed connection is forgotten; 0: it is not closed
        ("next", "i4"),  # in the hash chain; -1: end
        ("orig_port", "u2"),
        ("resp_port", "u2"),
        ("transport", "u1"),
        ("letters", "u1"),  # of history
        ("gaps", "u1"),
        ("live", "u1"),
        ("app", "i4"),
        # Until here: the 64 bytes that every packet looks at.
        ("serial", "i8"),
        ("flow", "i8"),
        ("last_ordinal", "i8"),  # over all captures, of the last packet
        ("largest_gap_ns", "i8"),
        ("start", "i8"),
        ("parent", "i8"),
        ("continues", "i8"),
        ("handshake_rtt_ns", "i8"),
        ("orig_mac", "u8"),
        ("resp_mac", "u8"),
        ("history", "u1", 24),
        ("duplicate_pkts", "u4"),
        ("datagrams", "u4"),  # still wanted, both directions together
        ("vlan", "u2"),
        ("tunnel", "u1"),
        ("began", "u1"),
        ("flipped", "u1"),
    ],
    align=True,
)
"""What both directions of a live flow share: one row per slot."""

ENDPOINTS = np.dtype(
    [
        ("ip_bytes", "i8"),
        ("last", "i8"),  # TCP: highest sequence number past a segment, from the SYN's; else payload bytes
        ("ack", "i8"),  # TCP: highest of these that the peer acknowledged
        ("next", "i8"),  # TCP: first byte not yet in order
        ("missed_bytes", "i8"),
        ("pkts", "u4"),
        ("start_seq", "u4"),  # sequence number of the SYN, or one before the first segment
        ("fin_seq", "u4"),  # sequence number after the FIN
        ("wanted", "u4"),  # stream bytes still wanted
        ("gap_bytes", "u4"),  # missing directly before the next chunk
        ("waiting", "i4"),  # first segment above a hole; -1: none
        ("syn_rel", "u4"),  # of the last such packet, as history wants it
        ("fin_rel", "u4"),
        ("rst_rel", "u4"),
        ("retransmissions", "u2"),
        ("zero_windows", "u2"),
        ("content_gaps", "u2"),
        ("segments", "u2"),  # waiting segments
        ("record_left", "u2"),  # TLS: bytes of the current record still to come
        ("state", "u1"),
        ("previous_state", "u1"),
        ("marks", "u1"),  # bits: closed, FIN seen, SYN seen, consumer asked
        ("seen", "u1"),  # bits of history letters already written
        ("ttl", "u1"),
        ("tls", "u1"),  # how far the record walk is
        ("record_head", "u1"),  # TLS: bytes of the current record header seen
        ("record_type", "u1"),
    ],
    align=True,
)
"""What one side of a live flow keeps: rows 2 * slot (originator) and 2 * slot + 1 (responder)."""

SEGMENTS = np.dtype(
    [("begin", "i8"), ("time", "i8"), ("frame", "i8"), ("length", "i8"), ("captured", "i4"), ("next", "i4"), ("capture", "i4")],
    align=True,
)
"""A segment that waits above a hole; captured -1: only its place is known, nobody wants its bytes."""

EXPIRED = np.dtype(
    [("tag", "u8"), ("last", "i8"), ("flow", "i8"), ("orig_seq", "u4"), ("resp_seq", "u4"), ("orig_side", "u4"), ("open", "u4")],
    align=True,
)
"""A five-tuple that was closed: what tells a continuation and silence."""

COPIES = np.dtype([("tag", "u8"), ("time", "u4"), ("link", "u4")], align=True)
"""A packet that was seen just now, at the place its tag says: what tells copies. time: in units of 2^20 ns; link: hash of the way it came."""

AHEAD = np.dtype([("key", "u8"), ("src_side", "u8"), ("tag", "u8"), ("dst_port", "u2"), ("one_way", "?")], align=True)
"""What is worked out for packets before their turn, so that memory can be asked for: hashes of the flow, the sender's end, and what copies share.

dst_port: of ICMP, the counterpart's type; one_way: it has none.
"""

AHEAD_ROWS = 32
SEGMENT_BYTES = 2048
SEGMENT_ROWS = 4096
EXPIRED_ROWS = 65_536
COPY_ROWS = 4096
CLOSED_ROWS = 8192
RESTING_SLOTS = 4096
"""A free slot rests until so many became free after it, while there are others that were never used."""

CHUNK_ROWS = 8192
ROOM_BYTES = 4 << 20
"""For the bytes of the chunks of a batch; more than the largest record."""

EVERYTHING = 0xFFFFFFFF
"""`wanted` and `datagrams`: no end."""

# Rows of the control vector that kernels and table.py share.
(
    LIVE,  # flows
    HIGH,  # slots ever used
    FREE,  # first free slot, the one that is free for longest
    FREE_LAST,
    FREE_COUNT,
    FREE_FRESH,  # of these, slots that became free in this batch: they are taken by flows of a later one
    SERIAL,  # of the next flow
    NOW,  # latest packet time
    SWEEP_SLOT,  # next slot of the sweep under way; -1: none
    SWEEP_MODE,
    SWEEP_LAST,  # eviction: flows whose last packet is earlier go
    SWEEP_SERIAL,  # eviction: and of those whose last packet is of that instant, the ones up to this serial
    SWEEP_TIME,  # of the last sweep
    SWEEP_PKTS,  # packets since
    DRAIN_ORIG,  # endpoint row that has more to deliver; -1: none
    LIMIT_ORIG,  # holes below this are skipped
    DRAIN_RESP,
    LIMIT_RESP,
    CLOSED_COUNT,
    CHUNK_COUNT,
    ROOM_AT,  # bytes of chunks in the room so far
    OBSERVED_SINCE,  # start of the uninterrupted observation
    STREAMS,  # 1: offer chunks
    SEGMENT_FREE,  # first free segment; -1: none
    SEGMENT_HIGH,  # segments ever used
    EVICTED,
    EVICTED_FIRST,  # ordinal of the first example
    REORDER_LIMIT,
    REORDER_FIRST,
    CAPTURE,  # ordinal of the capture under way
    FULL,  # 1: room ran out
    CONTROLS,
) = range(32)

SWEEP_EXPIRED, SWEEP_OLDEST, SWEEP_ALL, SWEEP_ONE = 0, 1, 2, 3

LIKELY_SERVER_TCP = (
    *(21, 22, 25, 53, 79, 80, 81, 88, 110, 135, 139, 143, 389, 443, 445, 502, 563, 585, 587, 614, 631, 636, 989, 990, 992, 993, 995),
    *(1080, 1434, 1883, 2811, 3128, 3268, 3306, 3389, 5060, 5222, 5223, 5269, 5432, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000),
)
LIKELY_SERVER_UDP = (
    *(53, 67, 88, 123, 137, 161, 162, 389, 443, 514, 784, 1812, 2123, 2152, 3268, 3389, 3544, 4789, 5060, 5072),
    *(5353, 5355, 6081, 20000),
)
"""Ports that Zeek's analyzers register (likely_server_ports)."""

MESSAGE_PORTS = (53, 67, 68, 123, 137, 546, 547, 1900, 3702, 5353, 5355, 5683)
"""Datagram protocols where each datagram is a message of its own: offered whole."""

PORT_TCP_SERVER, PORT_UDP_SERVER, PORT_MESSAGES = 1, 2, 4


def port_bits() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """What each port number hints at, as bits."""
    bits = np.zeros(65_536, np.uint8)
    bits[list(LIKELY_SERVER_TCP)] |= PORT_TCP_SERVER
    bits[list(LIKELY_SERVER_UDP)] |= PORT_UDP_SERVER
    bits[list(MESSAGE_PORTS)] |= PORT_MESSAGES
    return bits


def fresh_rows(*, streams: bool) -> tuple[np.ndarray[tuple[int], np.dtype[np.void]], np.ndarray[tuple[int], np.dtype[np.void]]]:
    """A flow and an endpoint before their first packet, one row each."""
    flow, endpoint = np.zeros(1, FLOWS), np.zeros(1, ENDPOINTS)
    for name in ("parent", "continues", "handshake_rtt_ns"):
        flow[name] = -1
    flow["live"] = 1
    endpoint["next"] = 1
    endpoint["waiting"] = -1
    endpoint["wanted"] = STREAM_WINDOW_BYTES if streams else 0
    return flow, endpoint
