"""A plain list: one name, address, prefix or URL a line; `#` opens a comment."""

from __future__ import annotations

from gdsi_audit.indicators import Entry, Listed
from gdsi_audit.indicators._lines import text_lines
from gdsi_audit.indicators._values import entry, single

SUFFIXES = (".txt", ".list", ".lst", ".netset", ".ipset")


def claims(raw: bytes) -> bool:
    """Whether it is text of which every line is one word."""
    try:
        return all(len(line.split()) == 1 for _, line in text_lines(raw))
    except ValueError:
        return False


def read(raw: bytes) -> Listed:
    """See `Format`."""
    entries: list[Entry] = []
    left_out: list[str] = []
    for number, line in text_lines(raw):
        try:
            found = entry(line, number)
            entries.append(found._replace(kind=single(found.kind, found.value)))
        except ValueError as error:
            left_out.append(f"line {number}: {error}")
    return Listed(tuple(entries), tuple(left_out))
