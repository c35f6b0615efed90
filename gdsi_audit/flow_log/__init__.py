"""The flows themselves, for other tools: the command `flows`. One row per flow, in the order in which flows end; memory does not grow with them.

Every file on this shelf writes one format. The contract is `Format`; `_pieces.py` makes what they write. Little is imported here, so that the
command line knows the formats at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from gdsi_audit.flow_log._rows import Piece

COLUMNS = {
    "flow": "id: 16 * ordinal of the first frame + tunnel depth",
    "capture": "ordinal of the first frame's capture, from 0",
    "orig_device": "device on the originator's side, empty: none",
    "resp_device": "device on the responder's side, empty: none",
    "continues": "flow that this one continues after a time-out, null: none",
    "initiator": "who began, as a fact: originator, or unknown",
    "start": "seconds since 1970, UTC",
    "duration_s": "seconds",
    "transport": "tcp udp icmp icmp6 sctp ip-N",
    "orig_addr": "",
    "orig_port": "ICMP: type",
    "resp_addr": "",
    "resp_port": "ICMP: code, or the counterpart's type",
    "service": "protocol recognised by its bytes",
    "orig_pkts": "",
    "resp_pkts": "",
    "orig_bytes": "payload, retransmissions once",
    "resp_bytes": "",
    "orig_ip_bytes": "",
    "resp_ip_bytes": "",
    "missed_bytes": "both ways",
    "conn_state": "Zeek's",
    "history": "Zeek's",
    "handshake_rtt_s": "null: unknown",
    "community_id": "version 1, seed 0",
    "tunnel": "kind of tunnel around it, empty: none",
    "server_name": "of TLS or QUIC",
    "alpn": "",
    "ja3": "",
    "ja3s": "",
    "ja4": "",
    "http_host": "",
    "app": "",
    "first_frame": "in `capture`, from 1",
    "last_frame": "in the last frame's capture",
}
"""Columns of every format, `names` (list of name, source, frame) aside, which jsonl and parquet have."""


class Format(Protocol):
    """A file on this shelf."""

    SUFFIXES: tuple[str, ...]
    """Of files that are written in this format where none is asked for."""

    def write(self, tables: Iterator[Piece], out: BinaryIO) -> None:
        """Writes the flows. Raises OSError as `out` does."""
        ...
