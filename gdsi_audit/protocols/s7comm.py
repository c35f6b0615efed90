"""S7 communication: engineering stations and panels talk to controllers (over ISO transport on TCP, RFC 1006, RFC 905)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._industrial import Operation

TRANSPORT = "tcp"
HAS_ROUTINE = True
"""Bodies say whether they are `routine`, so that few of those are kept."""

TPKT_BYTES = 4
CONNECT_REQUEST, CONNECT_CONFIRM, DATA = 0xE0, 0xD0, 0xF0
S7 = 0x32
HEADER_BYTES, ANSWER_HEADER_BYTES = 10, 12
JOB, ACKNOWLEDGEMENT, ANSWER, USER_DATA = 1, 2, 3, 7
TSAP_PARAMETERS = (0xC0, 0xC1, 0xC2)
FUNCTIONS = {
    0x00: "CPU services", 0x04: "read variable", 0x05: "write variable", 0x1A: "request download", 0x1B: "download block", 0x1C: "end download",
    0x1D: "start upload", 0x1E: "upload", 0x1F: "end upload", 0x28: "program invocation", 0x29: "stop", 0xF0: "set up communication",
}  # fmt: skip
CHANGES = frozenset({0x05, 0x1A, 0x1B, 0x1C, 0x28, 0x29})


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A whole packet of RFC 1006: data with S7's mark, or a connection request or confirmation whose parameters are transport selectors."""
    framed = (heads.bytes[:, 0] == 3) & (heads.bytes[:, 1] == 0)
    size = heads.bytes[:, 2].astype(np.int32) << 8 | heads.bytes[:, 3]
    carries = (heads.bytes[:, 4] == 2) & (heads.bytes[:, 5] == DATA) & (heads.bytes[:, 7] == S7) & is_one_of(heads.bytes[:, 8], (1, 2, 3, 7))
    connects = is_one_of(heads.bytes[:, 5], (CONNECT_REQUEST, CONNECT_CONFIRM)) & is_one_of(heads.bytes[:, 11], TSAP_PARAMETERS)
    connects &= (heads.bytes[:, 4] == size - 5) & (heads.resp_port == 102)
    found: NDArray[np.bool_] = framed & (size <= heads.length) & (carries | connects)
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[Operation, int] | NeedMore:
    """The first message of S7 and the bytes up to its end; connection set-up before it is passed over. Raises ValueError."""
    begin = 0
    while True:
        if len(data) < begin + TPKT_BYTES + 2:
            return NEED_MORE
        end = begin + int.from_bytes(data[begin + 2 : begin + 4])
        if data[begin] != 3 or end < begin + TPKT_BYTES + 2:
            raise ValueError(f"no packet of ISO transport at offset {begin}")
        if len(data) < end:
            return NEED_MORE
        if data[begin + 5] & 0xF0 == DATA:
            return _operation(data[begin + TPKT_BYTES + 1 + data[begin + 4] : end], begin, from_responder), end
        begin = end


def _operation(message: bytes, begin: int, from_responder: bool) -> Operation:
    header_bytes = ANSWER_HEADER_BYTES if len(message) > 1 and message[1] in (ACKNOWLEDGEMENT, ANSWER) else HEADER_BYTES
    if len(message) < header_bytes or message[0] != S7:
        raise ValueError(f"no S7 header in the packet at offset {begin}")
    code = message[header_bytes] if len(message) > header_bytes and message[1] != USER_DATA else 0
    asked = message[1] == JOB and not from_responder
    return Operation(FUNCTIONS.get(code, f"function {code:#04x}"), code, "", asked, asked and code in CHANGES)
