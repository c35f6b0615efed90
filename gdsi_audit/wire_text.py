"""Text chosen by the audited party: names, headers, certificates. Hostile until shown otherwise.

It is stored once, at the parser's border, in a reversible display form: printable characters as they are, every other byte as `\\xNN`, the
backslash itself as `\\x5c`. Each sink then escapes only for its own syntax (HTML, CSV, terminal mark-up).
"""

from __future__ import annotations

import re
from typing import NewType

WireText = NewType("WireText", str)
"""Display form of bytes from the wire. Made by `display` and nowhere else."""

LONGEST_TEXT_BYTES = 4096
"""Longer text is cut, and the cut shows as a trailing `\\x…`."""

_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


def display(raw: bytes) -> WireText:
    """The display form of `raw`: UTF-8 where it is valid and printable, `\\xNN` for the rest."""
    cut = raw[:LONGEST_TEXT_BYTES]
    text = cut.decode("utf-8", "surrogateescape")
    if "\\" in text or not text.isprintable():
        text = _escaped(text)
    return WireText(text if len(cut) == len(raw) else text + "\\x…")


def original(text: WireText) -> bytes:
    """The bytes that `display` was given. Raises ValueError for text that was cut."""
    if text.endswith("\\x…"):
        raise ValueError("the text was cut when it was read")
    parts = _ESCAPE.split(text)
    return b"".join(bytes.fromhex(part) if index % 2 else part.encode() for index, part in enumerate(parts))


def printable(text: str) -> str:
    """Text that repeats what somebody else wrote, for a message or a comment: on one line, and steering no terminal."""
    return text if text.isprintable() else "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _escaped(decoded: str) -> str:
    return "".join(character if character.isprintable() and character != "\\" else _hex(character) for character in decoded)


def _hex(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
