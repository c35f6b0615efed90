"""What the line protocols share: SMTP, FTP, POP3 and IMAP talk in lines of text, and may hand the stream over to TLS."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from gdsi_audit.protocols import NEED_MORE, NeedMore
from gdsi_audit.wire_text import WireText, display

LONGEST_LINE_BYTES = 4096
RESPONSES_OF = {b"PLAIN": 1, b"LOGIN": 2}
"""Lines that a client sends for a SASL mechanism that shows its user (RFC 4616)."""
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1b")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server says."""

    code: WireText
    """220, +OK, OK …"""
    text: WireText
    """The rest of its first line."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a client asks."""

    verb: WireText
    """Upper case."""
    argument: WireText
    satisfied: bool = False
    """What follows is content, not dialogue."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client logs in, readable. The secret itself is not kept."""

    kind: str
    """Mechanism: user-pass, plain, login, apop …"""
    user: WireText
    """Empty: not shown, or not in this message."""
    secret_bytes: int
    """-1: not seen."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """A client asks for TLS, or a server agrees: what follows in this direction is TLS, unless the server declined."""

    @property
    def hands_over(self) -> bool:
        """Behind this message the stream speaks another protocol."""
        return True


Turn = tuple[Reply | Command | Credentials | StartTls, int]


def read_line(data: bytes, start: int = 0) -> tuple[bytes, int] | None:
    """The line at `start` without its end, and the offset behind it; None: not whole yet. Raises ValueError for what is no text."""
    end = data.find(b"\n", start, start + LONGEST_LINE_BYTES)
    line = data[start:end] if end >= 0 else data[start : start + LONGEST_LINE_BYTES]
    if len(line) == LONGEST_LINE_BYTES or len(line.translate(None, _CONTROL)) < len(line):
        raise ValueError(f"no line of text at offset {start}")
    return (line.rstrip(b"\r"), end + 1) if end >= 0 else None


def command_of(line: bytes, verbs: frozenset[bytes]) -> tuple[bytes, bytes]:
    """(verb in upper case, argument). Raises ValueError for a verb that is not of the protocol."""
    verb, _, argument = line.partition(b" ")
    if verb.upper() not in verbs:
        raise ValueError(f"no command of this protocol at offset 0: {display(verb[:32])}")
    return verb.upper(), argument.strip()


def numbered_reply(data: bytes) -> Turn | NeedMore:
    """`250-first`, … `250 last`: a whole reply of SMTP or FTP (RFC 5321 §4.2.1, RFC 959 §4.2). Raises ValueError."""
    line = read_line(data)
    if line is None:
        return NEED_MORE
    first, behind = line
    code, mark, text = first[:3], first[3:4], first[4:]
    if not code.isdigit() or len(code) < 3 or mark not in (b" ", b"-", b""):
        raise ValueError("no numbered reply at offset 0")
    while mark == b"-":
        line = read_line(data, behind)
        if line is None:
            return NEED_MORE
        mark, behind = (b"" if line[0][:4] in (code + b" ", code) else b"-"), line[1]
    return Reply(display(code), display(text)), behind


def user_and_password(data: bytes, user: bytes, behind: int) -> Turn | NeedMore:
    """The user at hand and the PASS that follows it; NEED_MORE until the next line is here."""
    line = read_line(data, behind)
    if line is None:
        return NEED_MORE
    verb, _, secret = line[0].partition(b" ")
    if verb.upper() != b"PASS":
        return Credentials("user-pass", display(user), -1), behind
    return Credentials("user-pass", display(user), len(secret)), line[1]


def sasl(data: bytes, argument: bytes, behind: int) -> Turn | NeedMore:
    """An AUTH command with mechanism and perhaps first response in `argument`, and the client's lines that answer it (RFC 4954)."""
    mechanism, _, initial = argument.partition(b" ")
    kind = str(display(mechanism)).lower()
    responses = [initial] if initial else []
    for _ in range(RESPONSES_OF.get(mechanism.upper(), 0) - len(responses)):
        line = read_line(data, behind)
        if line is None:
            return NEED_MORE
        responses.append(line[0])
        behind = line[1]
    decoded = [_decoded(response) for response in responses]
    if mechanism.upper() == b"PLAIN":
        decoded = decoded[0].split(b"\0")[1:]
    if mechanism.upper() not in RESPONSES_OF or len(decoded) < 2:
        return Credentials(kind, WireText(""), len(initial) if initial else -1), behind
    return Credentials(kind, display(decoded[0]), len(decoded[1])), behind


def _decoded(response: bytes) -> bytes:
    try:
        return base64.b64decode(response, validate=True)
    except binascii.Error:
        return response
