"""FTP's control connection (RFC 959, 4217)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dialogue import Command, Credentials, Reply, StartTls, Turn, command_of, numbered_reply, read_line, user_and_password
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

PORTS = (21, 990, 2121)
POP_PORTS = (110, 995)
OPENINGS = (b"AUTH TLS", b"AUTH SSL", b"FEAT\r\n", b"SYST\r\n", b"OPTS UTF8")
TLS_AGREED = "234"
VERBS = frozenset(
    b"ABOR ACCT ALLO APPE AUTH CCC CDUP CLNT CONF CWD DELE ENC EPRT EPSV FEAT HELP HOST LANG LIST LPRT LPSV MDTM MFMT MIC MKD MLSD MLST MODE NLST "
    b"NOOP OPTS PASS PASV PBSZ PORT PROT PWD QUIT REIN REST RETR RMD RNFR RNTO SITE SIZE SMNT STAT STOR STOU STRU SYST TYPE USER XCUP XMKD XPWD "
    b"XRMD".split()
)


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A server's `220` that says FTP, or that stands on an FTP port and does not say SMTP; a client's opening command, POP's ports aside."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(is_one_of(heads.bytes[:, 0], tuple(b"2AFOSUafosu"))):
        head = heads.bytes[row].tobytes().upper()
        greets = head.startswith((b"220 ", b"220-")) and b"SMTP" not in head and (b"FTP" in head or heads.resp_port[row] in PORTS)
        found[row] = greets or head.startswith(OPENINGS) or (is_user(head) and heads.resp_port[row] not in POP_PORTS)
    return found


def is_user(head: bytes) -> bool:
    """USER with one argument: IRC's has four."""
    return head.startswith(b"USER ") and b" " not in head.partition(b"\r\n")[0].rstrip(b"\0 ")[5:]


def parse(data: bytes, *, from_responder: bool) -> Turn | NeedMore:
    """The next command or reply and its bytes; USER and the PASS behind it are one message. Raises ValueError."""
    if from_responder:
        turn = numbered_reply(data)
        if not isinstance(turn, NeedMore) and isinstance(turn[0], Reply) and turn[0].code == TLS_AGREED:
            return StartTls(), turn[1]
        return turn
    line = read_line(data)
    if line is None:
        return NEED_MORE
    verb, argument = command_of(line[0], VERBS)
    if verb == b"AUTH" and argument.upper() in (b"TLS", b"TLS-C", b"SSL"):
        return StartTls(), line[1]
    if verb == b"USER":
        return user_and_password(data, argument, line[1])
    if verb == b"PASS":
        return Credentials("user-pass", WireText(""), len(argument)), line[1]
    return Command(display(verb), display(argument)), line[1]
