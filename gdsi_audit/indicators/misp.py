"""MISP's JSON: attributes of events, by type; only those meant for detection (`to_ids`) count (MISP core format)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gdsi_audit.indicators import Entry, Listed
from gdsi_audit.indicators._lines import Lines, document
from gdsi_audit.indicators._values import entry, single

SUFFIXES = (".json",)

TYPES = {
    **dict.fromkeys(("domain", "hostname"), "name"),
    **dict.fromkeys(("ip-dst", "ip-src"), "address"),
    **dict.fromkeys(("url", "uri"), "url"),
    "ja3-fingerprint-md5": "ja3",
    "x509-fingerprint-sha1": "certificate-sha1",
    "x509-fingerprint-sha256": "certificate-sha256",
}
COMPOSITE = {
    "domain|ip": ("name", "address"),
    "ip-dst|port": ("address", ""),
    "ip-src|port": ("address", ""),
    "hostname|port": ("name", ""),
}
"""Types of two values; what a port alone says is not used."""


def claims(raw: bytes) -> bool:
    """Whether it is JSON with attributes or events."""
    return raw.lstrip()[:1] in (b"{", b"[") and (b'"Attribute"' in raw or b'"Event"' in raw or b'"to_ids"' in raw)


def read(raw: bytes) -> Listed:
    """See `Format`."""
    lines = Lines(raw.decode("utf-8-sig", "replace"))
    entries: list[Entry] = []
    left_out: list[str] = []
    for attribute in _attributes(document(raw), depth=0):
        value, kind = attribute.get("value"), attribute.get("type")
        if not isinstance(value, str) or not isinstance(kind, str) or attribute.get("to_ids") not in (True, 1, "1"):
            continue
        line = lines.of(value)
        try:
            entries.extend(_entries(kind, value, line, str(attribute.get("comment") or attribute.get("category") or "")))
        except ValueError as error:
            left_out.append(f"line {line}: {error}")
    return Listed(tuple(entries), tuple(left_out))


def _attributes(found: Any, *, depth: int) -> Iterator[dict[str, Any]]:
    """Attributes of events, objects and lists of them, however wrapped."""
    if depth > 8:
        return
    if isinstance(found, list):
        for one in found:
            yield from _attributes(one, depth=depth + 1)
    elif isinstance(found, dict):
        if "value" in found and "type" in found:
            yield found
        for key in ("response", "Event", "Attribute", "Object"):
            if key in found:
                yield from _attributes(found[key], depth=depth + 1)


def _entries(kind: str, value: str, line: int, label: str) -> Iterator[Entry]:
    if kind in COMPOSITE:
        for part, of in zip(value.split("|"), COMPOSITE[kind], strict=False):
            if of:
                yield _entry(of, part, line, label)
    elif kind in TYPES:
        found = _entry(TYPES[kind], value, line, label)
        yield found._replace(below=found.below and kind != "hostname")
    else:
        raise ValueError(f"type {kind[:60]!r} is not seen in traffic here")


def _entry(kind: str, value: str, line: int, label: str) -> Entry:
    found = entry(value, line, label=label, kind="prefix" if kind == "address" and "/" in value else kind)
    return found._replace(kind=single(found.kind, found.value))
