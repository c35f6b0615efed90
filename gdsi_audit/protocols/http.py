"""HTTP/1.x requests and responses on any port, and HTTP/2's preface (RFC 9110, 9112, 9113)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._dns_names import folded
from gdsi_audit.protocols._http_body import BODY_PREFIX_BYTES, content_length_of, lengths_conflict, read_body
from gdsi_audit.protocols._http_head import LONGEST_HEAD_BYTES, Head, read_head
from gdsi_audit.protocols._http_message import Connect, Http2Preface, HttpRequest, HttpResponse
from gdsi_audit.protocols._http_target import hosts_of
from gdsi_audit.wire_text import display

TRANSPORT = "tcp"
READS_WHAT_IS_CUT = True
"""`parse` takes `final`."""

METHODS = (
    *(b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"CONNECT ", b"PATCH ", b"TRACE ", b"PROPFIND ", b"PROPPATCH ", b"MKCOL "),
    *(b"COPY ", b"MOVE ", b"LOCK ", b"UNLOCK ", b"REPORT ", b"SEARCH ", b"SUBSCRIBE ", b"UNSUBSCRIBE ", b"NOTIFY ", b"MERGE ", b"RPC_IN_DATA "),
    *(b"RPC_OUT_DATA ", b"BITS_POST ", b"CCM_POST ", b"ACL ", b"BIND ", b"LINK ", b"PURGE ", b"MKCALENDAR ", b"MKACTIVITY ", b"CHECKOUT ", b"QUERY "),
)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LONGEST_METHOD_BYTES = 20
REMEMBERED_MESSAGES, LARGEST_REMEMBERED_BYTES = 1024, 2048

_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}[ \t]")
_OTHER = re.compile(rb"[A-Z]+ +(?:rtsp[su]?|sips?|icap):|[^\r\n]* (?!HTTP/)[A-Z]+/[0-9.]+\r?\n")
"""A request of a protocol that borrows the methods: RTSP (RFC 7826), SIP (RFC 3261), ICAP (RFC 3507)."""
_VERSION = re.compile(rb"HTTP/(1\.[0-9])")
_RESPONSE = re.compile(rb"HTTP/(1\.[0-9])[ \t]+([0-9]{3})(?:[ \t].*)?", re.DOTALL)


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A registered method and a space (and neither target nor version of another protocol), any token with the version in sight, a status line,
    or HTTP/2's preface."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero((heads.bytes[:, 0] >= 0x41) & (heads.bytes[:, 0] <= 0x5A)):
        head = heads.bytes[row].tobytes()
        shaped = head.startswith((*METHODS, b"HTTP/1.", PREFACE[:18])) or (b" HTTP/1." in head and bool(_METHOD.match(head)))
        found[row] = shaped and not _OTHER.match(head)
    return found


def parse(data: bytes, *, from_responder: bool, final: bool = False) -> tuple[HttpRequest | HttpResponse | Http2Preface, int] | NeedMore:
    """The first message and the bytes it used: head and body, the body as far as it is here (`body_bytes_missing`).

    A request with a short body waits for it, and a response that has a type or a length for the first bytes of its body, unless `final`: no more
    bytes will follow; of a head that did not end then, the lines that did are read. Clients and servers often send the head by itself.

    Raises ValueError where the start line is neither a request nor a status line of HTTP/1.x.
    """
    del from_responder
    outcome = _parse_again(data) if len(data) <= LARGEST_REMEMBERED_BYTES else _parse(data)
    if isinstance(outcome, NeedMore):
        return _parse(data[: data.rfind(b"\n") + 1] + b"\r\n") if final else NEED_MORE
    return NEED_MORE if not final and _waits(outcome[0]) else outcome


def _waits(message: HttpRequest | HttpResponse | Http2Preface) -> bool:
    """Whether there is a body that tells more and has yet to come: a short one of a request, the first bytes of a response's."""
    if isinstance(message, HttpRequest):
        return message.body_bytes_missing > 0 and message.content_length <= BODY_PREFIX_BYTES
    if not isinstance(message, HttpResponse):
        return False
    there = bool(message.body_prefix) or message.head_bytes >= LONGEST_HEAD_BYTES
    return bool(message.content_type or message.content_length > 0) and message.body_bytes_missing != 0 and not there


