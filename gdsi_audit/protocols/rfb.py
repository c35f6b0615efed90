"""RFB, the protocol of VNC: versions, and which kinds of security a server offers and a client takes (RFC 6143 section 7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore

TRANSPORT = "tcp"

VERSION_BYTES = 12
NO_SECURITY = 1
SECURITY_TYPES = {
    NO_SECURITY: "no security", 2: "VNC authentication", 5: "RA2", 6: "RA2ne", 16: "Tight", 17: "Ultra", 18: "TLS", 19: "VeNCrypt", 20: "SASL",
}  # fmt: skip
"""RFC 6143 section 7.1.2, and the IANA registry "RFB Security Types" that it opened."""
_VERSION = re.compile(rb"RFB ([0-9]{3})\.([0-9]{3})\n")


@dataclass(frozen=True, slots=True)
class RfbVersion:
    """3.3, 3.7, 3.8 …"""

    version: str


@dataclass(frozen=True, slots=True)
class RfbSecurity:
    """Offered by the server, or taken by the client. 1: none, 2: VNC's challenge and response."""

    types: tuple[int, ...]
    satisfied: bool = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """The version line that both sides begin with."""
    found = (heads.bytes[:, :4] == np.frombuffer(b"RFB ", np.uint8)).all(axis=1)
    shaped: NDArray[np.bool_] = found & (heads.bytes[:, 7] == 0x2E) & (heads.bytes[:, 11] == 0x0A)
    return shaped


def parse(data: bytes, *, from_responder: bool) -> tuple[RfbVersion | RfbSecurity, int] | NeedMore:
    """The version, then the security types behind it. Raises ValueError."""
    if data.startswith(b"RFB "):
        if len(data) < VERSION_BYTES:
            return NEED_MORE
        version = _VERSION.fullmatch(data[:VERSION_BYTES])
        if version is None:
            raise ValueError("no version of RFB at offset 0")
        return RfbVersion(f"{int(version[1])}.{int(version[2])}"), VERSION_BYTES
    if not data or b"RFB ".startswith(data):
        return NEED_MORE
    return _security(data, from_responder)


def _security(data: bytes, from_responder: bool) -> tuple[RfbSecurity, int] | NeedMore:
    """A server's list, one number in version 3.3; a client's choice."""
    if not from_responder:
        return RfbSecurity((data[0],)), 1
    if data[0] == 0:
        return (RfbSecurity((int.from_bytes(data[:4]),)), 4) if len(data) >= 4 else NEED_MORE
    behind = 1 + data[0]
    return (RfbSecurity(tuple(data[1:behind])), behind) if len(data) >= behind else NEED_MORE
