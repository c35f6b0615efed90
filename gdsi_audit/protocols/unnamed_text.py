"""Readable text over TCP that no other protocol on this shelf claims: JSON behind a length, lines of a vendor's own."""

from __future__ import annotations

from gdsi_audit.protocols import NEED_MORE, NeedMore
from gdsi_audit.protocols._text_shape import SHORTEST_BYTES, UnnamedText, recognise, text

__all__ = ["TRANSPORT", "UnnamedText", "parse", "recognise"]

TRANSPORT = "tcp"


def parse(data: bytes, *, from_responder: bool) -> tuple[UnnamedText, int] | NeedMore:
    """What kind of text it is, told from the first bytes that are here."""
    del from_responder
    return (text(data), len(data)) if len(data) >= SHORTEST_BYTES else NEED_MORE
