"""Where the data lies: what comes with this package, and what users put before it."""

from __future__ import annotations

import os
from pathlib import Path

from gdsi_audit.geo._user_files import UserFiles

ANYWHERE = Path(os.devnull)
"""What a source is given for its folder where the user named none."""


def embedded() -> Path:
    """The folder `geodb`: GDSI_GEODB, else beside the package's modules (installed), else beside the package (repository).

    Raises FileNotFoundError that says what to do when there is none.
    """
    package = Path(__file__).parent.parent
    for candidate in (os.environ.get("GDSI_GEODB"), package / "geodb", package.parent / "geodb"):
        if candidate and Path(candidate, "tables").is_dir():
            return Path(candidate)
    raise FileNotFoundError("the folder geodb is missing: reinstall gdsi-audit, or point GDSI_GEODB to a copy of it")


def layers(folder: Path | None = None) -> tuple[Path, ...]:
    """The folders that a file may lie in, each laid out as `geodb`: `folder`, GDSI_GEODB, the user's own files, the embedded ones."""
    package = Path(__file__).parent.parent
    named = (folder, os.environ.get("GDSI_GEODB"), UserFiles().current(), package / "geodb", package.parent / "geodb")
    return tuple(dict.fromkeys(Path(one) for one in named if one and Path(one).is_dir()))


def file(folder: Path | None, name: str) -> Path:
    """`name` (`location/country.mmdb`) in the first of the layers that has it; where none has, where it is missed."""
    return next((one / name for one in layers(folder) if (one / name).is_file()), (folder or ANYWHERE) / name)
