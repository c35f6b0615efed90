"""A declaration written in JSON: the same tables and keys as in TOML, dates and times as RFC 3339 text."""

from __future__ import annotations

from pathlib import Path

from gdsi_audit.declarations import Declaration, _document, _json_lines, mud

SUFFIXES = (".json",)


def claims(raw: bytes) -> bool:
    """A JSON object that is not a MUD file."""
    return raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") and not mud.claims(raw)


def read(path: Path, raw: bytes) -> Declaration:
    """The declaration of one file. Raises ValueError naming file, line, key and the nearest valid word."""
    value, lines = _json_lines.document(path, raw)
    return _document.declaration(value, lines, path, raw)
