"""One JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

from gdsi_audit.flow_log._rows import Piece, rows

SUFFIXES = (".jsonl",)


def write(tables: Iterator[Piece], out: BinaryIO) -> None:
    """See `Format`."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for table in tables:
        out.writelines(encode(dict(zip(table, row, strict=True))).encode() + b"\n" for row in rows(table, table))
