"""Which line of a file something stands on."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import Any


class Lines:
    """Looks texts up in the order in which they stand, so that a large file is searched once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [place for place, character in enumerate(text) if character == "\n"]
        self._at = 0

    def of(self, needle: str) -> int:
        """Line of the next `needle` as JSON writes it, from 1; of an earlier one where none follows; 1 where there is none."""
        for written in (json.dumps(needle), json.dumps(needle, ensure_ascii=False)):
            for begin in (self._at, 0):
                place = self._text.find(written, begin)
                if place >= 0:
                    self._at = place
                    return bisect_right(self._ends, place) + 1
        return 1


def document(raw: bytes) -> Any:
    """The JSON in `raw`. Raises ValueError naming the line."""
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start}: is no UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise ValueError("line 1: is nested too deeply") from error


def text_lines(raw: bytes) -> list[tuple[int, str]]:
    """(number, text without comment) of the lines that say something. Raises ValueError for what is no text."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start}: is no UTF-8") from error
    stripped = ((number, _without_comment(line)) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in stripped if line]


def _without_comment(line: str) -> str:
    """A `#`, `;` or `//` at the beginning, or behind white space, opens a comment; `#` inside an address does not."""
    plain = line.strip()
    if plain.startswith(("#", ";", "//")):
        return ""
    for mark in (" #", "\t#", " ;", "\t;", " //", "\t//"):
        plain = plain.partition(mark)[0]
    return plain.strip()
