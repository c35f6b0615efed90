"""What NTP messages hold besides the time: extension fields that are nobody's, and timestamps that no clock made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import ntp

TEN_YEARS_NS = 315_576_000 * 10**9
NO_INSTANT = -(1 << 62)
BARE = np.dtype([("first", "u1"), ("rest", "V15"), ("timestamps", ">u8", 4)])
"""An NTP header, as far as it is looked at."""
NTS_FIELDS = frozenset({0x0104, 0x0404})
"""Unique identifier and authenticator: with both, the other fields of the range are network time security's (RFC 8915 section 5)."""
KNOWN_FIELDS = frozenset({0x2005, 0x0104, 0x0204, 0x0304, 0x0404})
AUTOKEY = 0x02
"""Low byte of Autokey's field types (RFC 5906 section 10)."""


def foreign_bytes(bodies: Sequence[Any], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bytes of each NTP message in unknown extension fields, and in timestamps that no clock made. Bare headers are read all at once."""
    sizes = np.zeros(len(bodies), np.int64)
    bare = np.array([type(body) is bytes and len(body) == ntp.HEADER_BYTES for body in bodies], np.bool_)
    headers = np.frombuffer(b"".join(bodies[row] for row in np.flatnonzero(bare).tolist()), BARE)
    stamps = np.where((headers["first"] & 7 < ntp.CONTROL)[:, None], headers["timestamps"], 0)
    sizes[bare] = _scattered_bytes(stamps, times[bare])
    for row in np.flatnonzero(~bare).tolist():
        body = ntp.parse([bodies[row]], from_responder=False) if type(bodies[row]) is bytes else bodies[row]
        stamps = np.array([body.timestamps], np.uint64)
        sizes[row] = _unknown_bytes(body.extensions) + int(_scattered_bytes(stamps, times[row : row + 1])[0])
    return sizes


def _unknown_bytes(extensions: Sequence[tuple[int, int]]) -> int:
    """In fields of a type that is nobody's."""
    secured = {kind for kind, _ in extensions} >= NTS_FIELDS
    return sum(size for kind, size in extensions if not (kind & 0xFF == AUTOKEY or kind == 0x2005 or (secured and kind in KNOWN_FIELDS)))


def _scattered_bytes(stamps: NDArray[np.integer], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of four timestamps a message, those ten years and more from the capture, where they are as far from each other."""
    instants = ((stamps >> np.uint64(32)).astype(np.int64) - ntp.UNIX_EPOCH_S) * 10**9
    away = (stamps != 0) & (np.abs(instants - times[:, None]) > TEN_YEARS_NS)
    latest, earliest = np.where(away, instants, NO_INSTANT).max(axis=1), np.where(away, instants, -NO_INSTANT).min(axis=1)
    scattered = (away.sum(axis=1) >= 2) & (latest - earliest > TEN_YEARS_NS)
    return np.where(scattered, 8 * away.sum(axis=1), 0).astype(np.int64)
