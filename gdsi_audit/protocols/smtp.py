"""SMTP and LMTP dialogue up to the message or TLS (RFC 5321, 3207, 4954)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dialogue import Command, Reply, StartTls, Turn, command_of, numbered_reply, read_line, sasl
from gdsi_audit.wire_text import display

TRANSPORT = "tcp"

PORTS = (25, 465, 587, 2525)
GREETINGS = (b"EHLO ", b"HELO ", b"LHLO ")
VERBS = frozenset(b"EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP STARTTLS AUTH ETRN XCLIENT".split())
CONTENT_VERBS = (b"DATA", b"BDAT")


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A client's greeting; a server's `220` that says SMTP, or that stands on a mail port and does not say FTP."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(is_one_of(heads.bytes[:, 0], tuple(b"EeHhLl2"))):
        head = heads.bytes[row].tobytes().upper()
        greets = head.startswith((b"220 ", b"220-")) and (b"SMTP" in head or (heads.resp_port[row] in PORTS and b"FTP" not in head))
        found[row] = greets or head.startswith(GREETINGS)
    return found


def parse(data: bytes, *, from_responder: bool) -> Turn | NeedMore:
    """The next command or reply and its bytes; a login is one message with the lines that belong to it. Raises ValueError."""
    if from_responder:
        turn = numbered_reply(data)
        return turn if isinstance(turn, NeedMore) or not _agrees(turn[0]) else (StartTls(), turn[1])
    line = read_line(data)
    if line is None:
        return NEED_MORE
    verb, argument = command_of(line[0], VERBS)
    if verb == b"STARTTLS":
        return StartTls(), line[1]
    if verb == b"AUTH":
        return sasl(data, argument, line[1])
    return Command(display(verb), display(argument), verb in CONTENT_VERBS), line[1]


def _agrees(reply: object) -> bool:
    """`220` in answer to STARTTLS; a host's greeting says SMTP."""
    text = reply.text.upper() if isinstance(reply, Reply) and reply.code == "220" else ""
    return "SMTP" not in text and ("TLS" in text or text.startswith("2.0.0"))
