"""On which line each key of a TOML document stands: the parser of the standard library does not say.

The scanner trusts that the document is valid TOML: it runs behind tomllib and only keeps count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Where = tuple[str | int, ...]
"""The way to a value: ("destination", 0, "ports", 1)."""

Lines = Mapping[Where, int]
"""Line, from 1, of every table, key and list item; () is line 1."""

DEEPEST_NESTING = 64

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_ESCAPES = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def nearest_line(lines: Lines, where: Where) -> int:
    """The line of `where`, or of the nearest thing around it."""
    return next((lines[where[:depth]] for depth in range(len(where), -1, -1) if where[:depth] in lines), 1)


def toml_lines(text: str) -> Lines:
    """Lines of a valid TOML document. Raises ValueError for what nests deeper than DEEPEST_NESTING."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Where, int] = {(): 1}
        self.counts: dict[Where, int] = {}
        self.counted_to = 0
        self.line = 1

    def scan(self) -> Lines:
        table: Where = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._assignment(table)
        return self.lines

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at + 1
        return self.at

    def _mark(self, where: Where) -> None:
        self.line += self.text.count("\n", self.counted_to, self.at)
        self.counted_to = self.at
        if len(where) > DEEPEST_NESTING:
            raise ValueError(f"line {self.line}: nested deeper than {DEEPEST_NESTING} levels")
        self.lines.setdefault(where, self.line)

    def _header(self) -> Where:
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        *above, last = self._key()
        where = (*self._inside(above), last)
        if many:
            self._mark(where)
            self.counts[where] = self.counts.get(where, 0) + 1
            where = (*where, self.counts[where] - 1)
        self._mark(where)
        self.at += 2 if many else 1
        return where

    def _inside(self, keys: list[str]) -> Where:
        """The way to a table; where it is an array of tables, to its newest one."""
        where: Where = ()
        for key in keys:
            where = (*where, key)
            where = (*where, self.counts[where] - 1) if where in self.counts else where
        return where

    def _assignment(self, table: Where) -> None:
        begin = self.at
        where: Where = (*table, *self._key())
        end, self.at = self.at, begin
        for depth in range(len(table) + 1, len(where) + 1):
            self._mark(where[:depth])
        self.at = end + 1
        self._value(where)

    def _key(self) -> list[str]:
        """The parts of a dotted key; stops at what follows it."""
        parts: list[str] = []
        while True:
            self._skip(_SPACES)
            begin = self.at
            self._skip(next((p for p in _STRINGS[2:] if p.match(self.text, self.at)), _BARE))
            parts.append(_unquoted(self.text[begin : self.at]))
            if len(parts) > DEEPEST_NESTING:
                raise ValueError(f"a key has more than {DEEPEST_NESTING} parts")
            if self._skip(_SPACES) >= len(self.text) or self.text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, where: Where) -> None:
        self._skip(_BLANK)
        opening = self.text[self.at : self.at + 1]
        if opening == "[":
            self._list(where)
        elif opening == "{":
            self._inline_table(where)
        else:
            self._skip(next((p for p in _STRINGS if p.match(self.text, self.at)), _SCALAR))

    def _list(self, where: Where) -> None:
        self.at += 1
        index = 0
        while self._skip(_BLANK) < len(self.text) and self.text[self.at] != "]":
            self._mark((*where, index))
            self._value((*where, index))
            index += 1
            self._comma()
        self.at += 1

    def _inline_table(self, where: Where) -> None:
        self.at += 1
        while self._skip(_BLANK) < len(self.text) and self.text[self.at] != "}":
            self._assignment(where)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._skip(_BLANK)
        self.at += self.text.startswith(",", self.at)


def _unquoted(part: str) -> str:
    if part[:1] == '"':
        return _ESCAPES.sub(lambda found: chr(int(found[1] or found[2], 16)) if found[1] or found[2] else _SHORT.get(found[3], found[3]), part[1:-1])
    return part[1:-1] if part[:1] == "'" else part
