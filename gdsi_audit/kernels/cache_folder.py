"""Where compiled kernels are kept: in the user's cache, one folder per state of the sources; a temporary one where nothing is writable."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

import platformdirs

BOUNDSCHECK = os.environ.get("GDSI_AUDIT_BOUNDSCHECK") == "1"


def sources() -> list[Path]:
    """Every file that a kernel can be made from: its own, and those whose constants it takes."""
    package = Path(__file__).parents[1]
    stages = [path for stage in ("kernels", "readers", "packets", "flows") for path in (package / stage).glob("*.py")]
    parsers = [path for path in (package / "protocols").glob("*.py") if b"gdsi_audit.kernels import" in path.read_bytes()]
    return sorted([*stages, *parsers, package / "gap.py"])


def _sources_digest() -> str:
    """Changes whenever one of those files changes."""
    states = ((path.name, path.stat()) for path in sources())
    text = "".join(f"{name} {state.st_size} {state.st_mtime_ns}\n" for name, state in states)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cache_folder() -> tuple[Path, bool]:
    """The folder, and whether the next run will find it again."""
    wanted = Path(os.environ.get("GDSI_AUDIT_CACHE") or platformdirs.user_cache_dir("gdsi-audit")) / f"kernels-{_sources_digest()}"
    try:
        if BOUNDSCHECK:
            return Path(tempfile.mkdtemp(prefix="gdsi-audit-boundscheck-")), False
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted, True
    except OSError as error:
        sys.stderr.write(f"gdsi-audit: cannot keep compiled kernels in {wanted} ({error.strerror}); compiling into a temporary folder\n")
        return Path(tempfile.mkdtemp(prefix="gdsi-audit-kernels-")), False


CACHE_FOLDER, CACHE_IS_KEPT = _cache_folder()
