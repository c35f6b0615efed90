"""Where the data that comes with this package lies."""

from __future__ import annotations

import os
from pathlib import Path


def embedded() -> Path:
    """The folder `geodb`: GDSI_GEODB, else beside the package's modules (installed), else beside the package (repository).

    Raises FileNotFoundError that says what to do when there is none.
    """
    package = Path(__file__).parent.parent
    for candidate in (os.environ.get("GDSI_GEODB"), package / "geodb", package.parent / "geodb"):
        if candidate and Path(candidate, "tables").is_dir():
            return Path(candidate)
    raise FileNotFoundError("the folder geodb is missing: reinstall gdsi-audit, or point GDSI_GEODB to a copy of it")
