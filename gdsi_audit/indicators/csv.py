"""A table with one indicator a row: in the column that the header names, else in the first."""

from __future__ import annotations

import csv
import io

from gdsi_audit.indicators import KINDS, Entry, Listed
from gdsi_audit.indicators._values import entry, single

SUFFIXES = (".csv", ".tsv")

VALUE_COLUMNS = (
    *("indicator", "value", "ioc", "ioc_value", "observable", "indicator_value", "domain", "hostname", "host", "fqdn", "ip", "ip_address"),
    *("dst_ip", "ipv4", "ipv6", "address", "url", "ja3", "ja3_md5", "ja3s", "sha1", "sha256", "cidr", "prefix", "network"),
)
KIND_COLUMNS = ("type", "kind", "indicator_type", "ioc_type")
LABEL_COLUMNS = ("label", "description", "comment", "malware", "threat", "tags", "listingreason", "malware_printable", "threat_type", "note")
KIND_WORDS = {
    **{kind: kind for kind in KINDS},
    **dict.fromkeys(("domain", "hostname", "fqdn", "domain-name", "host"), "name"),
    **dict.fromkeys(("ip", "ipv4", "ipv6", "ip-dst", "ip-src", "ipv4-addr", "ipv6-addr", "ip_address", "dst_ip"), "address"),
    **dict.fromkeys(("cidr", "network", "netblock"), "prefix"),
    **dict.fromkeys(("uri", "link"), "url"),
    **dict.fromkeys(("ja3_md5", "ja3-fingerprint-md5"), "ja3"),
    **dict.fromkeys(("sha1", "x509-fingerprint-sha1"), "certificate-sha1"),
    **dict.fromkeys(("sha256", "x509-fingerprint-sha256"), "certificate-sha256"),
}
"""Columns and types, as lists in circulation call them."""
WITH_PORT = frozenset({"ip:port", "ip-dst|port", "ip-src|port", "domain:port", "hostname|port"})


def claims(raw: bytes) -> bool:
    """Whether its first line that is no comment has columns."""
    head = next((line for line in raw.decode("utf-8-sig", "replace").splitlines() if line.strip() and not line.startswith("#")), "")
    return ("," in head or "\t" in head) and not head.startswith(("{", "["))


def read(raw: bytes) -> Listed:
    """See `Format`. Comments before the header are skipped; a header behind `# ` counts."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start}: is no UTF-8") from error
    rows = _rows(text)
    header = next((row for _, row in rows if _is_header(row)), None)
    columns = [word.strip().lower().lstrip("# ") for word in header] if header else []
    entries: list[Entry] = []
    left_out: list[str] = []
    for number, row in rows:
        if row is header or row[0].startswith("#"):
            continue
        try:
            entries.append(_entry(columns, row, number))
        except ValueError as error:
            left_out.append(f"line {number}: {error}")
    return Listed(tuple(entries), tuple(left_out))


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """(line, cells) of every row that is not empty."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    reader = csv.reader(io.StringIO(text.replace("\0", "")), delimiter="\t" if "\t" in first and "," not in first else ",", skipinitialspace=True)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error


def _is_header(row: list[str]) -> bool:
    return any(cell.strip().lower().lstrip("# ") in VALUE_COLUMNS for cell in row)


def _entry(columns: list[str], row: list[str], number: int) -> Entry:
    cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
    column = next((name for name in VALUE_COLUMNS if cells.get(name)), "")
    value = cells[column] if column else "" if columns else row[0]
    word = next((cells[name].lower() for name in KIND_COLUMNS if cells.get(name)), "")
    label = next((cells[name] for name in LABEL_COLUMNS if cells.get(name)), "")
    if word in WITH_PORT:
        value, word = value.rpartition("|" if "|" in value else ":")[0], ""
    elif word and word not in KIND_WORDS:
        raise ValueError(f"type {word[:60]!r} is not seen in traffic here")
    found = entry(value, number, label=label, kind=_kind(word or (column if column in KIND_WORDS else ""), value))
    return found._replace(kind=single(found.kind, found.value))


def _kind(word: str, value: str) -> str:
    """A column of addresses may hold prefixes."""
    kind = KIND_WORDS.get(word, "")
    return "prefix" if kind == "address" and "/" in value else kind
