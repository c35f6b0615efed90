"""Domain names on the wire: labels, compression and their bounds (RFC 1035 §3.1, §4.1.4; RFC 9267 on what goes wrong)."""

from __future__ import annotations

import string

from gdsi_audit.wire_text import WireText, display

LONGEST_NAME_BYTES = 255
MOST_HOPS = 126
HEADER_BYTES = 12

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class CutShortError(ValueError):
    """The bytes end inside what is being read; all before that was well-formed."""


def read_name(data: bytes, offset: int) -> tuple[WireText, int]:
    """The name at `offset` in display form, and the offset behind it.

    Dots within a label show as `\\x2e`, the root as `.`. Raises ValueError for loops, reserved label types, pointers that do not point backwards
    and names over 255 bytes; CutShortError where the bytes end inside the name.
    """
    labels: list[str] = []
    position = segment = offset
    behind = name_bytes = hops = 0
    while True:
        size = _byte(data, position, behind)
        if size == 0:
            return WireText(".".join(labels) or "."), behind or position + 1
        if size >= 0xC0:
            target = (size & 0x3F) << 8 | _byte(data, position + 1, behind)
            hops += 1
            if target >= segment or target < HEADER_BYTES or hops > MOST_HOPS:
                raise ValueError(f"the name at offset {offset} has a pointer at offset {position} that cannot be followed")
            behind = behind or position + 2
            position = segment = target
            continue
        name_bytes += size + 1
        if size > 63 or name_bytes >= LONGEST_NAME_BYTES:
            raise ValueError(f"the name at offset {offset} has an impossible label at offset {position}")
        _byte(data, position + size, behind)
        labels.append(display(data[position + 1 : position + 1 + size]).replace(".", "\\x2e"))
        position += size + 1


def folded(name: str) -> WireText:
    """`name` as names are compared: ASCII letters in lower case, nothing else changed (RFC 4343)."""
    return WireText(name.lower() if name.isascii() else name.translate(_LOWER))


def _byte(data: bytes, position: int, behind: int) -> int:
    if position < len(data):
        return data[position]
    if behind:
        raise ValueError(f"a compressed name runs over the end at offset {len(data)}")
    raise CutShortError(f"the bytes end inside a name at offset {len(data)}")
