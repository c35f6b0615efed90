"""POP3 up to the login or TLS (RFC 1939, 2595, 5034)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dialogue import Command, Credentials, Reply, StartTls, Turn, command_of, read_line, sasl, user_and_password
from gdsi_audit.protocols.ftp import POP_PORTS, is_user
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

OPENINGS = (b"CAPA\r\n", b"STLS\r\n", b"APOP ")
VERBS = frozenset(b"APOP AUTH CAPA DELE LIST NOOP PASS QUIT RETR RSET STAT STLS TOP UIDL USER UTF8 LANG".split())
CONTENT_VERBS = (b"RETR", b"TOP")


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A server's `+OK`; a client's opening command, USER only on POP's ports."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(is_one_of(heads.bytes[:, 0], tuple(b"+ACSUacsu"))):
        head = heads.bytes[row].tobytes().upper()
        opens = head.startswith(OPENINGS) or (is_user(head) and heads.resp_port[row] in POP_PORTS)
        bare = head.startswith(b"+OK\r\n") and heads.resp_port[row] in POP_PORTS  # Redis says the same
        found[row] = head.startswith(b"+OK ") or bare or opens
    return found


def parse(data: bytes, *, from_responder: bool) -> Turn | NeedMore:
    """The next command or status line and its bytes; a login is one message with the lines that belong to it. Raises ValueError."""
    line = read_line(data)
    if line is None:
        return NEED_MORE
    if from_responder:
        return _status(line[0]), line[1]
    verb, argument = command_of(line[0], VERBS)
    if verb == b"STLS":
        return StartTls(), line[1]
    if verb == b"AUTH" and argument:
        return sasl(data, argument, line[1])
    if verb == b"USER":
        return user_and_password(data, argument, line[1])
    if verb in (b"APOP", b"PASS"):
        user, _, digest = argument.rpartition(b" ") if verb == b"APOP" else (b"", b" ", argument)
        return Credentials("apop" if verb == b"APOP" else "user-pass", display(user) if user else WireText(""), len(digest)), line[1]
    return Command(display(verb), display(argument), verb in CONTENT_VERBS), line[1]


def _status(line: bytes) -> Reply | StartTls:
    code, _, text = line.partition(b" ")
    if code not in (b"+OK", b"-ERR", b"+"):
        raise ValueError("no POP3 status at offset 0")
    return StartTls() if code == b"+OK" and b"BEGIN TLS" in text.upper() else Reply(display(code), display(text))
