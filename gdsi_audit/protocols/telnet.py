"""Telnet: that options are negotiated, what the text shows, and how long the lines are that a client types (RFC 854, 855)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._terminal_text import signs_of

TRANSPORT = "tcp"

IAC, SE, SB, WILL, DONT = 0xFF, 0xF0, 0xFA, 0xFB, 0xFE
LAST_OPTION = 49
LONGEST_SUBNEGOTIATION_BYTES = 512
_LINE_END = re.compile(rb"\r\n|\r\0|\r|\n")


@dataclass(frozen=True, slots=True)
class TelnetText:
    """What one side says. The text itself is not kept."""

    options: int
    """Options that were offered, asked for or detailed in it."""
    signs: tuple[str, ...]
    """What the text shows, as `_terminal_text` names it."""
    lines: tuple[int, ...]
    """Bytes of each whole line that a client typed."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """An option offered or asked for, or its detail, and behind it the next or text."""
    head = heads.bytes
    asks = (head[:, 1] >= WILL) & (head[:, 1] <= DONT) & (head[:, 2] <= LAST_OPTION)
    details = (head[:, 1] == SB) & (head[:, 2] <= LAST_OPTION)
    after = head[:, 3]
    goes_on = (heads.length == 3) | (after == IAC) | ((after >= 0x20) & (after < 0x7F)) | (after == 0x0D) | (after == 0x0A) | (after == 0x1B)
    found: NDArray[np.bool_] = (head[:, 0] == IAC) & (heads.length >= 3) & ((asks & goes_on) | details)
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[TelnetText, int] | NeedMore:
    """Negotiation, and text as soon as it shows something: all that is here of both. Raises ValueError for a command that telnet has not."""
    text, options, behind = _split(data)
    signs = signs_of(text) if from_responder else ()
    lines = () if from_responder else _lines(text)
    if signs or lines:
        rest = 0 if from_responder else len(_LINE_END.split(text)[-1])
        return TelnetText(options, signs, lines), behind - rest
    first = _negotiation_bytes(data)
    if first:
        return TelnetText(_split(data[:first])[1], (), ()), first
    return NEED_MORE


def _lines(text: bytes) -> tuple[int, ...]:
    """Sizes of the whole lines; a carriage return at the very end may still get its second byte, and ends the line all the same."""
    return tuple(len(line) for line in _LINE_END.split(text)[:-1])


def _split(data: bytes) -> tuple[bytes, int, int]:
    """(text without commands, options, offset behind what is whole)."""
    text, options, place = bytearray(), 0, 0
    while (command := data.find(IAC, place)) >= 0:
        text += data[place:command]
        size = _command_bytes(data, command)
        if size == 0:
            return bytes(text), options, command
        options += data[command + 1] >= SB and data[command + 1] != IAC
        text += data[command : command + 1] if data[command + 1] == IAC else b""
        place = command + size
    return bytes(text + data[place:]), options, len(data)


def _negotiation_bytes(data: bytes) -> int:
    """Bytes of the whole commands that `data` begins with."""
    place = 0
    while data[place : place + 1] == bytes([IAC]) and (size := _command_bytes(data, place)):
        place += size
    return place


def _command_bytes(data: bytes, place: int) -> int:
    """Of the command at `place`; 0: not whole yet. Raises ValueError."""
    kind = data[place + 1] if place + 1 < len(data) else -1
    if kind < 0:
        return 0
    if kind == SB:
        end = data.find(bytes([IAC, SE]), place + 2, place + LONGEST_SUBNEGOTIATION_BYTES)
        if end < 0 and len(data) >= place + LONGEST_SUBNEGOTIATION_BYTES:
            raise ValueError(f"a telnet option without end at offset {place}")
        return end + 2 - place if end >= 0 else 0
    if kind < SE - 4:
        raise ValueError(f"no telnet command {kind:#04x} at offset {place}")
    if WILL <= kind <= DONT:
        return 3 if place + 2 < len(data) else 0
    return 2
