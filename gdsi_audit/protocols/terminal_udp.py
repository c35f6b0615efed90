"""A shell over bare datagrams: each is recognised by itself, so only what leaves no doubt is."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._terminal_text import SHELL, signs_of
from gdsi_audit.protocols.terminal import TerminalText

TRANSPORT = "udp"
EVERY_DATAGRAM = True

_BEGINNING = re.compile(
    rb"[\r\n]*(?:uid=(?:0[ (\r\n\0]|[0-9]+\()|BusyBox v[0-9]|root:[^:]{0,20}:0:0:"
    rb"|(?:[\w.-]+@[\w.-]+:\S* ?|[/~]\S* |(?:ba|a|da)?sh-[0-9.]+)?[#$] \0)"
)


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """The output of `id`, a shell's banner, a list of accounts, or a prompt alone."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(is_one_of(heads.bytes[:, 0], b"uBr\r\n#$/~bas") & (heads.length >= 2)):
        found[row] = bool(_BEGINNING.match(heads.bytes[row].tobytes()))
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> TerminalText:
    """What the first datagram shows. Raises ValueError where that is nothing of a shell."""
    del from_responder
    signs = tuple(sign for sign in signs_of(datagrams[0]) if sign in SHELL)
    if not signs:
        raise ValueError("nothing of a shell at offset 0")
    return TerminalText(signs, 0)
