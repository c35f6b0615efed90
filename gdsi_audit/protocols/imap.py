"""IMAP up to the login or TLS (RFC 9051)."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._dialogue import Command, Credentials, Reply, StartTls, Turn, command_of, read_line, sasl
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

VERBS = frozenset(
    b"APPEND AUTHENTICATE CAPABILITY CLOSE COMPRESS COPY CREATE DELETE ENABLE EXAMINE EXPUNGE FETCH GETQUOTA ID IDLE LIST LOGIN LOGOUT LSUB MOVE "
    b"NAMESPACE NOOP RENAME SEARCH SELECT STARTTLS STATUS STORE SUBSCRIBE UID UNSELECT UNSUBSCRIBE XLIST".split()
)
CONTENT_VERBS = (b"APPEND", b"FETCH", b"UID")
_OPENING = re.compile(rb"[A-Z0-9.]{1,16} (?:CAPABILITY|ID \(|ID NIL|LOGIN |AUTHENTICATE |STARTTLS|NOOP\r\n|LOGOUT\r\n)")
_GREETING = (b"* OK", b"* PREAUTH", b"* BYE")
_TAGGED = re.compile(rb"[A-Za-z0-9.]{1,32} (OK|NO|BAD)\b ?(.*)", re.DOTALL)
_LOGIN = re.compile(rb'(?:"((?:[^"\\]|\\.)*)"|([^\s"{]+))\s+(?:"((?:[^"\\]|\\.)*)"|([^\s"{]+))')


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A server's greeting, or a client's tagged opening command."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero((heads.bytes[:, 0] == 0x2A) | ((heads.bytes[:, 0] >= 0x2E) & (heads.bytes[:, 0] <= 0x7A))):
        head = heads.bytes[row].tobytes().upper()
        found[row] = head.startswith(_GREETING) or bool(_OPENING.match(head))
    return found


def parse(data: bytes, *, from_responder: bool) -> Turn | NeedMore:
    """The next command or response line and its bytes. Raises ValueError."""
    line = read_line(data)
    if line is None:
        return NEED_MORE
    if from_responder:
        return _response(line[0]), line[1]
    tag, _, rest = line[0].partition(b" ")
    if not tag:
        raise ValueError("no IMAP tag at offset 0")
    verb, argument = command_of(rest, VERBS)
    if verb == b"STARTTLS":
        return StartTls(), line[1]
    if verb == b"AUTHENTICATE":
        return sasl(data, argument, line[1])
    if verb == b"LOGIN":
        return _login(argument), line[1]
    return Command(display(verb), display(argument), verb in CONTENT_VERBS), line[1]


def _login(argument: bytes) -> Credentials:
    """User and password as words or quoted; as literals they stand in the next lines, and are not read."""
    words = _LOGIN.fullmatch(argument)
    if words is None:
        return Credentials("login", WireText(""), -1)
    return Credentials("login", display(words[1] or words[2] or b""), len(words[3] or words[4] or b""))


def _response(line: bytes) -> Reply | StartTls:
    tagged = _TAGGED.fullmatch(line)
    if tagged:
        return StartTls() if tagged[1] == b"OK" and b"BEGIN TLS" in tagged[2].upper() else Reply(display(tagged[1]), display(tagged[2]))
    mark, _, text = line.partition(b" ")
    if mark not in (b"*", b"+"):
        raise ValueError("no IMAP response at offset 0")
    return Reply(display(text.partition(b" ")[0] if mark == b"*" else mark), display(text))
