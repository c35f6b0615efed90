"""STIX 2.1 bundles: indicators whose patterns compare a name, an address, a URL or a certificate's hash with fixed values, joined by OR.

Anything else in a pattern (AND, FOLLOWED BY, qualifiers, LIKE, MATCHES) would be changed by leaving a part of it out, so such a pattern is left out
whole, with its id (OASIS STIX 2.1 section 9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gdsi_audit.indicators import Entry, Listed
from gdsi_audit.indicators._lines import Lines, document
from gdsi_audit.indicators._values import entry, instant, single

SUFFIXES = (".json", ".stix")

PATHS = {
    "domain-name:value": "name",
    "ipv4-addr:value": "address",
    "ipv6-addr:value": "address",
    "url:value": "url",
    "x509-certificate:hashes.'sha-1'": "certificate-sha1",
    "x509-certificate:hashes.'sha-256'": "certificate-sha256",
    'x509-certificate:hashes."sha-256"': "certificate-sha256",
    "x509-certificate:hashes.sha256": "certificate-sha256",
}
_STRING = r"'(?:[^'\\]|\\.)*'"
_COMPARISON = re.compile(rf"\s*([A-Za-z0-9-]+:[A-Za-z0-9_.'\"-]+)\s*(=|ISSUBSET|IN)\s*({_STRING}|\(\s*{_STRING}(?:\s*,\s*{_STRING})*\s*\))\s*")
_QUOTED = re.compile(_STRING)
_OR = re.compile(r"\s*OR\s*")
LONGEST_PATTERN = 100_000


def claims(raw: bytes) -> bool:
    """Whether it is JSON with a bundle or an indicator."""
    return raw.lstrip()[:1] in (b"{", b"[") and (b'"bundle"' in raw or b'"indicator"' in raw) and b'"pattern' in raw


def read(raw: bytes) -> Listed:
    """See `Format`. Revoked indicators do not count."""
    found = document(raw)
    objects = found.get("objects", [found]) if isinstance(found, dict) else found
    if not isinstance(objects, list):
        raise ValueError("line 1: neither a bundle nor a list of objects")
    lines = Lines(raw.decode("utf-8-sig", "replace"))
    entries: list[Entry] = []
    left_out: list[str] = []
    for one in objects:
        if not isinstance(one, dict) or one.get("type") != "indicator" or one.get("revoked") is True:
            continue
        pattern = str(one.get("pattern", ""))
        line = lines.of(pattern)
        try:
            entries.extend(_entries(one, pattern, line))
        except ValueError as error:
            left_out.append(f"line {line}: {str(one.get('id', ''))[:60]}: {error}")
    return Listed(tuple(entries), tuple(left_out))


def _entries(one: dict[str, Any], pattern: str, line: int) -> list[Entry]:
    if one.get("pattern_type", "stix") != "stix":
        raise ValueError(f"pattern of type {str(one['pattern_type'])[:60]!r}")
    label = str(one.get("name") or one.get("description") or "")
    since, until = (instant(str(one.get(key, ""))) for key in ("valid_from", "valid_until"))
    made = [_entry(path, value, line, label) for path, value in comparisons(pattern)]
    return [each._replace(since=since, until=until) for each in made]


def _entry(path: str, value: str, line: int, label: str) -> Entry:
    kind = PATHS[path.lower()]
    found = entry(value, line, label=label, kind="prefix" if kind == "address" and "/" in value else kind)
    return found._replace(kind=single(found.kind, found.value))


def comparisons(pattern: str) -> Iterator[tuple[str, str]]:
    """(path, value) of `[path = 'value' OR …] OR […]`. Raises ValueError for every other form, and for paths that traffic does not show."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError("a pattern of more than 100,000 characters")
    at, open_bracket = 0, False
    while True:
        begun = re.compile(r"\s*\[").match(pattern, at)
        if begun is None:
            raise ValueError(f"cannot be read from offset {at}: a bracket is expected")
        at, open_bracket = begun.end(), True
        while open_bracket:
            found = _COMPARISON.match(pattern, at)
            if found is None:
                raise ValueError(f"cannot be read from offset {at}: only comparisons with =, IN and ISSUBSET joined by OR are")
            yield from _values(found)
            joined = _OR.match(pattern, found.end())
            at = joined.end() if joined else found.end()
            if not joined:
                if pattern[at : at + 1] != "]":
                    raise ValueError(f"cannot be read from offset {at}: only OR may join comparisons")
                at, open_bracket = at + 1, False
        joined = _OR.match(pattern, at)
        if not joined:
            if pattern[at:].strip():
                raise ValueError(f"cannot be read from offset {at}: only OR may follow")
            return
        at = joined.end()


def _values(found: re.Match[str]) -> Iterator[tuple[str, str]]:
    path, operator, given = found[1], found[2], found[3]
    if path.lower() not in PATHS:
        raise ValueError(f"{path[:60]} is not seen in traffic here")
    if operator == "ISSUBSET" and not path.startswith("ipv"):
        raise ValueError(f"ISSUBSET of {path[:60]}")
    if (operator == "IN") != given.startswith("("):
        raise ValueError(f"{operator} with {given[:60]}")
    for quoted in _QUOTED.findall(given):
        yield path, re.sub(r"\\(.)", r"\1", quoted[1:-1])
