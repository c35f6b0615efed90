"""The head of an HTTP/1.x message (RFC 9112 section 2), as lenient as the servers that devices talk to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from gdsi_audit.protocols import NEED_MORE, NeedMore
from gdsi_audit.wire_text import WireText, display

LONGEST_HEAD_BYTES = 16_000
"""A head that has not ended by then is read as far as it goes."""
HEAD_END = re.compile(rb"\r?\n\r?\n")
MOST_HEADERS = 64
REMEMBERED_LINES = 4096
NO_TEXT = WireText("")


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
        """Value of the first field `name` in display form; empty: none."""
        found = self.by_name.get(name)
        return found.shown_value if found else NO_TEXT

    def values(self, name: bytes) -> list[bytes]:
        """Values of all fields `name`."""
        return [field.value for field in self.fields if field.name == name] if name in self.by_name else []

    def headers(self) -> tuple[tuple[WireText, WireText], ...]:
        """(name, value) of the first MOST_HEADERS fields, in display form."""
        return tuple((field.shown_name, field.shown_value) for field in self.fields[:MOST_HEADERS])


def read_head(data: bytes) -> Head | NeedMore:
    """The head at the beginning of `data`, empty lines before it skipped (RFC 9112 §2.2)."""
    begin = len(data) - len(data.lstrip(b"\r\n"))
    end = HEAD_END.search(data, begin)
    cut = end is None
    if end is None and len(data) < LONGEST_HEAD_BYTES:
        return NEED_MORE
    start_line, *lines = data[begin : end.start() if end else len(data)].split(b"\n")
    fields, malformed_lines = _fields(lines)
    by_name = {field.name: field for field in reversed(fields)}
    return Head(start_line.rstrip(b"\r"), fields, end.end() if end else len(data), malformed_lines, cut, by_name)


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
