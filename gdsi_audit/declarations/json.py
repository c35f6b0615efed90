"""A declaration written in JSON: the same tables and keys as in TOML, dates and times as RFC 3339 text."""

from __future__ import annotations

from pathlib import Path

from gdsi_audit.declarations import Declaration, _document
from gdsi_audit.declarations._json_lines import located

SUFFIXES = (".json",)


def claims(raw: bytes) -> bool:
    """A JSON object that is not a MUD file."""
    return raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") and b'"ietf-mud:mud"' not in raw


def read(path: Path, raw: bytes) -> Declaration:
    """The declaration of one file. Raises ValueError naming file, line, key and the nearest valid word."""
    try:
        document, lines = located(_document.text_of(path, raw))
    except ValueError as error:
        raise ValueError(_placed(path, str(error))) from error
    return _document.declaration(document, lines, path, raw)


def _placed(path: Path, text: str) -> str:
    """`line 3: ...` as `camera.json:3: not JSON: ...`; what already names the file stays."""
    line, colon, rest = text.removeprefix("line ").partition(": ")
    return f"{path.name}:{line}: not JSON: {rest}" if colon and line.isdigit() else text
