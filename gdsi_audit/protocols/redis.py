"""Redis: what a client commands, in the form of arrays of strings; its login without the secret (RESP, versions 2 and 3)."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._dialogue import Command, Credentials
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

MOST_WORDS = 64
LONGEST_WORD_BYTES = 16_000
_BEGINNING = re.compile(rb"\*[1-9][0-9]?\r\n\$[1-9][0-9]?\r\n[A-Za-z]")
_SIZE = re.compile(rb"[0-9]{1,6}")


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A client's array whose first string is a word."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero((heads.bytes[:, 0] == 0x2A) & (heads.from_responder == 0)):
        found[row] = bool(_BEGINNING.match(heads.bytes[row].tobytes()))
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[Command | Credentials, int] | NeedMore:
    """The next command and its bytes. Raises ValueError."""
    del from_responder
    line = _line(data, 0, b"*")
    if line is None:
        return NEED_MORE
    count, place = line
    if not 1 <= count <= MOST_WORDS:
        raise ValueError(f"an array of {count} strings at offset 0")
    words = []
    for _ in range(count):
        word = _word(data, place)
        if word is None:
            return NEED_MORE
        words.append(word[0])
        place = word[1]
    return _command(words), place


def _command(words: list[bytes]) -> Command | Credentials:
    """AUTH password, AUTH user password, HELLO version AUTH user password; of other commands the verb alone."""
    verb = words[0].upper()
    upper = [word.upper() for word in words]
    login = words[1:] if verb == b"AUTH" else words[upper.index(b"AUTH") + 1 :] if verb == b"HELLO" and b"AUTH" in upper else []
    if login:
        return Credentials("auth", display(login[0]) if len(login) > 1 else WireText(""), len(login[min(1, len(login) - 1)]))
    return Command(display(verb[:32]), WireText(""))


def _word(data: bytes, place: int) -> tuple[bytes, int] | None:
    line = _line(data, place, b"$")
    if line is None:
        return None
    size, begin = line
    if size > LONGEST_WORD_BYTES:
        raise ValueError(f"a string of {size} bytes at offset {place}")
    if len(data) < begin + size + 2:
        return None
    if data[begin + size : begin + size + 2] != b"\r\n":
        raise ValueError(f"a string without end at offset {begin + size}")
    return data[begin : begin + size], begin + size + 2


def _line(data: bytes, place: int, mark: bytes) -> tuple[int, int] | None:
    """The number in the line that begins with `mark`, and the offset behind it; None: not whole yet."""
    if place == len(data):
        return None
    end = data.find(b"\r\n", place, place + 16)
    number = data[place + 1 : end] if end >= 0 else data[place + 1 :].rstrip(b"\r")
    if data[place : place + 1] != mark or (number and not _SIZE.fullmatch(number)) or (end >= 0 and not number):
        raise ValueError(f"no number behind {mark!r} at offset {place}")
    return (int(number), end + 2) if end >= 0 else None
