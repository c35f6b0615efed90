"""A declaration written in TOML: what people write by hand."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from gdsi_audit.declarations import Declaration, _document
from gdsi_audit.declarations._lines import toml_lines

SUFFIXES = (".toml",)

_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_LONG_KEY = re.compile(r"(?<![\w\"'.-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){64}")


def claims(raw: bytes) -> bool:
    """Whatever does not open as a JSON object."""
    return not raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read(path: Path, raw: bytes) -> Declaration:
    """The declaration of one file. Raises ValueError naming file, line, key and the nearest valid word."""
    text = _document.text_of(path, raw)
    try:
        if _LONG_KEY.search(text):  # tomllib takes quadratic time over these
            raise ValueError("a key has more than 64 parts")
        document, lines = tomllib.loads(text), toml_lines(text)
    except RecursionError as error:
        raise ValueError(f"{path.name}: nested too deeply") from error
    except ValueError as error:
        place = _PLACE.search(str(error))
        line = place[1] if place else str(text.count("\n") + 1)
        raise ValueError(f"{path.name}:{line}: not TOML: {_PLACE.sub('', str(error))}") from error
    return _document.declaration(document, lines, path, raw)
