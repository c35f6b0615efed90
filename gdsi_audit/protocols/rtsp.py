"""RTSP 1.0 and 2.0: which stream is asked for, with which right (RFC 2326, RFC 7826). Interleaved media end the dialogue."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._basic_credentials import basic_sizes
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dns_names import folded
from gdsi_audit.protocols._http_body import content_length_of
from gdsi_audit.protocols._http_head import Head, read_head
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

METHODS = (
    *(b"OPTIONS", b"DESCRIBE", b"SETUP", b"PLAY", b"PAUSE", b"TEARDOWN", b"ANNOUNCE", b"RECORD", b"GET_PARAMETER", b"SET_PARAMETER", b"REDIRECT"),
    *(b"PLAY_NOTIFY",),
)
INTERLEAVED = 0x24
LONGEST_BODY_BYTES = 16_000
HIGHEST_PORT = 65_535
_REQUEST = re.compile(rb"(?:" + b"|".join(METHODS) + rb") (?:rtsp[su]?://|\* RTSP/)", re.IGNORECASE)
_START = re.compile(rb"([A-Z_]{4,13}) (\S+) RTSP/([12]\.0)|RTSP/([12]\.0) ([0-9]{3})(?: .*)?", re.DOTALL)
_CLIENT_PORT, _SERVER_PORT = (re.compile(side + rb"_port=([0-9]{1,5})(?:-([0-9]{1,5}))?", re.IGNORECASE) for side in (b"client", b"server"))
_USERNAME = re.compile(rb'username="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RtspMessage:
    """A request or a response. The credentials are not kept."""

    method: WireText
    """Empty: a response."""
    target: WireText
    """URL as asked for; empty: a response."""
    status: int
    """0: a request."""
    authorization_scheme: WireText
    """Of a request, lower case; empty: no credentials."""
    user_bytes: int
    """-1: none."""
    secret_bytes: int
    """Of a Basic password; -1: none."""
    challenge: WireText
    """Scheme that a response asks for, lower case; empty: none."""
    agent: WireText
    """Server or User-Agent."""
    client_ports: tuple[int, ...] = ()
    """UDP ports of media and their reports that a Transport field names on the asking side (RFC 2326 section 12.39); of UDP over RTP alone."""
    server_ports: tuple[int, ...] = ()
    """The same on the answering side."""


@dataclass(frozen=True, slots=True)
class RtspMedia:
    """Media begin inside the connection: nothing more is read of this direction."""

    satisfied: bool = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A method and an RTSP URL, or a status line."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(is_one_of(heads.bytes[:, 0], b"ODSPTARG")):
        head = heads.bytes[row].tobytes()
        found[row] = head.startswith((b"RTSP/1.0 ", b"RTSP/2.0 ")) or bool(_REQUEST.match(head))
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[RtspMessage | RtspMedia, int] | NeedMore:
    """The next message with its body, and its bytes. Raises ValueError."""
    del from_responder
    if data[:1] == bytes([INTERLEAVED]):
        return RtspMedia(), len(data)
    head = read_head(data)
    line = data.lstrip(b"\r\n").partition(b"\n")[0].rstrip(b"\r") if isinstance(head, NeedMore) else head.start_line
    start = _START.fullmatch(line)
    if start is None and (isinstance(head, Head) or b"\n" in data.lstrip(b"\r\n") or len(line) > 2_048):
        raise ValueError("no request and no status line of RTSP at offset 0")
    if isinstance(head, NeedMore) or start is None:
        return NEED_MORE
    behind = head.head_bytes + max(content_length_of(head), 0)
    if behind > len(data) and behind - head.head_bytes <= LONGEST_BODY_BYTES:
        return NEED_MORE
    return _message(head, start), min(behind, len(data))


def _message(head: Head, start: re.Match[bytes]) -> RtspMessage:
    given = head.first(b"authorization")
    user_bytes, secret_bytes = _sizes(given)
    return RtspMessage(
        method=display(start[1] or b""),
        target=display(start[2] or b""),
        status=int(start[5] or 0),
        authorization_scheme=folded(display(given.partition(b" ")[0])),
        user_bytes=user_bytes,
        secret_bytes=secret_bytes,
        challenge=folded(display(head.first(b"www-authenticate").partition(b" ")[0])),
        agent=display(head.first(b"server") or head.first(b"user-agent")),
        client_ports=_ports(_CLIENT_PORT, head),
        server_ports=_ports(_SERVER_PORT, head),
    )


def _ports(named: re.Pattern[bytes], head: Head) -> tuple[int, ...]:
    """The port, or the two, that the first Transport field names."""
    found = named.search(head.first(b"transport"))
    return tuple(port for port in (int(part) for part in found.groups() if part) if port <= HIGHEST_PORT) if found else ()


def _sizes(authorization: bytes) -> tuple[int, int]:
    """Bytes of user and password in Basic credentials, of the user alone in others; -1: none."""
    scheme, _, rest = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        user = _USERNAME.search(rest)
        return (len(user[1]) if user else -1), -1
    return basic_sizes(rest.strip())
