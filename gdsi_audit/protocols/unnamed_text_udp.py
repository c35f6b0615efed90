"""Readable text in datagrams that no other protocol on this shelf claims."""

from __future__ import annotations

from gdsi_audit.protocols import NEED_MORE, NeedMore
from gdsi_audit.protocols._text_shape import UnnamedText, recognise, text

__all__ = ["EVERY_DATAGRAM", "TRANSPORT", "parse", "recognise"]

TRANSPORT = "udp"
EVERY_DATAGRAM = False
"""The first one tells."""


def parse(datagrams: list[bytes], *, from_responder: bool) -> UnnamedText | NeedMore:
    """What kind of text the first datagram is."""
    del from_responder
    return text(datagrams[0]) if datagrams else NEED_MORE
