"""What Python reads of a pcapng capture: options, interface descriptions and statistics, names and secrets (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.readers import Interface
from gdsi_audit.readers._pcapng_clock import INTERFACES
from gdsi_audit.wire_text import display

_IF_NAME, _IF_TSRESOL, _IF_TSOFFSET = 2, 9, 14
_ISB_IFDROP, _ISB_OSDROP = 5, 7
_LARGEST_OFFSET_S = 1 << 61
_MICROSECONDS = 6


def options(raw: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """The options in `raw` as (code, value), up to opt_endofopt or the first one that does not fit."""
    at = 0
    while at + 4 <= len(raw):
        code, length = struct.unpack_from(order + "HH", raw, at)
        if code == 0 or at + 4 + length > len(raw):
            return
        yield code, raw[at + 4 : at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def interface_of(body: bytes, order: str) -> tuple[Interface, NDArray[np.void]]:
    """An interface description's body (at least 8 bytes) as Interface and as a row of INTERFACES."""
    linktype, _, snaplen = struct.unpack_from(order + "HHI", body)
    values = dict(options(body[8:], order))
    name = display(values.get(_IF_NAME, b"").rstrip(b"\0"))
    row = np.zeros(1, dtype=INTERFACES)
    row["linktype"], row["snaplen"] = linktype, snaplen
    row["offset_s"] = _signed_64(values.get(_IF_TSOFFSET, b""), order)
    _set_resolution(row, values.get(_IF_TSRESOL, b""))
    return Interface(linktype=linktype, name=name, snaplen=snaplen), row


def _signed_64(raw: bytes, order: str) -> int:
    value: int = struct.unpack(order + "q", raw)[0] if len(raw) == 8 else 0
    return max(-_LARGEST_OFFSET_S, min(value, _LARGEST_OFFSET_S))


def _set_resolution(row: NDArray[np.void], option: bytes) -> None:
    exponent = option[0] if option else _MICROSECONDS
    row["shift"] = exponent & 0x7F if exponent & 0x80 else -1
    if exponent & 0x80:
        return
    row["ticks_per_s"] = 10**exponent if exponent <= 19 else 0
    row["ns_per_tick"] = 10 ** (9 - exponent) if exponent <= 9 else 0
    row["ticks_per_ns"] = 10 ** (exponent - 9) if 9 < exponent <= 28 else 0


def statistics_of(body: bytes, order: str) -> tuple[int, int | None]:
    """Interface statistics (body of at least 12 bytes): interface id, and packets dropped by interface and operating system; None: not said."""
    values = dict(options(body[12:], order))
    drops = [struct.unpack(order + "Q", values[code])[0] for code in (_ISB_IFDROP, _ISB_OSDROP) if len(values.get(code, b"")) == 8]
    return struct.unpack_from(order + "I", body)[0], sum(drops) if drops else None


def names_of(body: bytes, order: str) -> Iterator[tuple[bytes, bytes]]:
    """A name resolution block's records as (address, name): 4 or 16 bytes of address, one pair per name."""
    for kind, value in options(body, order):
        address_bytes = {1: 4, 2: 16}.get(kind, 0)
        if address_bytes and len(value) > address_bytes:
            names = value[address_bytes:].split(b"\0")
            yield from ((value[:address_bytes], name) for name in names if name)


def secrets_of(body: bytes, order: str) -> tuple[int, bytes]:
    """A decryption secrets block's body (at least 8 bytes) as (secrets type, secrets)."""
    kind, length = struct.unpack_from(order + "II", body)
    return kind, body[8 : 8 + length]
