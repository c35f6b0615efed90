"""Forms and texts sent over readable HTTP that hold random bytes in hexadecimal or base64 instead of what their type says."""

from __future__ import annotations

import binascii
import math
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Collection, Iterable

from gdsi_audit.detectors._readable import OPAQUE_ENTROPY
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._file_kinds import kind_of
from gdsi_audit.traffic import DeviceTraffic

TEXT_TYPES = re.compile(r"application/x-www-form-urlencoded|text/", re.IGNORECASE)
SHORTEST_BYTES = 32
"""Of random bytes in one message."""
MOST_LOOKED_AT_BYTES = 2_048
_FIELD = re.compile(rb"(?:[A-Za-z0-9_.-]{1,32}=)?([A-Za-z0-9+/_%-]{40,}={0,2})")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2})+")


def opaque_requests(traffic: DeviceTraffic, flows: Collection[int]) -> dict[int, list[tuple[Message, bytes]]]:
    """(request, its random bytes) by flow id, of the requests in `flows` whose form or text is nothing else."""
    found: dict[int, list[tuple[Message, bytes]]] = {}
    for message in traffic.messages.get("http", ()) if flows else ():
        if message.flow in flows and (data := opaque_bytes(message)):
            found.setdefault(message.flow, []).append((message, data))
    return found


def opaque_bytes(message: Message) -> bytes:
    """The random bytes that are all of one request's form or text; empty: it holds something else."""
    body = message.body
    if message.from_responder or not hasattr(body, "method") or not body.body_prefix or not TEXT_TYPES.match(body.content_type):
        return b""
    field = _FIELD.fullmatch(body.body_prefix.strip())
    data = _decoded(field.group(1)[:MOST_LOOKED_AT_BYTES]) if field else b""
    return data if len(data) >= SHORTEST_BYTES and kind_of(data) is None else b""


def are_random(pieces: Iterable[bytes]) -> bool:
    """Whether the pieces, taken together, have nearly as many different bytes as chance gives, and none comes again."""
    told = list(pieces)
    data = b"".join(told)
    entropy = -sum(count / len(data) * math.log2(count / len(data)) for count in Counter(data).values())
    return len(set(told)) == len(told) and entropy >= OPAQUE_ENTROPY * min(8.0, math.log2(len(data)))


def _decoded(text: bytes) -> bytes:
    if _HEX.fullmatch(text):
        return binascii.unhexlify(text)
    plain = text.replace(b"%2B", b"+").replace(b"%2F", b"/").replace(b"%3D", b"=").translate(bytes.maketrans(b"+/", b"-_")).rstrip(b"=")
    try:
        return urlsafe_b64decode(plain[: len(plain) // 4 * 4])
    except binascii.Error:
        return b""
