"""Reading one of the hand-written tables."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from gdsi_audit.geo import _folder


def read(folder: Path, name: str) -> dict[str, Any]:
    """`tables/NAME.toml` under `folder`. Raises ValueError that names the file when it is no TOML, FileNotFoundError when it is not there."""
    path = _folder.file(folder, f"tables/{name}.toml")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error
