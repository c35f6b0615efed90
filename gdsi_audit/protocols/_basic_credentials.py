"""Credentials of the Basic scheme (RFC 7617), which HTTP and RTSP share: how long they are, never what they are."""

from __future__ import annotations

import base64
import binascii


def basic_sizes(encoded: bytes) -> tuple[int, int]:
    """(bytes of the user's name, bytes of the password); of what is no base64 (-1, its own bytes)."""
    try:
        user, _, secret = base64.b64decode(encoded, validate=True).partition(b":")
    except binascii.Error:
        return -1, len(encoded)
    return len(user), len(secret)
