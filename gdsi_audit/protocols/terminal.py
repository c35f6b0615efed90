"""A shell or a login over a bare connection: text that nothing else on the shelf claims, once it shows what it is.

Recognition is wide on purpose (any short text), since a prompt seldom stands first; no message is made, and so nothing is called a terminal, before
the text has shown a login, a prompt, or the output of a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import HEAD_BYTES, NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._terminal_text import LISTING, LOOKED_AT_BYTES, MENU, OUTPUT, REFUSED, SHELL, signs_of

TRANSPORT = "tcp"

LONGEST_FIRST_BYTES = 1_400
"""Dialogues begin with a little text, transfers with a full segment."""
ALSO_ELSEWHERE = frozenset({REFUSED, LISTING})
"""Signs that dialogues and transfers of other protocols show as well: no terminal by themselves."""
_TEXT = np.zeros(256, np.bool_)
_TEXT[0x20:0x7F] = True
_TEXT[list(b"\t\r\n\x1b\x07\x08")] = True
_OTHER_FORMATS = b"{<[|*:+"
"""JSON, XML and the like, IRC and other protocols of lines."""
_BRACKET = 0x5B
_COMMAND = re.compile(
    rb"(?:^|\n)(?:/bin/)?(?:busybox )?(?:id|whoami|uname(?: -\w+)?|pwd|ps(?: -?\w+)?|ls(?: [-/.~][^\r\n]*)?|cd [/.~][^\r\n]*|cat /[^\r\n]+|ifconfig"
    rb"|netstat(?: -\w+)?|wget (?:-\S+ )*(?:https?|ftp)://[^\r\n]+|curl (?:-\S+ )*https?://[^\r\n]+|tftp -[^\r\n]+|chmod [0-7+][^\r\n]+"
    rb"|sh -i|nc -[^\r\n]+|ipconfig(?: /all)?|systeminfo|hostname|dmesg|reboot|uptime)[ \t]*(?=\r|\n)"
)


@dataclass(frozen=True, slots=True)
class TerminalText:
    """What one side's text shows. The text itself is not kept."""

    signs: tuple[str, ...]
    """As `_terminal_text` names them; empty: it is a command."""
    commands: int
    """Lines that are commands for a shell."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Short text."""
    few = (heads.length > 0) & (heads.length <= LONGEST_FIRST_BYTES) & _TEXT[heads.bytes[:, 0]]
    found: NDArray[np.bool_] = few
    rows = np.flatnonzero(few)
    if rows.size:
        behind = np.arange(HEAD_BYTES) >= heads.length[rows, None]
        text = (_TEXT[heads.bytes[rows]] | behind).all(axis=1)
        first = heads.bytes[rows, 0]
        for other in _OTHER_FORMATS:
            text &= (first != other) | ((first == _BRACKET) & (heads.bytes[rows, 1] >= 0x61) & (heads.bytes[rows, 1] <= 0x7A))
        found[rows] = text
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[TerminalText, int] | NeedMore:
    """All text so far, as soon as it shows something. Raises ValueError for what does not begin as text."""
    del from_responder
    if data and data[0] < 0x20 and not _TEXT[data[0]] and data[0] != 0:
        raise ValueError("no text at offset 0")
    end = data[-LOOKED_AT_BYTES:]
    signs = tuple(sign for sign in signs_of(end) if sign != MENU)
    commands = sum(1 for _ in _COMMAND.finditer(end))
    if not ALSO_ELSEWHERE.issuperset(signs):
        return TerminalText(signs, 0 if set(signs) & set(SHELL) else commands), len(data)
    return (TerminalText((), commands), len(data)) if commands else NEED_MORE


def shown_in(message: bytes) -> TerminalText:
    """The same of one whole message, in which neither a prompt nor the end of a line stands behind what was said."""
    signs = tuple(sign for sign in signs_of(message) if sign in OUTPUT)
    return TerminalText(signs, 0 if signs else sum(1 for _ in _COMMAND.finditer(message.strip(b"\0") + b"\n")))
