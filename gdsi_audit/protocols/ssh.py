"""SSH: the version exchange and who begins the key exchange, which is all that is readable of what runs (RFC 4253 §4.2, §6 and §8).

Who opened the connection need not be the client: a server may call, or be called through a relay, and only the key exchange tells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

BEGINNING = b"SSH-"
LONGEST_LINE_BYTES = 255
LARGEST_PACKET_BYTES = 35_000
BEFORE_ROLES = frozenset({2, 4, 20})
"""Ignore, debug, key exchange initialisation: both sides send them alike."""
OF_SERVER = frozenset({31, 33})
"""Replies in every key exchange, Diffie-Hellman or elliptic (RFC 4253 §8, RFC 4419 §5, RFC 5656 §4)."""


@dataclass(frozen=True, slots=True)
class SshBanner:
    """Identification string of one side."""

    version: WireText
    """2.0, 1.99."""
    software: WireText
    comments: WireText


@dataclass(frozen=True, slots=True)
class SshPacket:
    """One packet before encryption begins."""

    number: int
    """Message number; 0: none that can be read."""

    @property
    def satisfied(self) -> bool:
        """Whether it tells the roles, or nothing will."""
        return self.number not in BEFORE_ROLES


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """The beginning of a banner."""
    found: NDArray[np.bool_] = (heads.bytes[:, :4] == np.frombuffer(BEGINNING, np.uint8)).all(axis=1)
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[SshBanner | SshPacket, int] | NeedMore:
    """The banner, then each packet until one tells the roles, with its bytes. Raises ValueError for a banner over 255 bytes."""
    del from_responder
    if not data.startswith(BEGINNING[: len(data)]):
        return _packet(data)  # only what begins with a banner is recognised, so this stands behind one
    end = data.find(b"\n", 0, LONGEST_LINE_BYTES)
    if end < 0 and len(data) >= LONGEST_LINE_BYTES:
        raise ValueError("no SSH banner at offset 0")
    if end < 0:
        return NEED_MORE
    version, _, rest = data[len(BEGINNING) : end].rstrip(b"\r").partition(b"-")
    software, _, comments = rest.partition(b" ")
    return SshBanner(display(version), display(software), display(comments)), end + 1


def _packet(data: bytes) -> tuple[SshPacket, int] | NeedMore:
    """RFC 4253 §6: length, length of the padding, message."""
    if len(data) < 6:
        return NEED_MORE
    length = int.from_bytes(data[:4])
    if not 2 <= length <= LARGEST_PACKET_BYTES:
        return SshPacket(0), len(data)
    number, behind = data[5], 4 + length
    if number not in BEFORE_ROLES:
        return SshPacket(number), len(data)
    return (SshPacket(number), behind) if behind <= len(data) else NEED_MORE
