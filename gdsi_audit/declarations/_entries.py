"""A parsed document held against the schema: its tables with checked values, and everything that is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gdsi_audit.declarations import Source
from gdsi_audit.declarations._checks import Wrong, kind_of
from gdsi_audit.declarations._fields import TABLES, Table
from gdsi_audit.declarations._lines import Lines, Where, nearest_line
from gdsi_audit.wire_text import printable

MOST_PROBLEMS = 50


@dataclass
class Problems:
    """What is wrong with one file, each with its line."""

    file: str
    lines: Lines
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, where: Where, text: str) -> None:
        """Keeps a problem, on one line whatever of the file it repeats.

        Raises ValueError with all of them when there are too many to go on: looking for the word that was meant takes time.
        """
        self.found.append((nearest_line(self.lines, where), printable(text)))
        if len(self.found) == MOST_PROBLEMS:
            self.raise_any()

    def raise_any(self) -> None:
        """Raises ValueError with one line of text per problem, in the order of the file; nothing when all is well."""
        if self.found:
            told = [f"{self.file}:{line}: {text}" for line, text in sorted(self.found)]
            rest = [f"{self.file}: no more than {MOST_PROBLEMS} problems are told at once"] if len(told) == MOST_PROBLEMS else []
            raise ValueError("\n".join(told + rest))


@dataclass(frozen=True, slots=True)
class Entry:
    """One table as it was written, its values checked."""

    heading: str
    where: Where
    values: Mapping[str, Any]
    sources: tuple[tuple[str, Source], ...]
    """Where each key stands."""
    source: Source

    def has(self, *keys: str) -> list[str]:
        """Those of `keys` that were written."""
        return [key for key in keys if key in self.values]


def entries(document: Mapping[str, object], by: str, problems: Problems) -> dict[str, list[Entry]]:
    """The tables of `document` by name, as far as they are right; the rest goes to `problems`."""
    return {name: list(_of_table(name, value, by, problems)) for name, value in document.items() if _is_known(name, problems)}


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "ports"?`, or nothing when nothing is near."""
    near = difflib.get_close_matches(word[:60].lower(), list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def _is_known(name: str, problems: Problems) -> bool:
    if name not in TABLES:
        near = difflib.get_close_matches(name[:60].lower(), list(TABLES), n=1)
        meant = f"; did you mean {TABLES[near[0]].heading(near[0])}?" if near else f"; there are {', '.join(TABLES)}"
        problems.add((name,), f'there is no table "{name[:60]}"{meant}')
    return name in TABLES


def _of_table(name: str, value: object, by: str, problems: Problems) -> Iterator[Entry]:
    table = TABLES[name]
    items = value if table.many and isinstance(value, list) else [value]
    if table.many != isinstance(value, list):
        problems.add((name,), f"{name} is written {table.heading(name)}, not as {kind_of(value)}")
        return
    for index, item in enumerate(items):
        where: Where = (name, index) if table.many else (name,)
        if isinstance(item, dict):
            yield _entry(table, table.heading(name), item, where, by, problems)
        else:
            problems.add(where, f"{table.heading(name)} must be a table, not {kind_of(item)}")


def _entry(table: Table, heading: str, item: dict[str, object], where: Where, by: str, problems: Problems) -> Entry:
    values: dict[str, Any] = {}
    for key, value in item.items():
        if key not in table.keys:
            problems.add((*where, key), f'{heading} has no key "{key[:60]}"{suggestion(key, table.keys)}')
            continue
        try:
            values[key] = table.keys[key](value)
        except Wrong as wrong:
            problems.add((*where, key, *wrong.inside), f'{heading} "{key}" {wrong}')
    for key in table.required:
        if key not in item:
            problems.add(where, f'{heading} needs the key "{key}"')
    sources = tuple((key, Source(problems.file, nearest_line(problems.lines, (*where, key)), by)) for key in values)
    return Entry(heading, where, values, sources, Source(problems.file, nearest_line(problems.lines, where), by))
