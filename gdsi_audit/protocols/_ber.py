"""BER's tag, length and value, as SNMP and LDAP use them (ITU-T X.690 section 8.1)."""

from __future__ import annotations

from typing import NamedTuple

INTEGER, OCTET_STRING, SEQUENCE = 0x02, 0x04, 0x30
LONGEST_LENGTH_BYTES = 3


class CutError(ValueError):
    """The element goes on behind the bytes that are here."""


class Element(NamedTuple):
    """One element."""

    tag: int
    value: bytes
    behind: int
    """Offset behind it."""

    @property
    def number(self) -> int:
        """Of an INTEGER."""
        return int.from_bytes(self.value, signed=True)


def element(data: bytes, start: int = 0, tag: int = -1) -> Element:
    """The element at `start`. Raises ValueError where its length is not definite, or where it is not `tag`; CutError where it is not whole."""
    if start + 2 > len(data):
        raise CutError(f"a BER element is cut at offset {start}")
    if tag >= 0 and data[start] != tag:
        raise ValueError(f"BER tag {data[start]:#04x} instead of {tag:#04x} at offset {start}")
    size, begin = data[start + 1], start + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= LONGEST_LENGTH_BYTES:
            raise ValueError(f"a BER length of {count} bytes at offset {start + 1}")
        size, begin = int.from_bytes(data[begin : begin + count]), begin + count
    if begin + size > len(data):
        raise CutError(f"a BER element runs over the end at offset {start}")
    return Element(data[start], data[begin : begin + size], begin + size)
