"""JSON with the line of every key and list item: the parser of the standard library does not say."""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder
from pathlib import Path

from gdsi_audit.declarations._document import text_of
from gdsi_audit.declarations._lines import DEEPEST_NESTING, Lines, Where
from gdsi_audit.wire_text import printable

_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_STRINGS = JSONDecoder()
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}

LONGEST_NUMBER = 400


def document(path: Path, raw: bytes) -> tuple[object, Lines]:
    """The value of a JSON file and the line of each of its parts. Raises ValueError naming file and line."""
    text = text_of(path, raw)
    try:
        return located(text)
    except ValueError as error:
        line, _, rest = str(error).removeprefix("line ").partition(": ")
        raise ValueError(f"{path.name}:{line}: not JSON: {printable(rest)}") from error


def located(text: str) -> tuple[object, Lines]:
    """The value of a JSON text (RFC 8259) and the line of each of its parts.

    Raises ValueError opening with `line N: ` for what is not JSON, for a key given twice, for half a surrogate pair and for nesting deeper than
    DEEPEST_NESTING.
    """
    reader = _Reader(text)
    value = reader.value(())
    if reader.skip() != len(text):
        raise reader.error("something follows the end")
    return value, reader.lines


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Where, int] = {}
        self.counted_to = 0
        self.line = 1

    def error(self, text: str) -> ValueError:
        return ValueError(f"line {self.text.count(chr(10), 0, self.at) + 1}: {text}")

    def skip(self) -> int:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def value(self, where: Where) -> object:
        self.skip()
        self._mark(where)
        opening = self.text[self.at : self.at + 1]
        if opening == "{":
            return self._table(where)
        if opening == "[":
            return self._list(where)
        return self._string() if opening == '"' else self._scalar()

    def _mark(self, where: Where) -> None:
        if len(where) > DEEPEST_NESTING:
            raise self.error(f"nested deeper than {DEEPEST_NESTING} levels")
        self.line += self.text.count("\n", self.counted_to, self.at)
        self.counted_to = self.at
        self.lines.setdefault(where, self.line)

    def _table(self, where: Where) -> dict[str, object]:
        table: dict[str, object] = {}
        while self._another("{" if not table else ",", "}", first=not table):
            if self.text[self.at : self.at + 1] != '"':
                raise self.error("a key in quotes is missing")
            key_at = self.at
            key = self._string()
            if key in table:
                self.at = key_at
                raise self.error(f"the key {key[:60]!a} is given twice")
            self.at, after = key_at, self.at
            self._mark((*where, key))
            self.at = after
            self._expect(":")
            table[key] = self.value((*where, key))
        return table

    def _list(self, where: Where) -> list[object]:
        items: list[object] = []
        while self._another("[" if not items else ",", "]", first=not items):
            items.append(self.value((*where, len(items))))
        return items

    def _another(self, before: str, closing: str, *, first: bool) -> bool:
        """Whether another part follows; steps over what stands before it, or over the end."""
        self.skip()
        if not first and self.text.startswith(closing, self.at):
            self.at += 1
            return False
        self._expect(before)
        if first and self.text.startswith(closing, self.at):
            self.at += 1
            return False
        return True

    def _expect(self, mark: str) -> None:
        if self.skip() >= len(self.text) or self.text[self.at] != mark:
            raise self.error(f'"{mark}" is missing')
        self.at += 1
        self.skip()

    def _string(self) -> str:
        try:
            string, self.at = _STRINGS.raw_decode(self.text, self.at)
        except JSONDecodeError as error:
            raise self.error(error.msg) from error
        if any("\ud800" <= character <= "\udfff" for character in string):
            raise self.error("a text holds half a surrogate pair")
        return str(string)

    def _scalar(self) -> object:
        for word, meaning in _WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        found = _NUMBER.match(self.text, self.at)
        if not found:
            raise self.error("a value is missing" if self.at >= len(self.text) else f'"{self.text[self.at : self.at + 20]}" begins no value')
        if len(found[0]) > LONGEST_NUMBER:
            raise self.error(f"a number has more than {LONGEST_NUMBER} characters")
        self.at = found.end()
        return float(found[0]) if found[1] or found[2] else int(found[0])
