"""Who a MAC address block is assigned to. A label for local devices: assigned to, not made by."""

from __future__ import annotations

import csv
import gzip
from functools import cache
from pathlib import Path

from gdsi_audit.geo._folder import embedded

PREFIX_DIGITS = (9, 7, 6)
"""Blocks of 36, 28 and 24 bits (MA-S, MA-M, MA-L); the longest wins."""

REGISTRY = "IEEE Registration Authority"
"""Holds the 24-bit blocks that are handed out in smaller ones; as an answer it says that nobody holds the smaller one."""


def vendor(mac: str, folder: Path | None = None) -> str:
    """Holder of the block that `mac` (any separators) is in; empty for unknown, multicast and locally administered (often randomised) addresses."""
    digits = "".join(character for character in mac.upper() if character not in ":-.")
    if len(digits) != 12 or not set(digits) <= set("0123456789ABCDEF") or int(digits[1], 16) & 0b11:
        return ""
    table = _table(folder or embedded())
    holder = next((table[digits[:length]] for length in PREFIX_DIGITS if digits[:length] in table), "")
    return "" if holder == REGISTRY else holder


@cache
def _table(folder: Path) -> dict[str, str]:
    with gzip.open(folder / "oui" / "oui.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        next(rows, None)
        return {row[0]: row[1] for row in rows if len(row) > 1}
