"""Compiled walk over ClientHello messages (RFC 8446 section 4.1.2): where the name is, and the shape of the rest.

The shape is what identical clients have in common: version, ciphers, extensions and the lists in them, without random, keys and GREASE
(RFC 8701). It is written as bytes, so that whatever is derived from it can be remembered by it:

    version, flags, then seven lists, each behind its size in bytes (two bytes):
    ciphers, extension types, groups, point formats, signature algorithms, supported versions, application protocols
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel

COMPLETE, INCOMPLETE, INVALID, ELSEWHERE = 0, 1, 2, 3
"""States. ELSEWHERE: not the one record that holds exactly a ClientHello; the parser in Python decides."""

STATE, USED, NAME_AT, NAME_BYTES, SHAPE_AT, SHAPE_BYTES, COLUMNS = 0, 1, 2, 3, 4, 5, 6
"""Columns of the result. NAME_AT and SHAPE_AT are places in `data` and `shapes`; of an INVALID row, USED is the offset of what is wrong in the hello."""

RECORDS, STREAM, DATAGRAM = 0, 1, 2
"""What a slice holds: TLS records, the body of a ClientHello, or the body of a DTLS ClientHello, which has a cookie (RFC 6347 section 4.2.1)."""

HAS_NAME, RESUMES, EARLY_DATA, HAS_ECH, HAS_ESNI, HAS_GREASE = 1, 2, 4, 8, 16, 32
"""Flags of a shape."""

SHAPE_SPARE_BYTES = 24
"""A shape is at most this much longer than its hello: version, flags and seven sizes, less what it leaves out."""

LARGEST_RECORD_BYTES = 16_384 + 2_048
"""RFC 5246 section 6.2.3."""

_SNI, _GROUPS, _FORMATS, _SIGNATURES, _ALPN = 0x0000, 0x000A, 0x000B, 0x000D, 0x0010
_TICKET, _PRE_SHARED_KEY, _EARLY_DATA, _VERSIONS, _ECH, _ESNI = 0x0023, 0x0029, 0x002A, 0x002B, 0xFE0D, 0xFFCE


@kernel
def _number(data: NDArray[np.uint8], at: int) -> int:
    return (np.int64(data[at]) << 8) | np.int64(data[at + 1])


@kernel
def _is_grease(number: int) -> bool:
    return (number & 0x0F0F) == 0x0A0A and (number >> 8) == (number & 0xFF)


@kernel
def _put_numbers(data: NDArray[np.uint8], begin: int, end: int, shapes: NDArray[np.uint8], put: int) -> int:
    """Writes the two-byte numbers of a list behind their size, GREASE left out; returns the place behind them."""
    place = put + 2
    for at in range(begin, end - 1, 2):
        if not _is_grease(_number(data, at)):
            shapes[place] = data[at]
            shapes[place + 1] = data[at + 1]
            place += 2
    shapes[put] = (place - put - 2) >> 8
    shapes[put + 1] = (place - put - 2) & 0xFF
    return place


@kernel
def _put_bytes(data: NDArray[np.uint8], begin: int, end: int, shapes: NDArray[np.uint8], put: int) -> int:
    shapes[put] = (end - begin) >> 8
    shapes[put + 1] = (end - begin) & 0xFF
    shapes[put + 2 : put + 2 + end - begin] = data[begin:end]
    return put + 2 + end - begin


@kernel
def _find_name(data: NDArray[np.uint8], begin: int, end: int, row: NDArray[np.int64]) -> None:
    """The first host name of a server_name extension (RFC 6066 section 3)."""
    at = begin + 2
    while at + 3 <= end:
        size = _number(data, at + 1)
        if at + 3 + size > end:
            return
        if data[at] == 0:
            row[NAME_AT] = at + 3
            row[NAME_BYTES] = size
            return
        at += 3 + size


@kernel
def _scan_body(data: NDArray[np.uint8], begin: int, end: int, cookie: bool, row: NDArray[np.int64], shapes: NDArray[np.uint8], put: int) -> None:
    row[STATE] = INVALID
    row[NAME_AT] = begin
    row[NAME_BYTES] = 0
    row[SHAPE_AT] = put
    row[USED] = 0
    if end - begin < 35:
        return
    at = begin + 34
    row[USED] = at - begin
    at += 1 + np.int64(data[at])
    if cookie:
        if at >= end:
            return
        row[USED] = at - begin
        at += 1 + np.int64(data[at])
    if at + 2 > end:
        return
    row[USED] = at - begin
    ciphers = at + 2
    ciphers_end = ciphers + _number(data, at)
    if ciphers_end >= end or (ciphers_end - ciphers) % 2:
        return
    row[USED] = ciphers_end - begin
    at = ciphers_end + 1 + np.int64(data[ciphers_end])
    if at > end:
        return
    extensions = end
    extensions_end = end
    if at + 2 <= end:
        row[USED] = at - begin
        extensions = at + 2
        extensions_end = extensions + _number(data, at)
        if extensions_end > end:
            return

    flags = 0
    groups, groups_end, formats, formats_end, signatures, signatures_end = 0, 0, 0, 0, 0, 0
    versions, versions_end, alpn, alpn_end = 0, 0, 0, 0
    shapes[put] = data[begin]
    shapes[put + 1] = data[begin + 1]
    put = _put_numbers(data, ciphers, ciphers_end, shapes, put + 3)
    if put - row[SHAPE_AT] - 5 != ciphers_end - ciphers:
        flags |= HAS_GREASE
    types_at = put
    put += 2
    at = extensions
    while at < extensions_end:
        row[USED] = at - begin
        if at + 4 > extensions_end:
            return
        kind = _number(data, at)
        inside = at + 4
        inside_end = inside + _number(data, at + 2)
        if inside_end > extensions_end:
            return
        at = inside_end
        if _is_grease(kind):
            flags |= HAS_GREASE
            continue
        shapes[put] = kind >> 8
        shapes[put + 1] = kind & 0xFF
        put += 2
        size = inside_end - inside
        if kind == _SNI:
            flags |= HAS_NAME
            _find_name(data, inside, inside_end, row)
        elif kind == _GROUPS and size >= 2:
            groups = inside + 2
            groups_end = min(inside_end, groups + _number(data, inside))
        elif kind == _FORMATS and size >= 1:
            formats = inside + 1
            formats_end = min(inside_end, formats + np.int64(data[inside]))
        elif kind == _SIGNATURES and size >= 2:
            signatures = inside + 2
            signatures_end = min(inside_end, signatures + _number(data, inside))
        elif kind == _VERSIONS and size >= 1:
            versions = inside + 1
            versions_end = min(inside_end, versions + np.int64(data[inside]))
        elif kind == _ALPN and size >= 2:
            alpn = inside + 2
            alpn_end = min(inside_end, alpn + _number(data, inside))
        elif kind == _PRE_SHARED_KEY or (kind == _TICKET and size > 0):
            flags |= RESUMES
        elif kind == _EARLY_DATA:
            flags |= EARLY_DATA
        elif kind == _ECH:
            flags |= HAS_ECH
        elif kind == _ESNI:
            flags |= HAS_ESNI
    shapes[types_at] = (put - types_at - 2) >> 8
    shapes[types_at + 1] = (put - types_at - 2) & 0xFF
    put = _put_numbers(data, groups, groups_end, shapes, put)
    put = _put_bytes(data, formats, formats_end, shapes, put)
    put = _put_numbers(data, signatures, signatures_end, shapes, put)
    put = _put_numbers(data, versions, versions_end, shapes, put)
    put = _put_bytes(data, alpn, alpn_end, shapes, put)
    shapes[row[SHAPE_AT] + 2] = flags
    row[SHAPE_BYTES] = put - row[SHAPE_AT]
    row[USED] = end - begin
    row[STATE] = COMPLETE


@kernel
def _scan_records(data: NDArray[np.uint8], begin: int, end: int, row: NDArray[np.int64], shapes: NDArray[np.uint8], put: int) -> None:
    row[STATE] = ELSEWHERE
    if end - begin < 5 or data[begin] != 22 or data[begin + 1] != 3 or data[begin + 2] > 4:
        return
    record_bytes = _number(data, begin + 3)
    if record_bytes < 4 or record_bytes > LARGEST_RECORD_BYTES:
        return
    if begin + 5 + record_bytes > end:
        row[STATE] = INCOMPLETE
        return
    if data[begin + 5] != 1 or data[begin + 6] != 0 or _number(data, begin + 7) + 4 != record_bytes:
        return
    _scan_body(data, begin + 9, begin + 5 + record_bytes, False, row, shapes, put)
    if row[STATE] == COMPLETE:
        row[USED] = 5 + record_bytes


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
    put = 0
    for index in range(offset.size):
        begin = offset[index]
        end = begin + np.int64(length[index])
        if holds == RECORDS:
            _scan_records(data, begin, end, rows[index], shapes, put)
        else:
            _scan_body(data, begin, end, holds == DATAGRAM, rows[index], shapes, put)
        put += np.int64(length[index]) + SHAPE_SPARE_BYTES
