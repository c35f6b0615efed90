"""A parsed document, TOML or JSON, becomes the declaration of one file. What is wrong with it is reported all at once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from gdsi_audit.declarations import AUTHORS, Declaration, Statement, _items, _over_broad
from gdsi_audit.declarations._checks import Wrong, kind_of
from gdsi_audit.declarations._entries import Entry, Problems, entries
from gdsi_audit.declarations._fields import TABLES
from gdsi_audit.declarations._lines import Lines

LARGEST_FILE_BYTES = 1 << 20


def text_of(path: Path, raw: bytes) -> str:
    """The text of a declaration file. Raises ValueError when it is too large or not UTF-8."""
    if len(raw) > LARGEST_FILE_BYTES:
        raise ValueError(f"{path.name}: is larger than a declaration may be ({LARGEST_FILE_BYTES >> 20} MiB); name the TOML, JSON or MUD file")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(f"{path.name}:{line}: byte {error.start} of the file is not UTF-8; save it as UTF-8") from error


def declaration(document: object, lines: Lines, path: Path, raw: bytes) -> Declaration:
    """The declaration that `document` states. A file without [statement] speaks for the vendor.

    Raises ValueError with one line of text per problem: file, line, table, key and the nearest valid word.
    """
    problems = Problems(path.name, lines)
    if not isinstance(document, dict):
        raise ValueError(f"{path.name}:1: a declaration is a table of tables, not {kind_of(document)}")
    tables = entries(document, _author(document), problems)
    fields = {_items.BUILDERS[name][0]: _built(name, tables[name], path, problems) for name in tables if name in _items.BUILDERS}
    problems.raise_any()
    stated = Declaration(statements=(_statement(tables.get("statement", []), path, raw),), **fields)
    return _over_broad.noted(stated)


def _author(document: dict[str, Any]) -> str:
    statement = document.get("statement")
    by = statement.get("by") if isinstance(statement, dict) else None
    return by if isinstance(by, str) and by in AUTHORS else "vendor"


def _statement(entry: list[Entry], path: Path, raw: bytes) -> Statement:
    said = entry[0].values if entry else {}
    text, date, by = said.get("source", ""), said.get("date", ""), said.get("by", "vendor")
    return Statement(by=by, text=text, date=date, file=path.name, sha256=hashlib.sha256(raw).hexdigest())


def _built(name: str, found: list[Entry], path: Path, problems: Problems) -> Any:
    """The items of one table; those that are wrong go to `problems`."""
    items = []
    for entry in found if not problems.found else []:
        try:
            items.append(_items.BUILDERS[name][1](entry, path))
        except Wrong as wrong:
            problems.add((*entry.where, *wrong.inside), f"{entry.heading} {wrong}")
    return tuple(items) if TABLES[name].many else next(iter(items), None)
