"""DNS over datagrams, on any port (RFC 1035).

`parse` reads one message whole. `columns` reads many at once, compiled, and points out the few that need `parse`; both agree on every message, which
a test holds. mDNS, LLMNR and NetBIOS names have the same wire format and files of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols import _dns_scan as scan
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dns_message import Answered, DnsMessage, parse_message
from gdsi_audit.protocols._dns_shape import begins_message

__all__ = ["ANSWERS", "MESSAGES", "Answered", "DnsColumns", "DnsMessage", "columns", "parse", "recognise"]

TRANSPORT = "udp"
EVERY_DATAGRAM = True

DNS_PORT = 53
SIBLING_PORTS = (137, 5353, 5355)
BARE_HEADER_BYTES = 12

MESSAGES = np.dtype(
    [
        ("query_offset", "i8"),  # name of the first question in DnsColumns.text: display form, lower case
        ("first_answer", "i8"),  # first row of this message in DnsColumns.answers
        ("query_bytes", "i4"),
        ("address_rows", "i4"),  # rows of this message in DnsColumns.answers
        ("extra_bytes", "i4"),  # behind the last record
        ("id", "u2"),
        ("qtype", "u2"),
        ("qclass", "u2"),
        ("questions", "u2"),  # by the header
        ("answers", "u2"),  # by the header
        ("valid", "u1"),  # 0: `parse` raises ValueError
        ("needs_parse", "u1"),  # 1: valid, but query and addresses have to come from `parse`
        ("response", "u1"),
        ("truncated", "u1"),
        ("opcode", "u1"),
        ("rcode", "u1"),
        ("cut", "u1"),  # the bytes end inside the records
    ],
    align=True,
)
"""One row per datagram."""

ANSWERS = np.dtype(
    [
        ("message", "i8"),  # row in DnsColumns.messages
        ("address_hi", "u8"),  # as in packets.PACKETS
        ("address_lo", "u8"),
        ("chain_offset", "i8"),  # CNAME targets joined by " > ", in DnsColumns.text
        ("chain_bytes", "i4"),
        ("ttl_s", "u4"),  # smallest of the address record and the links before it
    ],
    align=True,
)
"""One row per address that a response gave for the name asked for; messages with `needs_parse` have none here."""


class DnsColumns(NamedTuple):
    """Many messages."""

    messages: NDArray[np.void]
    """MESSAGES, one row per datagram given."""
    answers: NDArray[np.void]
    """ANSWERS, in the order of `messages`."""
    text: bytes
    """ASCII; the rows point into it."""

    def queries(self) -> list[str]:
        """The name asked for, per message; empty where there is none or `parse` has to say it."""
        return _slices(self.text, self.messages["query_offset"], self.messages["query_bytes"])

    def chains(self) -> list[str]:
        """The CNAME chain, per row of `answers`."""
        return _slices(self.text, self.answers["chain_offset"], self.answers["chain_bytes"])


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """By shape on any port; a bare header counts only as a response from port 53."""
    at_53 = (heads.orig_port == DNS_PORT) | (heads.resp_port == DNS_PORT)
    sibling = is_one_of(heads.orig_port, SIBLING_PORTS) | is_one_of(heads.resp_port, SIBLING_PORTS)
    bare = at_53 & (heads.length == BARE_HEADER_BYTES) & (heads.bytes[:, 2] & 0x80 > 0) & ~heads.bytes[:, 4:12].any(axis=1)
    found: NDArray[np.bool_] = (begins_message(heads.bytes, heads.length, cut_allowed=at_53) | bare) & (at_53 | ~sibling)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> DnsMessage:
    """The message in the first datagram. Raises ValueError with the offset."""
    del from_responder
    return parse_message(datagrams[0])


def columns(data: NDArray[np.uint8], offset: NDArray[np.int64], length: NDArray[np.int32]) -> DnsColumns:
    """Reads the datagrams `data[offset : offset + length]`, all of them. Raises ValueError where one does not lie within `data`."""
    if offset.size and (int(offset.min()) < 0 or int(length.min()) < 0 or int((offset + length).max()) > data.size):
        raise ValueError("a datagram does not lie within the data")
    # Columns of a structured array are strided: a type of their own, for which everything would be compiled once more.
    offset, length = np.ascontiguousarray(offset, np.int64), np.ascontiguousarray(length, np.int32)
    whole_bytes = int(length.sum(dtype=np.int64))
    messages = np.zeros(offset.size, MESSAGES)
    answers = np.empty(whole_bytes // scan.SMALLEST_ANSWER_BYTES + 1, ANSWERS)
    text = np.empty(2 * whole_bytes + scan.LONGEST_TEXT_BYTES, np.uint8)
    answer_rows, text_bytes = scan.read_all(data, offset, length, messages, answers, text, np.empty((3, scan.LONGEST_CHAIN + 1), np.int64))
    return DnsColumns(messages, answers[:answer_rows], text[:text_bytes].tobytes())


def _slices(text: bytes, offset: NDArray[np.int64], length: NDArray[np.int32]) -> list[str]:
    known: dict[bytes, str] = {}
    parts = (text[first:behind] for first, behind in zip(offset.tolist(), (offset + length).tolist(), strict=True))
    return [known[part] if part in known else known.setdefault(part, part.decode("ascii")) for part in parts]
