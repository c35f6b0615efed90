"""OpenVPN over streams: the same packets, each with two bytes of length before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._openvpn_packet import RESETS, OpenVpnReset, begins, reset

TRANSPORT = "tcp"
LENGTH_BYTES = 2


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Streams that begin with the length of a reset, and a reset that says so in all that is not secret."""
    length = heads.bytes[:, 0].astype(np.int32) << 8 | heads.bytes[:, 1]
    found = np.zeros(heads.length.size, np.bool_)
    whole = (length >= 14) & (heads.length >= length + LENGTH_BYTES)
    for row in np.flatnonzero(whole & is_one_of(heads.bytes[:, 2], [opcode << 3 for opcode in RESETS])).tolist():
        found[row] = begins(heads.bytes[row, LENGTH_BYTES:].tobytes(), int(length[row]))
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[OpenVpnReset, int] | NeedMore:
    """The reset at the beginning and its bytes. Raises ValueError where there is none."""
    del from_responder
    end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES])
    if len(data) < max(end, LENGTH_BYTES + 1):
        return NEED_MORE
    found = reset(data[LENGTH_BYTES:end])
    if isinstance(found, NeedMore):
        raise ValueError(f"no OpenVPN reset at offset {LENGTH_BYTES}: it has the size of one and not its insides")
    return found, end
