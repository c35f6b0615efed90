"""All declaration files of a run become one declaration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gdsi_audit import discover
from gdsi_audit.declarations import Declaration, Format, _document, _joining

SHELF = "gdsi_audit.declarations"


def read(paths: Sequence[Path]) -> Declaration:
    """The declaration that all of `paths` make together; the same content twice counts once.

    Tables of several rows are concatenated in the order of the files. Tables of one row are joined key by key. Raises ValueError with one line of
    text per problem: what is wrong in each file, and keys on which two files disagree, with both lines.
    """
    found: dict[str, Declaration] = {}
    problems: list[str] = []
    for path in paths:
        try:
            one = _one(path)
            found.setdefault(one.statements[0].sha256, one)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    return _joining.joined(found.values())


def _one(path: Path) -> Declaration:
    try:
        with path.open("rb") as file:
            raw = file.read(_document.LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path.name}: cannot be read: {error.strerror}; check its name and permissions") from error
    return format_of(path, raw).read(path, raw)


def format_of(path: Path, raw: bytes) -> Format:
    """The format that reads `path`: by suffix and content, else by suffix, else by content."""
    shelf: list[Format] = list(discover.modules(SHELF))
    by_suffix = [one for one in shelf if path.suffix.lower() in one.SUFFIXES]
    choice = [*(one for one in by_suffix if one.claims(raw)), *by_suffix, *(one for one in shelf if one.claims(raw))]
    return choice[0]
