"""The flows themselves, for other tools: the command `flows`. One row per flow, in the order in which flows end; memory does not grow with them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gdsi_audit import devices
from gdsi_audit.columns import Words
from gdsi_audit.distinct import distinct_rows
from gdsi_audit.endpoints import NAME_SOURCES
from gdsi_audit.flows import CONN_STATES
from gdsi_audit.flows.community_id import community_texts
from gdsi_audit.observe import Observation
from gdsi_audit.packets import ARP, TUNNELS
from gdsi_audit.packets.address import text

if TYPE_CHECKING:
    import pyarrow as pa

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


Piece = Mapping[str, NDArray[Any] | Words | list[Any]]
"""Columns of equal length; NULL_WHERE_NEGATIVE say with a negative number that there is nothing."""

NULL_WHERE_NEGATIVE = frozenset({"continues", "handshake_rtt_s"})

TRANSPORT_WORDS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}
_FACTS = ("service", "server_name", "alpn", "ja3", "ja3s", "ja4", "http_host")


def pieces(seen: Observation, hosts: devices.Hosts, *, names: bool = True) -> Iterator[Piece]:
    """COLUMNS (and `names`) of all flows but ARP's, at most PIECE_FLOWS at a time; one empty piece where there are none."""
    every_name = seen.names.all() if names else np.empty(0, seen.names.dtype)
    every_name = every_name[np.argsort(every_name["serial"], kind="stable")]
    nothing = (np.empty(0, seen.rows.dtype), np.empty(0, seen.facts.dtype))
    for rows, facts in zip(seen.rows.pieces(PIECE_FLOWS), seen.facts.pieces(PIECE_FLOWS), strict=True) if seen.rows.rows else (nothing,):
        kept = np.flatnonzero(rows["transport"] != ARP)
        piece = _columns(rows[kept], facts[kept], seen, hosts)
        yield {**piece, "names": _names(rows["serial"][kept], every_name, seen)} if names else piece


def _columns(rows: NDArray[np.void], facts: NDArray[np.void], seen: Observation, hosts: devices.Hosts) -> dict[str, NDArray[Any] | Words]:
    words = tuple(seen.texts.of_row)
    device_words = ("", *(host.id for host in hosts.devices))
    rtt_ns = rows["handshake_rtt_ns"]
    columns: dict[str, NDArray[Any] | Words] = {
        "flow": rows["flow"],
        "capture": rows["first_capture"],
        "continues": rows["continues"],
        "initiator": Words(rows["began"], ("unknown", "originator")),
        "start": rows["start"] / 1e9,
        "duration_s": (rows["end"] - rows["start"]) / 1e9,
        "transport": _by_number(rows["transport"], lambda number: TRANSPORT_WORDS.get(number, f"ip-{number}")),
        "missed_bytes": rows["orig_missed_bytes"] + rows["resp_missed_bytes"],
        "conn_state": Words(rows["conn_state"], CONN_STATES),
        "history": _by_number(rows["history"], bytes.decode),
        "handshake_rtt_s": np.where(rtt_ns < 0, -1.0, rtt_ns / 1e9),
        "community_id": community_texts(rows),
        "tunnel": Words(rows["tunnel"], TUNNELS),
        "app": _by_number(rows["app"], lambda number: seen.apps.get(number, "" if number < 0 else str(number))),
        "first_frame": rows["first_frame"],
        "last_frame": rows["last_frame"],
    }
    for side in ("orig", "resp"):
        hi, lo = rows[f"{side}_hi"], rows[f"{side}_lo"]
        columns[f"{side}_device"] = Words(hosts.device_of(rows[f"{side}_mac"], hi, lo) + 1, device_words)
        columns[f"{side}_addr"] = _addresses(hi, lo)
        columns |= {f"{side}_{field}": rows[f"{side}_{field}"] for field in ("port", "pkts", "bytes", "ip_bytes")}
    columns |= {field: Words(facts[field], words) for field in _FACTS}
    return {column: columns[column] for column in COLUMNS}


def _by_number(values: NDArray[Any], word: Callable[[Any], str]) -> Words:
    """A column of the words for `values`; different values may share a word."""
    known, code = np.unique(values, return_inverse=True)
    return Words(code.ravel(), tuple(map(word, known.tolist())))


