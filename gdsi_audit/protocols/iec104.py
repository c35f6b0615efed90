"""IEC 60870-5-104: control centres watch and command substations over TCP."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._industrial import Operation

TRANSPORT = "tcp"
HAS_ROUTINE = True
"""Bodies say whether they are `routine`, so that few of those are kept."""

PORT = 2404
START = 0x68
LEAST_LENGTH, MOST_LENGTH = 4, 253
CONTROL_MESSAGES = {0x07: "start", 0x0B: "start confirmed", 0x13: "stop", 0x23: "stop confirmed", 0x43: "test", 0x83: "test confirmed"}
ACTIVATION, DEACTIVATION = 6, 8
LEAST_ASDU_BYTES = 9
COMMANDS = {
    45: "single command", 46: "double command", 47: "regulating step command", 48: "set point, normalised", 49: "set point, scaled",
    50: "set point, floating point", 51: "bit string command", 58: "single command with time", 59: "double command with time",
    60: "regulating step command with time", 61: "set point, normalised, with time", 62: "set point, scaled, with time",
    63: "set point, floating point, with time", 64: "bit string command with time", 105: "reset process", 110: "parameter, normalised",
    111: "parameter, scaled", 112: "parameter, floating point", 113: "parameter activation", 120: "file ready", 125: "file segment",
}  # fmt: skip
OTHERS = {100: "interrogation", 101: "counter interrogation", 102: "read", 103: "clock synchronisation", 104: "test command", 107: "test command"}


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A control message that is a segment of its own; on its port any message whose length fits."""
    start = (heads.bytes[:, 0] == START) & (heads.bytes[:, 1] >= LEAST_LENGTH) & (heads.bytes[:, 1] <= MOST_LENGTH)
    alone = (heads.length == 6) & (heads.bytes[:, 1] == 4) & is_one_of(heads.bytes[:, 2], CONTROL_MESSAGES) & ~heads.bytes[:, 3:6].any(axis=1)
    at_port = (heads.resp_port == PORT) & (heads.length >= heads.bytes[:, 1].astype(np.int32) + 2)
    found: NDArray[np.bool_] = start & (alone | at_port)
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[Operation, int] | NeedMore:
    """The first message and its bytes. Raises ValueError where start byte or length cannot be."""
    if len(data) < 2:
        return NEED_MORE
    length = data[1]
    if data[0] != START or not LEAST_LENGTH <= length <= MOST_LENGTH:
        raise ValueError("no start of a message of IEC 60870-5-104 at offset 0")
    if len(data) < 2 + length:
        return NEED_MORE
    return _operation(data[2 : 2 + length], from_responder), 2 + length


def _operation(message: bytes, from_responder: bool) -> Operation:
    if message[0] & 1:
        return Operation(CONTROL_MESSAGES.get(message[0], "acknowledgement") if message[0] & 2 else "acknowledgement", -1, "", False, False)
    if len(message) < 4 + LEAST_ASDU_BYTES:
        raise ValueError("an information message ends at offset 6, before its data unit")
    kind, cause, station = message[4], message[6] & 0x3F, int.from_bytes(message[8:10], "little")
    name = COMMANDS.get(kind) or OTHERS.get(kind, f"type {kind}")
    asked = not from_responder and cause in (ACTIVATION, DEACTIVATION, 5)
    return Operation(name, kind, f"station {station}", asked, asked and kind in COMMANDS and cause == ACTIVATION)
