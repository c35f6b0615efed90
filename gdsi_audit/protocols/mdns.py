"""Multicast DNS (RFC 6762): hosts of the link say their names and services."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._dns_message import DnsMessage, parse_message
from gdsi_audit.protocols._dns_names import folded
from gdsi_audit.protocols._dns_records import AAAA, A
from gdsi_audit.protocols._dns_shape import begins_message
from gdsi_audit.wire_text import WireText

TRANSPORT = "udp"
EVERY_DATAGRAM = True

MDNS_PORT = 5353
DNS_PORT = 53


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """By shape, to or from port 5353. A query from port 5353 to port 53 is DNS."""
    at_port = (heads.resp_port == MDNS_PORT) | ((heads.orig_port == MDNS_PORT) & (heads.resp_port != DNS_PORT))
    found: NDArray[np.bool_] = at_port & begins_message(heads.bytes, heads.length, cut_allowed=at_port, multicast=True)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> DnsMessage:
    """The message in the first datagram; classes without the unique and cache-flush bits. Raises ValueError with the offset."""
    del from_responder
    return parse_message(datagrams[0], multicast=True)


def hosts(message: DnsMessage) -> Iterator[tuple[WireText, str, int]]:
    """(host name in lower case, its address, time to live in seconds) that a response announces, additional records included."""
    if message.response:
        for record in (*message.answers, *message.additionals):
            if record.rtype in (A, AAAA) and isinstance(record.value, str):
                yield folded(record.name), record.value, record.ttl_s