def _addresses(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> Words:
    rows, place = distinct_rows(hi, lo)
    return Words(place, tuple(map(text, hi[rows].tolist(), lo[rows].tolist())))


def _cells(piece: Piece, column: str) -> list[Any]:
    """The values of one column as Python has them; None where there is nothing."""
    values = piece[column]
    if isinstance(values, list):
        return values
    if isinstance(values, Words):
        return [values.words[code] for code in values.codes.tolist()]
    plain: list[Any] = values.tolist()
    if values.dtype.kind == "S":
        return [cell.decode() for cell in plain]
    return [None if cell < 0 else cell for cell in plain] if column in NULL_WHERE_NEGATIVE else plain


def _rows(piece: Piece, columns: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(_cells(piece, column) for column in columns), strict=True)


def _names(serials: NDArray[np.int64], names: NDArray[np.void], seen: Observation) -> list[list[dict[str, object]]]:
    first = np.searchsorted(names["serial"], serials, side="left").tolist()
    behind = np.searchsorted(names["serial"], serials, side="right").tolist()
    given = list(zip(names["name"].tolist(), names["source"].tolist(), names["frame"].tolist(), strict=True))
    words = seen.texts.of_row
    return [
        [{"name": words[name], "source": NAME_SOURCES[source], "frame": frame} for name, source, frame in given[begin:end]]
        for begin, end in zip(first, behind, strict=True)
    ]


def write(tables: Iterator[Piece], style: str, out: BinaryIO) -> None:
    """Writes the flows in one of FORMATS. Raises OSError as `out` does."""
    {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet, "zeek": _zeek, "table": _text}[style](tables, out)


def _jsonl(tables: Iterator[Piece], out: BinaryIO) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for table in tables:
        out.writelines(encode(dict(zip(table, row, strict=True))).encode() + b"\n" for row in _rows(table, table))


def inert(cell: object) -> object:
    """Text that no spreadsheet takes for a formula (OWASP: a leading = + - @ tab or return gets an apostrophe)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\0") else cell


def _csv(tables: Iterator[Piece], out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for table in tables:
        writer.writerows([inert(cell) for cell in row] for row in _rows(table, COLUMNS))
    text.detach()


def _parquet(tables: Iterator[Piece], out: BinaryIO) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    writer: parquet.ParquetWriter | None = None
    for table in tables:
        batch = pa.Table.from_arrays([_arrow(column, values) for column, values in table.items()], names=list(table))
        if writer is None:
            words = [column for column, values in table.items() if isinstance(values, Words)]
            writer = parquet.ParquetWriter(out, batch.schema, use_dictionary=words)
        writer.write_table(batch)
    if writer is not None:
        writer.close()


def _arrow(column: str, values: NDArray[Any] | Words | list[Any]) -> pa.Array:
    """A column for Arrow, over its own buffers (its constructors that take anything load pandas); texts as a dictionary of those that occur."""
    import pyarrow as pa

    if isinstance(values, list):
        return _arrow_names(values)
    if isinstance(values, Words):
        used, code = np.unique(values.codes, return_inverse=True)
        return pa.DictionaryArray.from_arrays(
            _arrow_numbers(code.ravel().astype(np.int32)), _arrow_texts([values.words[row].encode() for row in used.tolist()])
        )
    if values.dtype.kind == "S":
        return _arrow_texts(values.tolist())
    return _arrow_numbers(values, values >= 0 if column in NULL_WHERE_NEGATIVE else None)


def _arrow_numbers(values: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> pa.Array:
    import pyarrow as pa

    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [bits, pa.py_buffer(np.ascontiguousarray(values))])


def _arrow_texts(pieces: Sequence[bytes]) -> pa.Array:
    import pyarrow as pa

    ends = np.cumsum([0, *map(len, pieces)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(pieces), pa.py_buffer(ends), pa.py_buffer(b"".join(pieces)))


def _arrow_names(names: Sequence[Sequence[Mapping[str, Any]]]) -> pa.Array:
    """A list of (name, source, frame) per flow."""
    import pyarrow as pa

    given = [name for of_flow in names for name in of_flow]
    frames = _arrow_numbers(np.array([name["frame"] for name in given], np.int64))
    fields = [*(_arrow_texts([name[field].encode() for name in given]) for field in ("name", "source")), frames]
    ends = np.cumsum([0, *map(len, names)], dtype=np.int32)
    return pa.ListArray.from_arrays(_arrow_numbers(ends), pa.StructArray.from_arrays(fields, ["name", "source", "frame"]))


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


def _zeek(tables: Iterator[Piece], out: BinaryIO) -> None:
    """Zeek's conn.log in its tab-separated form."""
    types = "\t".join(kind for kind, _ in ZEEK_FIELDS.values())
    head = ("#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn")
    out.write("\n".join((*head, "#fields\t" + "\t".join(ZEEK_FIELDS), f"#types\t{types}", "")).encode())
    for table in tables:
        rows = _rows(table, [column for _, column in ZEEK_FIELDS.values()])
        out.writelines(("\t".join(map(_zeek_cell, row)) + "\n").encode() for row in rows)


def _zeek_cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.6f}"
    return str(cell).replace("\t", "\\x09").replace("icmp6", "icmp") or "-"


def _text(tables: Iterator[Piece], out: BinaryIO) -> None:
    """A line per flow, for reading."""
    for table in tables:
        out.writelines(_line(dict(zip(table, row, strict=True))).encode() for row in _rows(table, table))


def _line(row: dict[str, Any]) -> str:
    ends = f"{_end(row['orig_addr'], row['orig_port']):>42} → {_end(row['resp_addr'], row['resp_port']):<42}"
    volume = f"↑{row['orig_bytes']:>10} ↓{row['resp_bytes']:>10} B {row['duration_s']:>9.1f} s"
    return f"{row['transport']:<5} {ends} {row['service']:<8} {row['conn_state']:<6} {volume}  {row['server_name'] or row['http_host']}\n"


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
