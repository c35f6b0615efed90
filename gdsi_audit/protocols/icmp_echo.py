"""Echo request and reply of ICMP (RFC 792)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._echo import EchoMessage, parse_echo, recognise_echo

TRANSPORT = "icmp"
EVERY_DATAGRAM = True

REQUEST, REPLY = 8, 0


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """By type, code and length."""
    return recognise_echo(heads, REQUEST, REPLY)


def parse(datagrams: list[bytes], *, from_responder: bool) -> EchoMessage:
    """The message in the first datagram. Raises ValueError."""
    del from_responder
    return parse_echo(datagrams[0], REQUEST, REPLY)
