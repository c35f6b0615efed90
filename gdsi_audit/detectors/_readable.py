"""Which flows anybody on the way can read, what of their content shows, and which are readable because their role asks for it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._kept_messages import all_kept
from gdsi_audit.messages import unread
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._file_kinds import kind_of
from gdsi_audit.traffic import DeviceTraffic

CLEAR_SERVICES = (
    *("http", "ftp", "smtp", "imap", "pop", "mqtt", "telnet", "rtsp", "sip", "irc", "xmpp", "nntp", "redis", "mysql", "postgresql", "ldap", "amqp"),
    *("coap", "snmp", "syslog", "tftp", "rtmp", "rtp", "modbus", "rsh", "rlogin", "vnc", "adb", "stomp", "nats", "memcached", "mongodb", "cwmp"),
)
"""Services that are clear text wherever their parser recognises them; what they hand over to TLS is called TLS."""
MAY_TURN = ("smtp", "imap", "pop", "ftp")
"""Services whose server greets in clear text, and where TLS may begin behind it."""
OPAQUE_ENTROPY = 0.88
"""Share of the entropy that as many random bytes would have, on average, from which on content counts as encrypted."""
SHORTEST_OPAQUE_BYTES, LONGEST_SAMPLE_BYTES = 48, 1024
_STATUS_TYPES = re.compile(r"application/(?:ocsp|pkix|pkcs7|x-x509|x-pkcs7)", re.IGNORECASE)
_STATUS_TARGETS = re.compile(r"\.(?:crl|crt|cer|p7c)$", re.IGNORECASE)
_PORTAL_TARGETS = re.compile(
    r"/(?:generate_?204|gen_?204|hotspot-detect\.html|library/test/success\.html|connecttest\.txt|ncsi\.txt|success\.txt|canonical\.html|"
    r"connectivity-?check(?:\.html|\.txt)?|check_network_status\.txt|kindle-wifi/wifi(?:redirect|stub)\.html|blank\.html|nm-check\.txt|204)$",
    re.IGNORECASE,
)
_TEXT_TYPES = re.compile(r"(?:text|image|video|audio|multipart)/|json|xml|form-urlencoded|javascript|html", re.IGNORECASE)


class Content(NamedTuple):
    """What can be read in one flow."""

    up_bytes: int
    """Legible content that the device sent in readable messages; 0: only heads, or nothing that is kept."""
    kinds: tuple[str, ...]
    """`JPEG image`, `text` …: of what the device sent."""
    exempt: bool
    """All of it is revocation lists, captive-portal checks or a redirection to https."""
    opaque: bool
    """There is content, and all that the device sent of it looks encrypted; where it sent none, all that it got."""


NOTHING = Content(0, (), False, False)


def readable(traffic: DeviceTraffic) -> NDArray[np.bool_]:
    """Which flows speak a protocol of clear text, or send text or a picture as it is. What they send must be known."""
    flows = traffic.tables.flows
    clear = flows.is_any("service", CLEAR_SERVICES)
    ids = {one.flow for one in traffic.messages.get("bare_file", ()) if one.body.role == "media"}
    for protocol in ("unnamed_text", "unnamed_text_udp"):
        ids |= {one.flow for one in traffic.messages.get(protocol, ()) if one.body.readable}
    if ids:
        clear |= np.isin(flows["flow"], np.fromiter(sorted(ids), np.int64, len(ids))) & flows.is_any("service", ("", "bare_file"))
    for protocol in ("http", "mqtt"):
        clear &= all_kept(traffic, protocol) | ~flows.is_any("service", (protocol,))
    clear &= flows["up_bytes"] + flows["down_bytes"] > 0
    return np.asarray(clear & ~_handed_over(traffic, clear))


def _handed_over(traffic: DeviceTraffic, clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flows of which nothing was heard behind a greeting, or a word on TLS or a tunnel, and of whose sequel too little was captured to tell."""
    flows = traffic.tables.flows
    partly = clear & (flows["cut"] | (flows["missed_bytes"] > 0)) if clear.any() else clear
    if not partly.any():
        return partly
    last: dict[int, bool] = {}
    for protocol in sorted(set(CLEAR_SERVICES) & set(traffic.messages)):
        said = unread(traffic.messages, protocol)
        for row in np.argsort(said.time, kind="stable").tolist():
            flow = int(said.flow[row])
            tunnelled = protocol == "http" and last.get(flow, False)
            greets = protocol in MAY_TURN and flow not in last and bool(said.from_responder[row])
            last[flow] = tunnelled or greets or bool(getattr(said.bodies[row], "hands_over", False))
    ids = sorted(flow for flow, handed_over in last.items() if handed_over)
    return np.asarray(partly & np.isin(flows["flow"], np.array(ids, np.int64)))


