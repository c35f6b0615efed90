"""The head and the framing of an HTTP/1.x message (RFC 9112), as lenient as the servers that devices talk to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from gdsi_audit.protocols import NEED_MORE, NeedMore
from gdsi_audit.wire_text import WireText, display

LONGEST_HEAD_BYTES = 16_000
"""A head that has not ended by then is read as far as it goes."""
MOST_HEADERS = 64
BODY_PREFIX_BYTES = 4096
UNKNOWN = -1
REMEMBERED_LINES = 4096
NO_TEXT = WireText("")

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")


class Field(NamedTuple):
    """One header field."""

    name: bytes
    """Lower case."""
    value: bytes
    shown_name: WireText
    shown_value: WireText


@dataclass(frozen=True, slots=True)
class Head:
    """Start line and header fields, whitespace around values gone, folded lines joined."""

    start_line: bytes
    fields: tuple[Field, ...]
    head_bytes: int
    malformed_lines: int
    """Lines that are no header field: left out."""
    cut: bool
    """The head did not end within LONGEST_HEAD_BYTES."""
    by_name: dict[bytes, Field]
    """The first field of each name."""

    def first(self, name: bytes) -> bytes:
        """Value of the first field `name`; empty: none."""
        found = self.by_name.get(name)
        return found.value if found else b""

    def text(self, name: bytes) -> WireText:
        found = self.by_name.get(name)
        return found.shown_value if found else NO_TEXT

    def values(self, name: bytes) -> list[bytes]:
        """Values of all fields `name`."""
        return [field.value for field in self.fields if field.name == name] if name in self.by_name else []

    def headers(self) -> tuple[tuple[WireText, WireText], ...]:
        return tuple((field.shown_name, field.shown_value) for field in self.fields[:MOST_HEADERS])


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
    by_name = {field.name: field for field in reversed(fields)}
    return Head(start_line.rstrip(b"\r"), fields, end.end() if end else len(data), malformed_lines, cut, by_name)


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


def _fields(lines: list[bytes]) -> tuple[tuple[Field, ...], int]:
    fields: list[Field] = []
    malformed_lines = 0
    for line in lines:
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = _made(fields[-1].name, fields[-1].value + b" " + line.strip())
            continue
        field = _field(line)
        if field is not None:
            fields.append(field)
        else:
            malformed_lines += bool(line.strip())
    return tuple(fields), malformed_lines


@lru_cache(maxsize=REMEMBERED_LINES)
def _field(line: bytes) -> Field | None:
    """Clients and servers repeat most lines of their heads, so lines are remembered."""
    name, colon, value = line.partition(b":")
    return _made(name.strip().lower(), value.strip()) if colon and name.strip() else None


def _made(name: bytes, value: bytes) -> Field:
    return Field(name, value, display(name), display(value))


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
