"""OpenVPN over datagrams: how a session is opened (as `_openvpn_packet` has it)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._openvpn_packet import RESETS, OpenVpnReset, begins, reset

TRANSPORT = "udp"
EVERY_DATAGRAM = False


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Datagrams of the exact size of a reset that say so in all that is not secret."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(is_one_of(heads.bytes[:, 0], [opcode << 3 for opcode in RESETS]) & (heads.length >= 14)).tolist():
        found[row] = begins(heads.bytes[row].tobytes(), int(heads.length[row]))
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> OpenVpnReset | NeedMore:
    """The reset in the first datagram. Raises ValueError where it cannot be one."""
    del from_responder
    return reset(datagrams[0])
