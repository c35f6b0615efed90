"""DNS over TCP: messages with two bytes of length before each (RFC 1035 §4.2.2, RFC 7766)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._dns_message import DnsMessage, parse_message
from gdsi_audit.protocols._dns_names import HEADER_BYTES
from gdsi_audit.protocols._dns_shape import begins_message

TRANSPORT = "tcp"
PREFIX_BYTES = 2


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """By shape on any port. What follows the first message in the same chunk is not looked at."""
    announced = heads.bytes[:, 0].astype(np.int32) << 8 | heads.bytes[:, 1]
    return begins_message(heads.bytes[:, PREFIX_BYTES:], announced) & (heads.length >= PREFIX_BYTES + HEADER_BYTES)


def parse(data: bytes, *, from_responder: bool) -> tuple[DnsMessage, int] | NeedMore:
    """The first message and its bytes with the prefix. Raises ValueError with the offset within the message."""
    del from_responder
    behind = PREFIX_BYTES + int.from_bytes(data[:PREFIX_BYTES])
    if len(data) >= PREFIX_BYTES and behind < PREFIX_BYTES + HEADER_BYTES:
        raise ValueError(f"a DNS message of {behind - PREFIX_BYTES} bytes is announced at offset 0")
    if len(data) < PREFIX_BYTES or len(data) < behind:
        return NEED_MORE
    return parse_message(data[PREFIX_BYTES:behind]), behind