def contents(traffic: DeviceTraffic, rows: NDArray[np.intp]) -> dict[int, Content]:
    """By flow id, of the flows at `rows`."""
    flows = traffic.tables.flows
    sides = dict(zip(flows["flow"][rows].tolist(), flows["device_is_originator"][rows].tolist(), strict=True))
    said: dict[int, list[Message]] = defaultdict(list)
    for protocol in ("http", "mqtt", "unnamed_text", "unnamed_text_udp", "bare_file"):
        for message in traffic.messages.get(protocol, ()):
            if message.flow in sides:
                said[message.flow].append(message)
    return {flow: _content(messages, sides[flow]) for flow, messages in said.items()}


def _content(messages: Sequence[Message], from_originator: bool) -> Content:
    http = [one.body for one in messages if one.protocol == "http" and hasattr(one.body, "content_type")]
    if http and _is_exempt(http):
        return Content(0, (), True, False)
    pieces = [(one.from_responder != from_originator, *_piece(one)) for one in messages]
    sent = [(size, kind, hidden) for own, size, kind, hidden in pieces if own and size]
    hidden = [hides for _, _, hides in sent] or [hides for _, size, _, hides in pieces if size]
    legible = sum(size for size, _, hides in sent if not hides)
    return Content(legible, tuple(sorted({kind for _, kind, _ in sent if kind})), False, bool(hidden) and all(hidden))


def _piece(message: Message) -> tuple[int, str, bool]:
    """(bytes of content, what it is, whether it looks encrypted) of one message."""
    body = message.body
    if message.protocol == "http":
        return _http_piece(body) if hasattr(body, "content_type") else (0, "", False)
    if message.protocol == "mqtt":
        prefix = getattr(body, "payload_prefix", b"")
        kind = kind_of(prefix)
        return len(prefix) + max(getattr(body, "payload_bytes_missing", 0), 0), kind.word if kind else "", is_opaque(prefix)
    if message.protocol == "bare_file":
        return len(body.prefix), body.word, False
    return body.length, "text", body.encoded


def _http_piece(body: Any) -> tuple[int, str, bool]:
    """Content of which nothing was kept counts as readable only where its type says so."""
    return max(body.content_length, len(body.body_prefix)), *_http_looks(body.content_type, body.body_prefix)


@lru_cache(maxsize=1024)
def _http_looks(content_type: str, prefix: bytes) -> tuple[str, bool]:
    """(what it is, whether it looks encrypted): devices send and fetch the same over and over."""
    return _http_kind(content_type, prefix), not _TEXT_TYPES.search(content_type) and (not prefix or is_opaque(prefix))


def _http_kind(content_type: str, prefix: bytes) -> str:
    kind = kind_of(prefix)
    if kind is not None and not kind.word.endswith(" file"):
        return kind.word
    plain = content_type.partition(";")[0].strip().lower()
    return plain if re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,40}", plain) else ""


def is_opaque(data: bytes) -> bool:
    """Whether `data` looks like random bytes: nearly as many different ones as chance gives, and no file's magic."""
    if len(data) < SHORTEST_OPAQUE_BYTES or kind_of(data) is not None:
        return False
    counts = np.bincount(np.frombuffer(data[:LONGEST_SAMPLE_BYTES], np.uint8))
    shares = counts[counts > 0] / counts.sum()
    return bool(-(shares * np.log2(shares)).sum() >= OPAQUE_ENTROPY * min(8.0, np.log2(counts.sum())))


def _is_exempt(http: Iterable[Any]) -> bool:
    """Requests that are meant to be readable: their answers are signed, or there is nothing in them."""
    requests = [one for one in http if hasattr(one, "method")]
    answers = [one for one in http if hasattr(one, "status")]
    if any(_STATUS_TYPES.match(one.content_type) for one in (*requests, *answers)):
        return True
    if not requests or any(_says_something(one) for one in requests):
        return False
    if all(_STATUS_TARGETS.search(one.target) or _PORTAL_TARGETS.search(one.target) for one in requests):
        return True
    to_https = [one for one in answers if one.status in (301, 302, 303, 307, 308) and one.location.lower().startswith("https://")]
    return bool(answers) and len(to_https) + sum(one.status == 204 for one in answers) == len(answers)


def _says_something(request: Any) -> bool:
    """Whether a request carries more than the name of what it asks for."""
    bodied = request.content_length > 0 or bool(request.body_prefix)
    known = request.cookie or bool(request.authorization_scheme)
    return bool(bodied or known or "?" in request.target or len(request.target) > 200 or request.method not in ("GET", "HEAD"))
