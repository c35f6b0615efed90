"""For spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from gdsi_audit.flow_log import COLUMNS
from gdsi_audit.flow_log._rows import Piece, rows

SUFFIXES = (".csv",)


def write(tables: Iterator[Piece], out: BinaryIO) -> None:
    """See `Format`."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for table in tables:
        writer.writerows([_inert(cell) for cell in row] for row in rows(table, COLUMNS))
    text.detach()


def _inert(cell: object) -> object:
    """Text that no spreadsheet takes for a formula (OWASP: a leading = + - @ tab or return gets an apostrophe)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\0") else cell
