"""ADB, Android's debug bridge: who connects, whether a key is asked for, and which services are opened (AOSP, packages/modules/adb, protocol.txt)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

COMMANDS = (b"CNXN", b"AUTH", b"OPEN", b"STLS")
CARRIERS = (b"OKAY", b"WRTE", b"CLSE", b"SYNC")
"""What only carries an opened service: skipped."""
HEADER_BYTES = 24
LONGEST_DATA_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class AdbMessage:
    """A command that says something about the session."""

    command: str
    """cnxn, auth, open, stls."""
    service: WireText
    """Of what is opened, or of who connects, the word before the first colon: shell, sync, host, device."""
    data_bytes: int


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A command whose complement stands at the end of the header."""
    mirrored = ((heads.bytes[:, :4] ^ heads.bytes[:, 20:24]) == 0xFF).all(axis=1) & (heads.length >= HEADER_BYTES)
    found: NDArray[np.bool_] = mirrored
    for row in np.flatnonzero(mirrored):
        found[row] = heads.bytes[row, :4].tobytes() in COMMANDS + CARRIERS
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[AdbMessage, int] | NeedMore:
    """The next command of interest and all bytes up to its end. Raises ValueError."""
    del from_responder
    place = 0
    while len(data) >= place + HEADER_BYTES:
        word = data[place : place + 4]
        size = int.from_bytes(data[place + 12 : place + 16], "little")
        mirrored = bytes(byte ^ 0xFF for byte in word) == data[place + 20 : place + 24]
        if word not in COMMANDS + CARRIERS or not mirrored or size > LONGEST_DATA_BYTES:
            raise ValueError(f"no message of ADB at offset {place}")
        behind = place + HEADER_BYTES + size
        if word in COMMANDS:
            return _message(word, data[place + HEADER_BYTES : behind], size, behind) if len(data) >= behind else NEED_MORE
        place = behind
    return NEED_MORE


def _message(word: bytes, content: bytes, size: int, behind: int) -> tuple[AdbMessage, int]:
    service = b"" if word == b"AUTH" else content.partition(b":")[0].rstrip(b"\0")[:32]
    return AdbMessage(word.decode().lower(), display(service), size), behind
