"""Compiled walk over ClientHello messages (RFC 8446 section 4.1.2): where the name is, and the shape of the rest.

The shape is what identical clients have in common: version, ciphers, extensions and the lists in them, without random, keys and GREASE
(RFC 8701). It is written as bytes, so that whatever is derived from it can be remembered by it:

    version, flags, then seven lists, each behind its size in bytes (two bytes):
    ciphers, extension types, groups, point formats, signature algorithms, supported versions, application protocols
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part

COMPLETE, INCOMPLETE, INVALID, ELSEWHERE = 0, 1, 2, 3
"""States. ELSEWHERE: not the one record that holds exactly a ClientHello; the parser in Python decides."""

STATE, USED, NAME_AT, NAME_BYTES, SHAPE_AT, SHAPE_BYTES, LISTS, COLUMNS = 0, 1, 2, 3, 4, 5, 6, 20
"""Columns of the result. NAME_AT and SHAPE_AT are places in `data` and `shapes`; of an INVALID row, USED is the offset of what is wrong in the
hello. From LISTS on: begin and end of each of the seven lists, as the walk goes."""

RECORDS, STREAM, DATAGRAM = 0, 1, 2
"""What a slice holds: TLS records, the body of a ClientHello, or the body of a DTLS ClientHello, which has a cookie (RFC 6347 section 4.2.1)."""

HAS_NAME, RESUMES, EARLY_DATA, HAS_ECH, HAS_ESNI, HAS_GREASE = 1, 2, 4, 8, 16, 32
"""Flags of a shape."""

SHAPE_SPARE_BYTES = 24
"""A shape is at most this much longer than its hello: version, flags and seven sizes, less what it leaves out."""

LARGEST_RECORD_BYTES = 16_384 + 2_048
"""RFC 5246 section 6.2.3."""

_TYPES, _GROUP_LIST, _POINT_FORMATS, _SIGNATURE_LIST, _VERSION_LIST, _LAST_LIST = 1, 2, 3, 4, 5, 6
"""Places of the lists in a shape; ciphers are the first."""
_SNI, _GROUPS, _FORMATS, _SIGNATURES, _ALPN = 0x0000, 0x000A, 0x000B, 0x000D, 0x0010
_TICKET, _PRE_SHARED_KEY, _EARLY_DATA, _VERSIONS, _ECH, _ESNI = 0x0023, 0x0029, 0x002A, 0x002B, 0xFE0D, 0xFFCE


@part
def _number(data: NDArray[np.uint8], at: np.int64) -> np.int64:
    return (np.int64(data[at]) << 8) | np.int64(data[at + 1])


@part
def _walk(
    data: NDArray[np.uint8],
    begin: np.int64,
    end: np.int64,
    has_cookie: int,
    rows: NDArray[np.int64],
    index: int,
    shapes: NDArray[np.uint8],
    put: np.int64,
) -> int:
    """Walks one hello, from its version to its end, and returns its state."""
    rows[index, NAME_AT] = begin
    rows[index, NAME_BYTES] = 0
    rows[index, SHAPE_AT] = put
    rows[index, USED] = 0
    for column in range(LISTS, COLUMNS):
        rows[index, column] = 0
    at = begin + 34
    # Session id, and the cookie of DTLS: one byte of length each.
    for _ in range(1 + has_cookie):
        rows[index, USED] = at - begin
        if at >= end:
            return INVALID
        at += 1 + np.int64(data[at])
    if at + 2 > end:
        return INVALID
    rows[index, USED] = at - begin
    ciphers_end = at + 2 + _number(data, at)
    if ciphers_end >= end or (ciphers_end - at) % 2:
        return INVALID
    rows[index, LISTS] = at + 2
    rows[index, LISTS + 1] = ciphers_end
    rows[index, USED] = ciphers_end - begin
    at = ciphers_end + 1 + np.int64(data[ciphers_end])
    if at > end:
        return INVALID
    extensions_end = at
    if at + 2 <= end:
        rows[index, USED] = at - begin
        extensions_end = at + 2 + _number(data, at)
        at += 2
        if extensions_end > end:
            return INVALID

    flags = 0
    # Types are kept where the room for this shape ends, until it is known where they belong.
    types_begin = put + (end - begin) + SHAPE_SPARE_BYTES - 2 * ((extensions_end - at) // 4)
    types = types_begin
    while at < extensions_end:
        rows[index, USED] = at - begin
        if at + 4 > extensions_end:
            return INVALID
        kind = _number(data, at)
        inside = at + 4
        at = inside + _number(data, inside - 2)
        if at > extensions_end:
            return INVALID
        if (kind & 0x0F0F) == 0x0A0A and (kind >> 8) == (kind & 0xFF):
            flags |= HAS_GREASE
            continue
        shapes[types] = kind >> 8
        shapes[types + 1] = kind & 0xFF
        types += 2
        listed = 0
        if kind == _GROUPS:
            listed = _GROUP_LIST
        elif kind == _FORMATS:
            listed = _POINT_FORMATS
        elif kind == _SIGNATURES:
            listed = _SIGNATURE_LIST
        elif kind == _VERSIONS:
            listed = _VERSION_LIST
        elif kind == _ALPN:
            listed = _LAST_LIST
        elif kind == _PRE_SHARED_KEY or (kind == _TICKET and at > inside):
            flags |= RESUMES
        elif kind == _EARLY_DATA:
            flags |= EARLY_DATA
        elif kind == _ECH:
            flags |= HAS_ECH
        elif kind == _ESNI:
            flags |= HAS_ESNI
        elif kind == _SNI:
            flags |= HAS_NAME
            # The first host name (RFC 6066 section 3): entries of a type, a length and as many bytes.
            inside += 2
            while inside + 3 <= at and rows[index, NAME_BYTES] == 0:
                size = _number(data, inside + 1)
                if data[inside] == 0 and inside + 3 + size <= at:
                    rows[index, NAME_AT] = inside + 3
                    rows[index, NAME_BYTES] = size
                inside += 3 + size
        if listed:
            width = 1 if listed in (_POINT_FORMATS, _VERSION_LIST) else 2
            if inside + width <= at:
                size = np.int64(data[inside]) if width == 1 else _number(data, inside)
                rows[index, LISTS + 2 * listed] = inside + width
                rows[index, LISTS + 2 * listed + 1] = min(at, inside + width + size)

    shapes[put] = data[begin]
    shapes[put + 1] = data[begin + 1]
    place = put + 3
    for listed in range(_LAST_LIST + 1):
        size_at = place
        place += 2
        if listed == _TYPES:
            for source in range(types_begin, types):
                shapes[place] = shapes[source]
                place += 1
        elif listed in (_POINT_FORMATS, _LAST_LIST):
            for source in range(rows[index, LISTS + 2 * listed], rows[index, LISTS + 2 * listed + 1]):
                shapes[place] = data[source]
                place += 1
        else:
            for source in range(rows[index, LISTS + 2 * listed], rows[index, LISTS + 2 * listed + 1] - 1, 2):
                number = _number(data, np.int64(source))
                if (number & 0x0F0F) == 0x0A0A and (number >> 8) == (number & 0xFF):
                    flags |= HAS_GREASE
                    continue
                shapes[place] = data[source]
                shapes[place + 1] = data[source + 1]
                place += 2
        shapes[size_at] = (place - size_at - 2) >> 8
        shapes[size_at + 1] = (place - size_at - 2) & 0xFF
    shapes[put + 2] = flags
    rows[index, SHAPE_BYTES] = place - put
    rows[index, USED] = end - begin
    return COMPLETE


@kernel
def scan(
    data: NDArray[np.uint8],
    offset: NDArray[np.int64],
    length: NDArray[np.int32],
    holds: int,
    rows: NDArray[np.int64],
    shapes: NDArray[np.uint8],
) -> None:
    """Fills a row of `rows` (n, COLUMNS) for each slice of `data`.

    `offset` and `length` lie inside `data`; `holds` is one of RECORDS, STREAM and DATAGRAM. `shapes` has room for the sum of `length` and
    SHAPE_SPARE_BYTES each.
    """
    # Not the literal: with it the walk would be compiled once more.
    room = np.int64(0)
    for index in range(offset.size):
        begin = offset[index]
        end = begin + np.int64(length[index])
        put = room
        room += end - begin + SHAPE_SPARE_BYTES
        before = 0
        if holds == RECORDS:
            rows[index, STATE] = ELSEWHERE
            if end - begin < 5 or data[begin] != 22 or data[begin + 1] != 3 or data[begin + 2] > 4:
                continue
            record_bytes = _number(data, begin + 3)
            if record_bytes < 4 or record_bytes > LARGEST_RECORD_BYTES:
                continue
            if begin + 5 + record_bytes > end:
                rows[index, STATE] = INCOMPLETE
                continue
            if data[begin + 5] != 1 or data[begin + 6] != 0 or _number(data, begin + 7) + 4 != record_bytes:
                continue
            before = 9
            begin += before
            end = begin + record_bytes - 4
        rows[index, STATE] = _walk(data, begin, end, 1 if holds == DATAGRAM else 0, rows, index, shapes, put)
        rows[index, USED] += before
