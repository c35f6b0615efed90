"""DNP3: masters read and operate outstations of power and water works (IEEE 1815), over TCP."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._industrial import Operation

TRANSPORT = "tcp"
HAS_ROUTINE = True
"""Bodies say whether they are `routine`, so that few of those are kept."""

START = b"\x05\x64"
HEADER_BYTES, BLOCK_BYTES, CHECK_BYTES = 10, 16, 2
LEAST_LENGTH = 5
FIRST_FRAGMENT = 0x40
FUNCTIONS = {
    0: "confirm", 1: "read", 2: "write", 3: "select", 4: "operate", 5: "direct operate", 6: "direct operate without answer", 7: "freeze",
    8: "freeze without answer", 9: "freeze and clear", 10: "freeze and clear without answer", 13: "cold restart", 14: "warm restart",
    15: "initialise data", 16: "initialise application", 17: "start application", 18: "stop application", 19: "save configuration",
    20: "enable unsolicited", 21: "disable unsolicited", 22: "assign class", 23: "measure delay", 24: "record time", 25: "open file",
    26: "close file", 27: "delete file", 31: "activate configuration", 129: "response", 130: "unsolicited response",
}  # fmt: skip
CHANGES = frozenset({2, 3, 4, 5, 6, 9, 10, 13, 14, 15, 16, 17, 18, 19, 27, 31})
HOUSEKEEPING_GROUPS = frozenset({50, 80})
"""A write of time, or of the bit that says the outstation has restarted: what every master does."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """The start bytes, a length that can be, and a header whose check is right."""
    found: NDArray[np.bool_] = (heads.bytes[:, 0] == START[0]) & (heads.bytes[:, 1] == START[1]) & (heads.bytes[:, 2] >= LEAST_LENGTH)
    for row in np.flatnonzero(found):
        found[row] = _is_checked(heads.bytes[row, :HEADER_BYTES].tobytes())
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[Operation, int] | NeedMore:
    """The first frame and its bytes. Raises ValueError where the header or its check is wrong."""
    if len(data) < HEADER_BYTES:
        return NEED_MORE
    if data[:2] != START or data[2] < LEAST_LENGTH or not _is_checked(data[:HEADER_BYTES]):
        raise ValueError("no DNP3 header at offset 0")
    user_bytes = data[2] - LEAST_LENGTH
    size = HEADER_BYTES + user_bytes + CHECK_BYTES * -(-user_bytes // BLOCK_BYTES)
    if len(data) < size:
        return NEED_MORE
    target = f"station {int.from_bytes(data[4:6], 'little')}"
    if user_bytes < 3 or not data[HEADER_BYTES] & FIRST_FRAGMENT:
        return Operation("link", -1, target, False, False), size
    code = data[HEADER_BYTES + 2]
    asked = not from_responder and code not in (0, 129, 130)
    housekeeping = code == 2 and user_bytes >= 4 and data[HEADER_BYTES + 3] in HOUSEKEEPING_GROUPS
    changes = asked and code in CHANGES and not housekeeping
    return Operation(FUNCTIONS.get(code, f"function {code}"), code, target, asked, changes), size


def _is_checked(header: bytes) -> bool:
    return check(header[:8]) == int.from_bytes(header[8:10], "little")


def check(data: bytes) -> int:
    """The 16-bit check of a block: polynomial 0x3D65, bits reversed, inverted at the end."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA6BC if value & 1 else 0)
    return value ^ 0xFFFF
