"""The flows themselves, for other tools: the command `flows`. One row per flow, in the order in which flows end; memory does not grow with them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gdsi_audit import devices, perspective
from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.flows import CONN_STATES
from gdsi_audit.flows.community_id import community_ids
from gdsi_audit.observe import Observation
from gdsi_audit.packets import ARP, TUNNELS

FORMATS = ("table", "jsonl", "csv", "parquet", "zeek")
PIECE_FLOWS = 20_000

COLUMNS = {
    "flow": "id: 16 * ordinal of the first frame + tunnel depth",
    "capture": "ordinal of the first frame's capture, from 0",
    "orig_device": "device on the originator's side, empty: none",
    "resp_device": "device on the responder's side, empty: none",
    "continues": "flow that this one continues after a time-out, null: none",
    "initiator": "who began, as a fact: originator, or unknown",
    "start": "seconds since 1970, UTC",
    "duration_s": "seconds",
    "transport": "tcp udp icmp icmp6 sctp ip-N",
    "orig_addr": "",
    "orig_port": "ICMP: type",
    "resp_addr": "",
    "resp_port": "ICMP: code, or the counterpart's type",
    "service": "protocol recognised by its bytes",
    "orig_pkts": "",
    "resp_pkts": "",
    "orig_bytes": "payload, retransmissions once",
    "resp_bytes": "",
    "orig_ip_bytes": "",
    "resp_ip_bytes": "",
    "missed_bytes": "both ways",
    "conn_state": "Zeek's",
    "history": "Zeek's",
    "handshake_rtt_s": "null: unknown",
    "community_id": "version 1, seed 0",
    "tunnel": "kind of tunnel around it, empty: none",
    "server_name": "of TLS or QUIC",
    "alpn": "",
    "ja3": "",
    "ja3s": "",
    "ja4": "",
    "http_host": "",
    "app": "",
    "first_frame": "in `capture`, from 1",
    "last_frame": "in the last frame's capture",
}
"""Columns of every format, `names` (list of name, source, frame) aside, which jsonl and parquet have."""


def pieces(seen: Observation, hosts: devices.Hosts, *, names: bool = True) -> Iterator[pd.DataFrame]:
    """COLUMNS (and `names`) of all flows but ARP's, at most PIECE_FLOWS at a time."""
    every_name = seen.names.all() if names else np.empty(0, seen.names.dtype)
    every_name = every_name[np.argsort(every_name["serial"], kind="stable")]
    for rows, facts in zip(seen.rows.pieces(PIECE_FLOWS), seen.facts.pieces(PIECE_FLOWS), strict=True):
        kept = rows["transport"] != ARP
        table = _table(rows[kept], facts[kept], seen, hosts)
        if names:
            table["names"] = pd.Series(_names(rows["serial"][kept], every_name, seen), dtype=object)
        yield table


def _table(rows: NDArray[np.void], facts: NDArray[np.void], seen: Observation, hosts: devices.Hosts) -> pd.DataFrame:
    words = seen.texts.of_row
    device_words = ("", *(host.id for host in hosts.devices))
    transports, transport = np.unique(rows["transport"], return_inverse=True)
    apps, app = np.unique(rows["app"], return_inverse=True)
    continues = pd.array(rows["continues"], dtype="Int64")
    continues[rows["continues"] < 0] = pd.NA
    columns: dict[str, Any] = {
        "flow": rows["flow"],
        "capture": rows["first_capture"],
        "continues": continues,
        "initiator": perspective.categories(rows["began"], ("unknown", "originator")),
        "start": rows["start"] / 1e9,
        "duration_s": (rows["end"] - rows["start"]) / 1e9,
        "transport": perspective.categories(transport, [perspective.transport_word(number) for number in transports.tolist()]),
        "missed_bytes": rows["orig_missed_bytes"] + rows["resp_missed_bytes"],
        "conn_state": perspective.categories(rows["conn_state"], CONN_STATES),
        "history": rows["history"].astype("U24"),
        "handshake_rtt_s": np.where(rows["handshake_rtt_ns"] < 0, np.nan, rows["handshake_rtt_ns"] / 1e9),
        "community_id": community_ids(rows),
        "tunnel": perspective.categories(rows["tunnel"], TUNNELS),
        "app": perspective.categories(app, [seen.apps.get(number, "" if number < 0 else str(number)) for number in apps.tolist()]),
        "first_frame": rows["first_frame"],
        "last_frame": rows["last_frame"],
    }
    for side in ("orig", "resp"):
        found = hosts.device_of(rows[f"{side}_mac"], rows[f"{side}_hi"], rows[f"{side}_lo"])
        columns[f"{side}_device"] = perspective.categories(found + 1, device_words)
        columns[f"{side}_addr"] = perspective.categories(*perspective.addresses(rows[f"{side}_hi"], rows[f"{side}_lo"]))
        columns |= {f"{side}_{field}": rows[f"{side}_{field}"] for field in ("port", "pkts", "bytes", "ip_bytes")}
    columns |= {field: perspective.categories(facts[field], words) for field in ("service", "server_name", "alpn", "ja3", "ja3s", "ja4", "http_host")}
    return pd.DataFrame({column: columns[column] for column in COLUMNS})


