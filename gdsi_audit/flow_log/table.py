"""A line per flow, for reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from gdsi_audit.flow_log._rows import Piece, rows

SUFFIXES = (".txt",)


def write(tables: Iterator[Piece], out: BinaryIO) -> None:
    """See `Format`."""
    for table in tables:
        out.writelines(_line(dict(zip(table, row, strict=True))).encode() for row in rows(table, table))


def _line(row: dict[str, Any]) -> str:
    ends = f"{_end(row['orig_addr'], row['orig_port']):>42} → {_end(row['resp_addr'], row['resp_port']):<42}"
    volume = f"↑{row['orig_bytes']:>10} ↓{row['resp_bytes']:>10} B {row['duration_s']:>9.1f} s"
    return f"{row['transport']:<5} {ends} {row['service']:<8} {row['conn_state']:<6} {volume}  {row['server_name'] or row['http_host']}\n"


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
