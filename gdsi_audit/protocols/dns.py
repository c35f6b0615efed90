"""DNS over datagrams, on any port (RFC 1035).

`parse` reads one message whole. `columns` reads many at once, compiled, and points out the few that need `parse`; both agree on every message, which
a test holds. mDNS, LLMNR and NetBIOS names have the same wire format and files of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part
from gdsi_audit.protocols import Heads
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
    answers = np.empty(whole_bytes // SMALLEST_ANSWER_BYTES + 1, ANSWERS)
    text = np.empty(2 * whole_bytes + LONGEST_TEXT_BYTES, np.uint8)
    answer_rows, text_bytes = read_all(data, offset, length, messages, answers, text, np.empty((3, LONGEST_CHAIN + 1), np.int64))
    return DnsColumns(messages, answers[:answer_rows], text[:text_bytes].tobytes())


def _slices(text: bytes, offset: NDArray[np.int64], length: NDArray[np.int32]) -> list[str]:
    known: dict[bytes, str] = {}
    parts = (text[first:behind] for first, behind in zip(offset.tolist(), (offset + length).tolist(), strict=True))
    return [known[part] if part in known else known.setdefault(part, part.decode("ascii")) for part in parts]


HEADER_BYTES = 12
SMALLEST_ANSWER_BYTES = 15
LONGEST_NAME_BYTES = 255
LONGEST_TEXT_BYTES = 4 * LONGEST_NAME_BYTES
LONGEST_CHAIN = 16
MOST_HOPS = 126
CUT = -1
MALFORMED = -2
ODD = -3
TYPE_A, TYPE_CNAME, TYPE_AAAA, TYPE_SVCB, TYPE_HTTPS = 1, 5, 28, 64, 65
HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


@part
def _u16(message: NDArray[np.uint8], at: int) -> int:
    return int(message[at]) << 8 | int(message[at + 1])


@part
def _u32(message: NDArray[np.uint8], at: int) -> int:
    return _u16(message, at) << 16 | _u16(message, at + 2)


@part
def _behind_name(message: NDArray[np.uint8], start: int, size: int) -> int:
    """Offset behind the name at `start`, every pointer followed; CUT or MALFORMED."""
    at, segment, behind, name_bytes, hops = start, start, 0, 0, 0
    while True:
        if at >= size:
            return MALFORMED if behind else CUT
        label = int(message[at])
        if label == 0:
            return behind if behind else at + 1
        if label >= 0xC0:
            if at + 1 >= size:
                return MALFORMED if behind else CUT
            target = (label & 0x3F) << 8 | int(message[at + 1])
            hops += 1
            if target >= segment or target < HEADER_BYTES or hops > MOST_HOPS:
                return MALFORMED
            if not behind:
                behind = at + 2
            at = target
            segment = target
            continue
        name_bytes += label + 1
        if label > 63 or name_bytes >= LONGEST_NAME_BYTES:
            return MALFORMED
        if at + label >= size:
            return MALFORMED if behind else CUT
        at += label + 1


@part
def _write_name(message: NDArray[np.uint8], start: int, text: NDArray[np.uint8], used: int) -> int:
    """Writes the name at `start`, known to be sound, as text; the bytes used then, or ODD: not ASCII, or no room."""
    at = start
    begun = used
    if used + LONGEST_TEXT_BYTES > text.size:
        return ODD
    while True:
        label = int(message[at])
        if label == 0:
            break
        if label >= 0xC0:
            at = (label & 0x3F) << 8 | int(message[at + 1])
            continue
        if used > begun:
            text[used] = 0x2E
            used += 1
        for place in range(at + 1, at + 1 + label):
            byte = message[place]
            if byte >= 0x80:
                return ODD
            if 0x41 <= byte <= 0x5A:
                text[used] = byte + 32
                used += 1
            elif byte < 0x20 or byte == 0x7F or byte == 0x2E or byte == 0x5C:
                text[used] = 0x5C
                text[used + 1] = 0x78
                text[used + 2] = HEX[byte >> 4]
                text[used + 3] = HEX[byte & 15]
                used += 4
            else:
                text[used] = byte
                used += 1
        at += label + 1
    if used == begun:
        text[used] = 0x2E
        used += 1
    return used


@part
def _find_link(text: NDArray[np.uint8], first: int, behind: int, link_first: NDArray[np.int64], link_behind: NDArray[np.int64], links: int) -> int:
    """Which link of the chain the text `first:behind` is; -1: none."""
    for link in range(links):
        if link_behind[link] - link_first[link] != behind - first:
            continue
        same = True
        for place in range(behind - first):
            if text[first + place] != text[link_first[link] + place]:
                same = False
                break
        if same:
            return link
    return -1


@part
def _read_one(
    message: NDArray[np.uint8],
    number: int,
    messages: NDArray[np.void],
    answers: NDArray[np.void],
    answer_rows: int,
    text: NDArray[np.uint8],
    used: int,
    link_first: NDArray[np.int64],
    link_behind: NDArray[np.int64],
    link_ttl_s: NDArray[np.int64],
) -> tuple[int, int]:
    """Reads one message into its row; gives the answer rows and text bytes used then."""
    row = messages[number]
    size = message.size
    if size < HEADER_BYTES:
        return answer_rows, used
    # A plain number as an argument would be a type of its own, and compile every callee once more.
    at = int(np.int64(0))
    flags = _u16(message, at + 2)
    questions, announced = _u16(message, at + 4), _u16(message, at + 6)
    records = announced + _u16(message, at + 8) + _u16(message, at + 10)
    response, opcode = flags >> 15, flags >> 11 & 15
    row.id = _u16(message, at)
    row.response = response
    row.opcode = opcode
    row.truncated = flags >> 9 & 1
    row.rcode = flags & 15
    row.questions = questions
    row.answers = announced
    at += HEADER_BYTES
    first_name = at
    for question in range(questions):
        behind = _behind_name(message, at, size)
        if behind < 0 or behind + 4 > size:
            return answer_rows, used
        if question == 0:
            row.qtype = _u16(message, behind)
            row.qclass = _u16(message, behind + 2)
        at = behind + 4
    odd = questions != 1
    first_answer_row, first_used = answer_rows, used
    links = 0
    if not odd:
        written = _write_name(message, first_name, text, used)
        if written < 0:
            odd = True
        else:
            link_first[0], link_behind[0], link_ttl_s[0] = used, written, 0xFFFFFFFF
            used = written
            links = 1
    chain_first = used
    for record in range(records):
        fixed = _behind_name(message, at, size)
        if fixed == MALFORMED:
            return first_answer_row, first_used
        if fixed == CUT or fixed + 10 > size or fixed + 10 + _u16(message, fixed + 8) > size:
            row.cut = 1
            break
        owner, rdata, rdata_bytes = at, fixed + 10, _u16(message, fixed + 8)
        at = rdata + rdata_bytes
        if odd or record >= announced or not response or opcode != 0 or _u16(message, fixed + 2) != 1:
            continue
        rtype = _u16(message, fixed)
        if rtype in (TYPE_SVCB, TYPE_HTTPS):
            odd = True
            continue
        if rtype != TYPE_A and rtype != TYPE_AAAA and rtype != TYPE_CNAME:
            continue
        ttl_s = _u32(message, fixed + 4)
        if ttl_s > 0x7FFFFFFF:
            ttl_s = 0
        written = _write_name(message, owner, text, used)
        link = _find_link(text, used, written, link_first, link_behind, links) if written >= 0 else -1
        if link < 0:
            odd = True
            continue
        if rtype == TYPE_CNAME:
            separator = 3 if links > 1 else 0
            if link != links - 1 or links > LONGEST_CHAIN or _behind_name(message, rdata, at) != at or used + 3 > text.size:
                odd = True
                continue
            for place in range(separator):
                text[used + place] = 0x3E if place == 1 else 0x20
            written = _write_name(message, rdata, text, used + separator)
            if written < 0 or _find_link(text, used + separator, written, link_first, link_behind, links) >= 0:
                odd = True
                continue
            link_first[links], link_behind[links] = used + separator, written
            link_ttl_s[links] = ttl_s if ttl_s < link_ttl_s[links - 1] else link_ttl_s[links - 1]
            links += 1
            used = written
            continue
        if rdata_bytes != (4 if rtype == TYPE_A else 16):
            odd = True
            continue
        answer = answers[answer_rows]
        answer.message = number
        if rtype == TYPE_A:
            answer.address_hi = np.uint64(0)
            answer.address_lo = np.uint64(0xFFFF00000000) | np.uint64(_u32(message, rdata))
        else:
            answer.address_hi = np.uint64(_u32(message, rdata)) << np.uint64(32) | np.uint64(_u32(message, rdata + 4))
            answer.address_lo = np.uint64(_u32(message, rdata + 8)) << np.uint64(32) | np.uint64(_u32(message, rdata + 12))
        answer.chain_offset = chain_first
        answer.chain_bytes = 0 if link == 0 else link_behind[link] - chain_first
        answer.ttl_s = ttl_s if ttl_s < link_ttl_s[link] else link_ttl_s[link]
        answer_rows += 1
    row.valid = 1
    row.extra_bytes = 0 if row.cut else size - at
    if odd:
        row.needs_parse = 1
        return first_answer_row, first_used
    row.query_offset = link_first[0]
    row.query_bytes = link_behind[0] - link_first[0]
    row.first_answer = first_answer_row
    row.address_rows = answer_rows - first_answer_row
    return answer_rows, used


@kernel
def read_all(
    data: NDArray[np.uint8],
    offset: NDArray[np.int64],
    length: NDArray[np.int32],
    messages: NDArray[np.void],
    answers: NDArray[np.void],
    text: NDArray[np.uint8],
    links: NDArray[np.int64],
) -> tuple[int, int]:
    """Fills the three tables; gives the answer rows and text bytes used. The caller has checked that every datagram lies within `data`.

    `links` is room for one chain: where the text of each link begins and ends, and how long it may be kept; shape (3, LONGEST_CHAIN + 1).
    """
    link_first, link_behind, link_ttl_s = links[0], links[1], links[2]
    answer_rows, used = int(np.int64(0)), int(np.int64(0))
    for number in range(offset.size):
        message = data[offset[number] : offset[number] + length[number]]
        answer_rows, used = _read_one(message, number, messages, answers, answer_rows, text, used, link_first, link_behind, link_ttl_s)
    return answer_rows, used