def _parse(data: bytes) -> tuple[HttpRequest | HttpResponse | Http2Preface, int] | NeedMore:
    if data.startswith(PREFACE[:8]):
        return _preface(data)
    _check_beginning(data)
    head = read_head(data)
    if isinstance(head, NeedMore):
        return NEED_MORE
    response = _RESPONSE.fullmatch(head.start_line)
    if response:
        return _response(head, data, response)
    return _request(head, data)


_parse_again = lru_cache(maxsize=REMEMBERED_MESSAGES)(_parse)
"""Devices ask the same again and again, and are answered the same."""


def _preface(data: bytes) -> tuple[Http2Preface, int] | NeedMore:
    if data.startswith(PREFACE):
        return Http2Preface(), len(PREFACE)
    if PREFACE.startswith(data):
        return NEED_MORE
    raise ValueError("the HTTP/2 preface breaks off at offset 8")


def _check_beginning(data: bytes) -> None:
    """Refuses early what can never become a start line, instead of waiting for its end."""
    line = data.lstrip(b"\r\n")[: LONGEST_METHOD_BYTES + 1]
    method = re.match(rb"[!#$%&'*+.^_`|~0-9A-Za-z/-]*", line)
    token_bytes = method.end() if method else 0
    if token_bytes > LONGEST_METHOD_BYTES or (token_bytes < len(line) and (not token_bytes or line[token_bytes] not in b" \t")):
        raise ValueError("no method and no HTTP version at offset 0")


def _message_fields(head: Head, data: bytes, *, until_close: bool) -> tuple[dict[str, Any], int]:
    """(the fields that requests and responses share, the version apart; bytes of head and body that are here)."""
    body = read_body(head, data, until_close=until_close)
    fields = {
        "content_type": head.text(b"content-type"),
        "content_length": content_length_of(head),
        "upgrade": folded(head.text(b"upgrade")),
        "headers": head.headers(),
        "malformed_lines": head.malformed_lines,
        "conflicting_lengths": lengths_conflict(head),
        "head_bytes": head.head_bytes,
        "body_prefix": body.prefix,
        "body_bytes_missing": body.missing_bytes,
    }
    return fields, head.head_bytes + body.used_bytes


def _request_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    """(method, target, version): first and last word, and all between, spaces that should not be there included."""
    method, _, rest = line.replace(b"\t", b" ").partition(b" ")
    target, _, last = rest.strip().rpartition(b" ")
    version = _VERSION.fullmatch(last)
    if version is None or not _METHOD.fullmatch(method + b" "):
        raise ValueError("the line at offset 0 is neither a request nor a status line of HTTP/1.x")
    return method, target.strip(), version[1]


def _request(head: Head, data: bytes) -> tuple[HttpRequest, int]:
    method, target, version = _request_line(head.start_line)
    authorization = head.first(b"authorization") or head.first(b"proxy-authorization")
    shared, used = _message_fields(head, data, until_close=False)
    kind = Connect if method == b"CONNECT" else HttpRequest
    request = kind(
        **shared,
        version=display(version),
        method=display(method),
        target=display(target),
        hosts=hosts_of(head, method, target),
        user_agent=head.text(b"user-agent"),
        authorization_scheme=folded(display(authorization.partition(b" ")[0])),
        authorization=display(authorization),
        cookie=bool(head.first(b"cookie")),
        referer=head.text(b"referer"),
    )
    return request, used


def _response(head: Head, data: bytes, line: re.Match[bytes]) -> tuple[HttpResponse, int]:
    version, status = display(line[1]), int(line[2])
    bodiless = status < 200 or status in (204, 304)
    shared, used = _message_fields(head, b"" if bodiless else data, until_close=not bodiless)
    if bodiless:
        used, shared["body_bytes_missing"] = head.head_bytes, 0
    response = HttpResponse(
        **shared,
        version=version,
        status=status,
        server=head.text(b"server"),
        location=head.text(b"location"),
    )
    return response, used