def _names(serials: NDArray[np.int64], names: NDArray[np.void], seen: Observation) -> list[list[dict[str, object]]]:
    first = np.searchsorted(names["serial"], serials, side="left").tolist()
    behind = np.searchsorted(names["serial"], serials, side="right").tolist()
    return [[_name(entry, seen) for entry in names[begin:end]] for begin, end in zip(first, behind, strict=True)]


def _name(entry: np.void, seen: Observation) -> dict[str, object]:
    return {"name": seen.texts.of_row[entry["name"]], "source": NAME_SOURCES[entry["source"]], "frame": int(entry["frame"])}


def write(tables: Iterator[pd.DataFrame], style: str, out: BinaryIO) -> None:
    """Writes the flows in one of FORMATS. Raises OSError as `out` does."""
    {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet, "zeek": _zeek, "table": _text}[style](tables, out)


def _jsonl(tables: Iterator[pd.DataFrame], out: BinaryIO) -> None:
    for table in tables:
        plain = table.astype(object).where(table.notna(), None)
        out.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for row in plain.to_dict("records"))


def inert(cell: object) -> object:
    """Text that no spreadsheet takes for a formula (OWASP: a leading = + - @ tab or return gets an apostrophe)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\0") else cell


def _csv(tables: Iterator[pd.DataFrame], out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for table in tables:
        plain = table[list(COLUMNS)].astype(object).where(table[list(COLUMNS)].notna(), "")
        writer.writerows([inert(cell) for cell in row] for row in plain.to_numpy().tolist())
    text.detach()


def _parquet(tables: Iterator[pd.DataFrame], out: BinaryIO) -> None:
    writer: pq.ParquetWriter | None = None
    for table in tables:
        batch = pa.Table.from_pandas(table, preserve_index=False)
        if writer is None:
            writer = pq.ParquetWriter(out, batch.schema)
        writer.write_table(batch.cast(writer.schema))
    if writer is not None:
        writer.close()


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


def _zeek(tables: Iterator[pd.DataFrame], out: BinaryIO) -> None:
    """Zeek's conn.log in its tab-separated form."""
    types = "\t".join(kind for kind, _ in ZEEK_FIELDS.values())
    head = ("#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn")
    out.write("\n".join((*head, "#fields\t" + "\t".join(ZEEK_FIELDS), f"#types\t{types}", "")).encode())
    for table in tables:
        columns = [table[column].astype(object) for _, column in ZEEK_FIELDS.values()]
        for row in zip(*columns, strict=True):
            out.write(("\t".join(map(_zeek_cell, row)) + "\n").encode())


def _zeek_cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.6f}"
    return str(cell).replace("\t", "\\x09").replace("icmp6", "icmp") or "-"


def _text(tables: Iterator[pd.DataFrame], out: BinaryIO) -> None:
    """A line per flow, for reading."""
    for table in tables:
        lines = (_line(dict(zip(table.columns, row, strict=True))) for row in table.itertuples(index=False, name=None))
        out.writelines(line.encode() for line in lines)


def _line(row: dict[str, Any]) -> str:
    ends = f"{_end(row['orig_addr'], row['orig_port']):>42} → {_end(row['resp_addr'], row['resp_port']):<42}"
    volume = f"↑{row['orig_bytes']:>10} ↓{row['resp_bytes']:>10} B {row['duration_s']:>9.1f} s"
    return f"{row['transport']:<5} {ends} {row['service']:<8} {row['conn_state']:<6} {volume}  {row['server_name'] or row['http_host']}\n"


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
