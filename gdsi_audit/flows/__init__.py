"""Stage 3: packets become flows, both directions of a five-tuple, and TCP becomes in-order chunks.

Vocabulary, states and history letters are Zeek's (base/protocols/conn). A closed flow is a row of CLOSED; what parsers asked for is a row of CHUNKS.
"""

from __future__ import annotations

import numpy as np

CLOSED = np.dtype(
    [
        ("serial", "i8"),  # order of creation in this run, from 0
        ("flow", "i8"),  # id, equal for any job count: 16 * ordinal of its first frame over all captures + tunnel depth
        ("parent", "i8"),  # flow id of the tunnel around it; -1: none
        ("continues", "i8"),  # flow id of the connection it continues after a time-out; -1: none
        ("start", "i8"),  # UTC nanoseconds
        ("end", "i8"),  # last packet, Zeek's rule: the final ACK counts, retransmissions count
        ("first_capture", "i4"),
        ("last_capture", "i4"),
        ("first_frame", "i8"),
        ("last_frame", "i8"),
        ("orig_hi", "u8"),
        ("orig_lo", "u8"),
        ("resp_hi", "u8"),
        ("resp_lo", "u8"),
        ("orig_mac", "u8"),
        ("resp_mac", "u8"),
        ("orig_pkts", "i8"),
        ("resp_pkts", "i8"),
        ("orig_bytes", "i8"),  # payload, retransmissions once; TCP from sequence numbers, gaps included
        ("resp_bytes", "i8"),
        ("orig_ip_bytes", "i8"),
        ("resp_ip_bytes", "i8"),
        ("orig_missed_bytes", "i8"),
        ("resp_missed_bytes", "i8"),
        ("orig_largest_gap_ns", "i8"),  # longest silence of the flow
        ("handshake_rtt_ns", "i8"),  # SYN to SYN-ACK, Karn's rule: none if either was sent twice; -1: unknown
        ("duplicate_pkts", "i8"),  # captured twice; left out of every total
        ("app", "i4"),
        ("orig_port", "u2"),  # ICMP: type
        ("resp_port", "u2"),  # ICMP: code, or the counterpart's type for request and reply pairs
        ("vlan", "u2"),
        ("transport", "u1"),
        ("depth", "u1"),
        ("tunnel", "u1"),
        ("conn_state", "u1"),  # row in CONN_STATES
        ("began", "u1"),  # who began, as a fact: 0 unknown, 1 the originator (SYN seen, or first datagram after 5 min of observed silence)
        ("flipped", "u1"),  # 1: originator guessed from a likely server port, history begins with ^
        ("gaps", "u1"),  # bits of packets.GAP_BITS met on the way
        ("orig_first_ttl", "u1"),
        ("resp_first_ttl", "u1"),
        ("history", "S24"),  # Zeek's letters, repeated ones logarithmically as Zeek does; cut at 24
    ],
    align=True,
)
"""One row per closed flow."""

CONN_STATES = ("OTH", "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR")

CHUNKS = np.dtype(
    [
        ("time", "i8"),
        ("frame", "i8"),  # of `capture`: a segment may have waited since an earlier block or capture
        ("serial", "i8"),  # of the flow
        ("flow", "i8"),
        ("offset", "i8"),  # of the bytes, in Frames.data (block or spare room)
        ("stream_offset", "i8"),  # TCP: bytes of this direction before this chunk, gaps included; datagrams: ordinal in the flow, both directions
        ("orig_hi", "u8"),
        ("orig_lo", "u8"),
        ("resp_hi", "u8"),
        ("resp_lo", "u8"),
        ("length", "i4"),
        ("gap_bytes", "i4"),  # TCP: bytes missing directly before this chunk
        ("capture", "i4"),  # ordinal
        ("slot", "i4"),  # row in the live flow table, valid until the next call
        ("wire_length", "i4"),  # as the headers say; more than length where the snapshot length cut it
        ("orig_port", "u2"),
        ("resp_port", "u2"),
        ("transport", "u1"),
        ("from_responder", "u1"),  # 0: originator to responder, 1: the other way
        ("depth", "u1"),
    ],
    align=True,
)
"""One row per in-order TCP chunk or datagram that is wanted, in the order in which parsers should see them."""

STREAM_WINDOW_BYTES = 16_384
"""Naming needs the first 16 KiB of each direction. A consumer may ask for more with FlowTable.want."""

DATAGRAMS = 16
"""First datagrams of a flow that are offered; flows of protocols that are a message each (DNS, DHCP, NTP …) are offered whole."""
