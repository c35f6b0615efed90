"""IRC: how a client registers (RFC 2812 section 3.1). What it then says is not read."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dialogue import Command, Credentials, read_line
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

_OPENING = re.compile(rb"(?:PASS [^\r\n ]+\r?\n(?:NICK|USER|CAP) |NICK [^\r\n ]{1,30}\r?\n|CAP (?:LS|REQ|END)|USER \S+ \S+ \S+ :)", re.IGNORECASE)
_LONG_SECRET = re.compile(rb"PASS [^\r\n ]{20,}\0*")
_WORD = re.compile(rb"(?::\S+ )?([A-Za-z]{2,12}|[0-9]{3})")
REGISTRATION = ("PASS", "NICK", "CAP", "AUTHENTICATE", "PING", "PONG")


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A client's PASS, NICK, USER or CAP in the form that IRC gives them; a password so long that nothing else shows, on IRC's ports."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(is_one_of(heads.bytes[:, 0], b"PNCUpncu") & (heads.from_responder == 0)):
        head = heads.bytes[row].tobytes()
        on_port = 6660 <= heads.resp_port[row] <= 6669
        found[row] = bool(_OPENING.match(head)) or (on_port and bool(_LONG_SECRET.fullmatch(head)))
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[Command | Credentials, int] | NeedMore:
    """The next command of the registration and its bytes. Raises ValueError."""
    del from_responder
    line = read_line(data)
    if line is None:
        return NEED_MORE
    word = _WORD.match(line[0])
    if word is None:
        raise ValueError("no command of IRC at offset 0")
    verb = word[1].decode().upper()
    if verb == "PASS":
        return Credentials("pass", WireText(""), len(line[0][word.end() :].strip().removeprefix(b":"))), line[1]
    return Command(display(verb.encode()), WireText(""), verb not in REGISTRATION), line[1]
