"""DNS messages read by the column: the kernel behind `dns.columns`, which says what its tables hold (RFC 1035).

What it does not read itself it marks with `needs_parse`: names that are not ASCII, several questions, chains that do not hang together, and records
of SVCB and HTTPS.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part

HEADER_BYTES = 12
SMALLEST_ANSWER_BYTES = 15
LONGEST_NAME_BYTES = 255
LONGEST_TEXT_BYTES = 4 * LONGEST_NAME_BYTES
LONGEST_CHAIN = 16
MOST_HOPS = 126
CUT = -1
MALFORMED = -2
ODD = -3
CLASS_IN = 1
TYPE_A, TYPE_CNAME, TYPE_AAAA, TYPE_SVCB, TYPE_HTTPS = 1, 5, 28, 64, 65
FIRST_NAME = np.int64(HEADER_BYTES)
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
def _read_header(message: NDArray[np.uint8], row: Any) -> int:
    """Fills the row from the header; how many records are announced behind the questions."""
    # A plain number as an argument would be a type of its own, and compile every callee once more.
    begin = int(np.int64(0))
    flags = _u16(message, begin + 2)
    row.id = _u16(message, begin)
    row.response = flags >> 15
    row.opcode = flags >> 11 & 15
    row.truncated = flags >> 9 & 1
    row.rcode = flags & 15
    row.questions = _u16(message, begin + 4)
    row.answers = _u16(message, begin + 6)
    return int(_u16(message, begin + 6) + _u16(message, begin + 8) + _u16(message, begin + 10))


@part
def _read_questions(message: NDArray[np.uint8], row: Any, at: int, size: int) -> int:
    """Offset behind the questions; negative: one of them does not fit."""
    for question in range(row.questions):
        behind = _behind_name(message, at, size)
        if behind < 0 or behind + 4 > size:
            return CUT
        if question == 0:
            row.qtype = _u16(message, behind)
            row.qclass = _u16(message, behind + 2)
        at = behind + 4
    return at


@part
def _write_address(message: NDArray[np.uint8], rdata: int, rtype: int, answer: Any) -> None:
    if rtype == TYPE_A:
        answer.address_hi = np.uint64(0)
        answer.address_lo = np.uint64(0xFFFF00000000) | np.uint64(_u32(message, rdata))
    else:
        answer.address_hi = np.uint64(_u32(message, rdata)) << np.uint64(32) | np.uint64(_u32(message, rdata + 4))
        answer.address_lo = np.uint64(_u32(message, rdata + 8)) << np.uint64(32) | np.uint64(_u32(message, rdata + 12))


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
    records = _read_header(message, row)
    first_name = int(FIRST_NAME)
    at = _read_questions(message, row, first_name, size)
    if at < 0:
        return answer_rows, used
    is_answer = row.response == 1 and row.opcode == 0
    odd = row.questions != 1
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
        if odd or record >= row.answers or not is_answer or _u16(message, fixed + 2) != CLASS_IN:
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
        _write_address(message, rdata, rtype, answer)
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
