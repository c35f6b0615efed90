"""Modbus over TCP: the client reads and writes coils and registers of the server (MODBUS Messaging on TCP/IP 1.0b, Application Protocol 1.1b3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._industrial import Operation

TRANSPORT = "tcp"
HAS_ROUTINE = True
"""Bodies say whether they are `routine`, so that few of those are kept."""

PORT = 502
HEADER_BYTES = 7
LEAST_LENGTH, MOST_LENGTH = 2, 254
EXCEPTION = 0x80
FUNCTIONS = {
    1: "read coils", 2: "read discrete inputs", 3: "read holding registers", 4: "read input registers", 5: "write single coil",
    6: "write single register", 7: "read exception status", 8: "diagnostics", 11: "get event counter", 12: "get event log",
    15: "write multiple coils", 16: "write multiple registers", 17: "report server id", 20: "read file record", 21: "write file record",
    22: "mask write register", 23: "read and write registers", 24: "read FIFO queue", 43: "read device identification", 90: "programming",
}  # fmt: skip
CHANGES = frozenset({5, 6, 15, 16, 21, 22, 23})


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """Protocol 0, a length that ends with the segment, and a known function whose request or answer may have that length."""
    length = heads.bytes[:, 4].astype(np.int32) << 8 | heads.bytes[:, 5]
    function = heads.bytes[:, 7] & 0x7F
    framed = (heads.bytes[:, 2] == 0) & (heads.bytes[:, 3] == 0) & (length >= LEAST_LENGTH) & (length <= MOST_LENGTH)
    at_port = (heads.resp_port == PORT) & (heads.length >= HEADER_BYTES + 1)
    whole = heads.length == length + 6
    request = is_one_of(function, (1, 2, 3, 4, 5, 6)) & (length == 6)
    answer = is_one_of(function, (1, 2, 3, 4)) & (length == heads.bytes[:, 8].astype(np.int32) + 3)
    many = is_one_of(function, (15, 16)) & ((length == 6) | (length == heads.bytes[:, 12].astype(np.int32) + 7))
    found: NDArray[np.bool_] = framed & is_one_of(function, FUNCTIONS) & (at_port | (whole & (request | answer | many)))
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[Operation, int] | NeedMore:
    """The first message and its bytes. Raises ValueError for another protocol number, a length or a function that cannot be."""
    if len(data) <= HEADER_BYTES:
        return NEED_MORE
    length, function = int.from_bytes(data[4:6]), data[7] & 0x7F
    if data[2:4] != b"\0\0" or not LEAST_LENGTH <= length <= MOST_LENGTH:
        raise ValueError("no Modbus header at offset 2")
    if function not in FUNCTIONS:
        raise ValueError(f"no function {function} of Modbus at offset 7")
    if len(data) < 6 + length:
        return NEED_MORE
    asked = not from_responder and data[7] < EXCEPTION
    return Operation(FUNCTIONS[function], function, f"unit {data[6]}", asked, asked and function in CHANGES), 6 + length
