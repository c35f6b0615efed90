"""How far the body of an HTTP/1.x message goes (RFC 9112 section 6), and what of it is here."""

from __future__ import annotations

import re
from typing import NamedTuple

from gdsi_audit.protocols._http_head import HEAD_END, Head

BODY_PREFIX_BYTES = 4096
UNKNOWN = -1

_LENGTH = re.compile(rb"[0-9]{1,18}")


class Body(NamedTuple):
    """What is there of the body."""

    prefix: bytes
    """First bytes, chunk framing gone."""
    used_bytes: int
    """On the wire, framing included."""
    missing_bytes: int
    """Not here yet; UNKNOWN: chunks still to come, or all bytes until the connection closes."""


def read_body(head: Head, data: bytes, *, until_close: bool) -> Body:
    """The body behind `head`; `until_close` where a body without a length ends with the connection."""
    start = head.head_bytes
    if head.cut:
        return Body(b"", 0, UNKNOWN)
    if b"chunked" in head.first(b"transfer-encoding").lower():
        return _chunked(data, start)
    content_length = content_length_of(head)
    if content_length == UNKNOWN:
        there = len(data) - start if until_close else 0
        return Body(data[start : start + min(there, BODY_PREFIX_BYTES)], there, UNKNOWN if until_close else 0)
    there = min(content_length, len(data) - start)
    return Body(data[start : start + min(there, BODY_PREFIX_BYTES)], there, content_length - there)


def content_length_of(head: Head) -> int:
    """Content-Length; UNKNOWN where there is none or it is no number."""
    value = head.first(b"content-length")
    return int(value) if _LENGTH.fullmatch(value) else UNKNOWN


def lengths_conflict(head: Head) -> bool:
    """Two framings, or two different lengths: what follows may be read differently by different servers (RFC 9112 §6.3)."""
    lengths = set(head.values(b"content-length"))
    return len(lengths) > 1 or bool(lengths and head.first(b"transfer-encoding"))


def _chunked(data: bytes, start: int) -> Body:
    """Walks the chunks (RFC 9112 §7.1) to the last one and the trailer's end, or as far as they are here."""
    prefix, position = b"", start
    while True:
        line_end = data.find(b"\n", position)
        size = _chunk_size(data[position:line_end]) if line_end >= 0 else UNKNOWN
        if size == UNKNOWN:
            return Body(prefix, len(data) - start, UNKNOWN)
        if size == 0:
            end = HEAD_END.search(data, line_end - 1) if data[line_end - 1 : line_end] == b"\r" else HEAD_END.search(data, line_end)
            return Body(prefix, end.end() - start, 0) if end else Body(prefix, len(data) - start, UNKNOWN)
        prefix += data[line_end + 1 : line_end + 1 + min(size, BODY_PREFIX_BYTES - len(prefix))]
        position = line_end + 1 + size
        position += 2 if data[position : position + 2] == b"\r\n" else 1
        if position > len(data):
            return Body(prefix, len(data) - start, UNKNOWN)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    return int(digits, 16) if re.fullmatch(rb"[0-9A-Fa-f]{1,15}", digits) else UNKNOWN
