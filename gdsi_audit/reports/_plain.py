"""Values as a document may hold them: text, whole numbers, finite numbers, truth, nothing, lists and tables of these."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from gdsi_audit.wire_text import display


def plain(value: object) -> Any:
    """`value` without types of ours. Sets become sorted lists, numbers that are none (NaN, infinity) nothing, unprintable characters `\\xNN`."""
    # Commonest first: a document may have hundreds of thousands of values.
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int) or value is None:
        return value
    if isinstance(value, dict):
        return {printable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return _rarer(value)


def _rarer(value: object) -> Any:
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return plain(dict(value))
    if isinstance(value, Sequence | Iterator):
        return [plain(item) for item in value]
    if isinstance(value, AbstractSet):
        return sorted((plain(item) for item in value), key=str)
    return printable(str(value))


def attributes(value: Any) -> dict[str, Any]:
    """A dataclass as a table, one level deep."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def printable(text: str) -> str:
    """`text` if every character of it prints, else its display form: names of files and declared words are as hostile as the wire."""
    if text.isprintable():
        return text
    try:
        return str(display(text.encode("utf-8", "surrogateescape")))  # as names of files have bytes that are no text
    except UnicodeEncodeError:
        return str(display(text.encode("utf-8", "surrogatepass")))
