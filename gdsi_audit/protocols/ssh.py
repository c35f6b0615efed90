"""SSH: the version exchange, which is all that is readable of what runs (RFC 4253 §4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

BEGINNING = b"SSH-"
LONGEST_LINE_BYTES = 255


@dataclass(frozen=True, slots=True)
class SshBanner:
    version: WireText
    """2.0, 1.99."""
    software: WireText
    comments: WireText
    satisfied: bool = True


def recognise(heads: Heads) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (heads.bytes[:, :4] == np.frombuffer(BEGINNING, np.uint8)).all(axis=1)
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[SshBanner, int] | NeedMore:
    """The banner and its bytes. Raises ValueError for anything else and for a line over 255 bytes."""
    del from_responder
    end = data.find(b"\n", 0, LONGEST_LINE_BYTES)
    if not data.startswith(BEGINNING[: len(data)]) or (end < 0 and len(data) >= LONGEST_LINE_BYTES):
        raise ValueError("no SSH banner at offset 0")
    if end < 0:
        return NEED_MORE
    version, _, rest = data[len(BEGINNING) : end].rstrip(b"\r").partition(b"-")
    software, _, comments = rest.partition(b" ")
    return SshBanner(display(version), display(software), display(comments)), end + 1
