"""Files of indicators become indicators, each with its file, the file's hash and its line."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gdsi_audit import discover
from gdsi_audit.indicators import Format, Indicator, Listed

SHELF = "gdsi_audit.indicators"
LARGEST_FILE_BYTES = 256 << 20
MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Import:
    """What one file gave."""

    file: str
    sha256: str
    indicators: tuple[Indicator, ...]
    left_out: tuple[str, ...]

    def summary(self) -> str:
        """`bad.txt (SHA-256 …): 12 indicators, 2 entries left out: line 7: …`"""
        shown = "; ".join(self.left_out[:MOST_REASONS]) + ("; …" if len(self.left_out) > MOST_REASONS else "")
        rest = f", {len(self.left_out):,} entries left out: {shown}" if self.left_out else ""
        return f"{self.file} (SHA-256 {self.sha256}): {len(self.indicators):,} indicators{rest}"


def read(paths: Sequence[Path]) -> tuple[Import, ...]:
    """One Import per file. Raises ValueError, a line per file, for what cannot be read or gives no indicator at all."""
    done: list[Import] = []
    problems: list[str] = []
    for path in paths:
        try:
            done.append(_one(path))
        except ValueError as error:
            problems.append(f"{path.name}: {error}")
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(done)


def _one(path: Path) -> Import:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}; check its name and permissions") from error
    if len(raw) > LARGEST_FILE_BYTES:
        raise ValueError(f"has more than {LARGEST_FILE_BYTES:,} bytes: split it")
    listed: Listed = format_of(path, raw).read(raw)
    if not listed.entries:
        reasons = "; ".join(listed.left_out[:MOST_REASONS])
        raise ValueError(f"holds no indicator that traffic can show{f': {reasons}' if reasons else ''}")
    sha256 = hashlib.sha256(raw).hexdigest()
    made = dict.fromkeys(Indicator(**entry._asdict(), file=path.name, sha256=sha256) for entry in listed.entries)
    return Import(path.name, sha256, tuple(made), listed.left_out)


def format_of(path: Path, raw: bytes) -> Format:
    """The format that reads `path`: by suffix and content, else by content, else by suffix. Raises ValueError where none does."""
    shelf: list[Format] = list(discover.modules(SHELF))
    by_suffix = [one for one in shelf if path.suffix.lower() in one.SUFFIXES]
    claiming = [one for one in shelf if one.claims(raw)]
    choice = [*(one for one in claiming if one in by_suffix), *claiming, *by_suffix]
    if not choice:
        raise ValueError(f"is of no known format; use one of {', '.join(discover.names(SHELF))}")
    return choice[0]
