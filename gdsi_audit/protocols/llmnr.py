"""Link-local multicast name resolution (RFC 4795): DNS's wire format on port 5355."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._dns_message import DnsMessage, parse_message
from gdsi_audit.protocols._dns_shape import begins_message

TRANSPORT = "udp"
EVERY_DATAGRAM = True

LLMNR_PORT = 5355
DNS_PORT = 53


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """By shape, to or from port 5355."""
    at_port = (heads.resp_port == LLMNR_PORT) | ((heads.orig_port == LLMNR_PORT) & (heads.resp_port != DNS_PORT))
    found: NDArray[np.bool_] = at_port & begins_message(heads.bytes, heads.length, cut_allowed=at_port)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> DnsMessage:
    """The message in the first datagram. Raises ValueError with the offset."""
    del from_responder
    return parse_message(datagrams[0])
