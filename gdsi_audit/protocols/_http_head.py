"""The head and the framing of an HTTP/1.x message (RFC 9112), as lenient as the servers that devices talk to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from gdsi_audit.protocols import NEED_MORE, NeedMore
from gdsi_audit.wire_text import WireText, display

LONGEST_HEAD_BYTES = 16_000
"""A head that has not ended by then is read as far as it goes."""
MOST_HEADERS = 64
BODY_PREFIX_BYTES = 4096
UNKNOWN = -1

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Head:
    """Start line and header fields, whitespace around values gone, folded lines joined."""

    start_line: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    """(name in lower case, value)."""
    head_bytes: int
    malformed_lines: int
    """Lines that are no header field: left out."""
    cut: bool
    """The head did not end within LONGEST_HEAD_BYTES."""

    def first(self, name: bytes) -> bytes:
        """Value of the first field `name`; empty: none."""
        return next((value for field, value in self.fields if field == name), b"")

    def text(self, name: bytes) -> WireText:
        return display(self.first(name))

    def headers(self) -> tuple[tuple[WireText, WireText], ...]:
        return tuple((display(name), display(value)) for name, value in self.fields[:MOST_HEADERS])


class Body(NamedTuple):
    """What is there of the body."""

    prefix: bytes
    """First bytes, chunk framing gone."""
    used_bytes: int
    """On the wire, framing included."""
    missing_bytes: int
    """Not here yet; UNKNOWN: chunks still to come, or all bytes until the connection closes."""


def read_head(data: bytes) -> Head | NeedMore:
    """The head at the beginning of `data`, empty lines before it skipped (RFC 9112 §2.2)."""
    begin = len(data) - len(data.lstrip(b"\r\n"))
    end = _HEAD_END.search(data, begin)
    cut = end is None
    if end is None and len(data) < LONGEST_HEAD_BYTES:
        return NEED_MORE
    start_line, *lines = data[begin : end.start() if end else len(data)].split(b"\n")
    fields, malformed_lines = _fields(lines)
    return Head(start_line.rstrip(b"\r"), fields, end.end() if end else len(data), malformed_lines, cut)


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
    lengths = {value for name, value in head.fields if name == b"content-length"}
    return len(lengths) > 1 or bool(lengths and head.first(b"transfer-encoding"))


def _fields(lines: list[bytes]) -> tuple[tuple[tuple[bytes, bytes], ...], int]:
    fields: list[tuple[bytes, bytes]] = []
    malformed_lines = 0
    for line in lines:
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
        elif colon and name.strip():
            fields.append((name.strip().lower(), value.strip()))
        else:
            malformed_lines += bool(line.strip())
    return tuple(fields), malformed_lines


def _chunked(data: bytes, start: int) -> Body:
    """Walks the chunks (RFC 9112 §7.1) to the last one and the trailer's end, or as far as they are here."""
    prefix, position = b"", start
    while True:
        line_end = data.find(b"\n", position)
        size = _chunk_size(data[position:line_end]) if line_end >= 0 else UNKNOWN
        if size == UNKNOWN:
            return Body(prefix, len(data) - start, UNKNOWN)
        if size == 0:
            end = _HEAD_END.search(data, line_end - 1) if data[line_end - 1 : line_end] == b"\r" else _HEAD_END.search(data, line_end)
            return Body(prefix, end.end() - start, 0) if end else Body(prefix, len(data) - start, UNKNOWN)
        prefix += data[line_end + 1 : line_end + 1 + min(size, BODY_PREFIX_BYTES - len(prefix))]
        position = line_end + 1 + size
        position += 2 if data[position : position + 2] == b"\r\n" else 1
        if position > len(data):
            return Body(prefix, len(data) - start, UNKNOWN)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    return int(digits, 16) if re.fullmatch(rb"[0-9A-Fa-f]{1,15}", digits) else UNKNOWN
