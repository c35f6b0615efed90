"""Reading one of the hand-written tables."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from gdsi_audit.geo import _folder


def read(folder: Path, name: str) -> dict[str, Any]:
    """`tables/NAME.toml` under `folder`. Raises ValueError that names the file when it is no TOML, FileNotFoundError when it is not there."""
    path = _folder.file(folder, f"tables/{name}.toml")
    status = path.stat()
    return _loaded(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _loaded(path: Path, changed_ns: int, size_bytes: int) -> dict[str, Any]:
    """One table serves every source that reads it: nobody may change it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error
