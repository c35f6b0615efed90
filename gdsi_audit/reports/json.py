"""The faithful form: everything that the other formats print, for programs. Its schema is published as `schema.json` beside this file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from gdsi_audit.audit import Audit
from gdsi_audit.reports._document import parties_of, parts
from gdsi_audit.reports._endpoint_rows import endpoint_rows
from gdsi_audit.reports._plain import plain
from gdsi_audit.tables.collecting import rare_collection

SUFFIXES = (".json",)


def render(audit: Audit) -> Iterator[str]:
    """One object, piece by piece. Rows of its lists stand on lines of their own, so that reports can be compared line by line."""
    with rare_collection():
        yield "{\n"
        for number, (key, value) in enumerate(_members(audit)):
            yield (",\n" if number else "") + f'"{key}": '
            yield from (value,) if isinstance(value, str) else _listed(value)
        yield "\n}\n"


def _members(audit: Audit) -> Iterator[tuple[str, str | Iterable[Iterable[str]]]]:
    """Keys with their text, or the rows of their list."""
    found = parties_of(audit)
    for key, value in parts(audit, found):
        if key == "findings":
            yield "endpoints", ((row,) for row in endpoint_rows(audit.traffic.devices, found, audit.traffic.endpoints))
            found.clear()
        yield key, map(_row, value) if isinstance(value, list) else _encoded(value)


def _listed(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield f"{before}\n"
        yield from row
        before = ","
    yield "[]" if before == "[" else "\n]"


def _row(row: Any) -> Iterator[str]:
    """Piece by piece where it has a long list."""
    if not isinstance(row, Mapping) or not any(isinstance(value, Iterator) for value in row.values()):
        yield _encoded(row)
        return
    for number, (key, value) in enumerate(row.items()):
        yield f'{", " if number else "{"}"{key}": '
        yield from _items(value) if isinstance(value, Iterator) else (_encoded(value),)
    yield "}"


def _items(values: Iterator[Any]) -> Iterator[str]:
    yield "["
    yield from (f"{', ' if number else ''}{_encoded(value)}" for number, value in enumerate(values))
    yield "]"


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(", ", ": "), default=lambda value: _other(value)).encode
_ESCAPED = re.compile(r"\\[bfnrtu]")


def _encoded(value: Any) -> str:
    """As JSON. Nearly everything is plain as it is, which shows in the text; else it is made so first."""
    try:
        text = _encode(value)
    except ValueError:
        text = ""
    return text if text.isprintable() and text and not _ESCAPED.search(text) else _encode(plain(value))


def _other(value: object) -> Any:
    """What JSON has no type for."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value, key=str)
    return list(value) if isinstance(value, Sequence) else plain(value)
