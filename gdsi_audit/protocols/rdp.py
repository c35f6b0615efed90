"""RDP: the connection request and what the server agrees to (Microsoft [MS-RDPBCGR] section 2.2.1, over ITU-T T.123 and X.224)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore

TRANSPORT = "tcp"

REQUEST, CONFIRM = 0xE0, 0xD0
FIXED_BYTES = 11
COOKIE = b"Cookie: mstshash="
NEGOTIATES = {REQUEST: (1,), CONFIRM: (2, 3)}


@dataclass(frozen=True, slots=True)
class RdpSetup:
    """One side of the connection's set-up. The user name is not kept."""

    confirms: bool
    """The server agrees."""
    refused: bool
    user_bytes: int
    """-1: none shown."""
    protocols: int
    """Bits asked for, or the one chosen: 0 RDP's own security, 1 TLS, 2 CredSSP; -1: nothing said."""
    satisfied: bool = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """T.123's header, X.224's request or confirmation in it, and RDP's cookie or negotiation in that."""
    head = heads.bytes
    shaped = (head[:, 0] == 3) & (head[:, 1] == 0) & (head[:, 2] == 0) & (head[:, 4] + 5 == head[:, 3])
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(shaped & ((head[:, 5] == REQUEST) | (head[:, 5] == CONFIRM))):
        found[row] = _is_rdp(head[row].tobytes())
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[RdpSetup, int] | NeedMore:
    """The set-up and its bytes. Raises ValueError."""
    del from_responder
    if len(data) < 4:
        return NEED_MORE
    size = int.from_bytes(data[2:4])
    if data[:2] != b"\3\0" or not FIXED_BYTES <= size <= 1_024:
        raise ValueError("no set-up of RDP at offset 0")
    if len(data) < size:
        return NEED_MORE
    kind, rest = data[5], data[FIXED_BYTES:size]
    if not _is_rdp(data[:size]):
        raise ValueError("neither a cookie nor a negotiation of RDP at offset 11")
    user_bytes = -1
    if rest.startswith(COOKIE):
        user, _, rest = rest[len(COOKIE) :].partition(b"\r\n")
        user_bytes = len(user)
    negotiation = rest[:8] if rest[:1] and rest[0] in NEGOTIATES[kind] and len(rest) >= 8 else b""
    protocols = int.from_bytes(negotiation[4:8], "little") if negotiation else -1
    return RdpSetup(kind == CONFIRM, negotiation[:1] == b"\3", user_bytes, protocols), size


def _is_rdp(head: bytes) -> bool:
    kind, rest = head[5], head[FIXED_BYTES:]
    negotiates = rest[:1] and rest[0] in NEGOTIATES.get(kind, ()) and rest[2:4] == b"\x08\0"
    return bool(negotiates) or (kind == REQUEST and rest.startswith(COOKIE))
