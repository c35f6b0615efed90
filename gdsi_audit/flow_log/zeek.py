"""Zeek's conn.log in its tab-separated form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from gdsi_audit.flow_log._rows import Piece, rows

SUFFIXES = (".log",)

ZEEK_FIELDS: Mapping[str, tuple[str, str]] = {
    "ts": ("time", "start"),
    "uid": ("string", "flow"),
    "id.orig_h": ("addr", "orig_addr"),
    "id.orig_p": ("port", "orig_port"),
    "id.resp_h": ("addr", "resp_addr"),
    "id.resp_p": ("port", "resp_port"),
    "proto": ("enum", "transport"),
    "service": ("string", "service"),
    "duration": ("interval", "duration_s"),
    "orig_bytes": ("count", "orig_bytes"),
    "resp_bytes": ("count", "resp_bytes"),
    "conn_state": ("string", "conn_state"),
    "missed_bytes": ("count", "missed_bytes"),
    "history": ("string", "history"),
    "orig_pkts": ("count", "orig_pkts"),
    "orig_ip_bytes": ("count", "orig_ip_bytes"),
    "resp_pkts": ("count", "resp_pkts"),
    "resp_ip_bytes": ("count", "resp_ip_bytes"),
    "community_id": ("string", "community_id"),
}


def write(tables: Iterator[Piece], out: BinaryIO) -> None:
    """See `Format`."""
    types = "\t".join(kind for kind, _ in ZEEK_FIELDS.values())
    head = ("#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn")
    out.write("\n".join((*head, "#fields\t" + "\t".join(ZEEK_FIELDS), f"#types\t{types}", "")).encode())
    for table in tables:
        lines = rows(table, [column for _, column in ZEEK_FIELDS.values()])
        out.writelines(("\t".join(map(_cell, row)) + "\n").encode() for row in lines)


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.6f}"
    return str(cell).replace("\t", "\\x09").replace("icmp6", "icmp") or "-"
