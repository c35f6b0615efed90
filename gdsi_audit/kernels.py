"""Compiled kernels: the one place that says how they are compiled and where the result is kept.

A kernel is a plain function over NumPy arrays, released from the interpreter lock, compiled on first need and cached. The cache folder is the
user's cache, one folder per state of the sources, so that no stale machine code can survive an edit; where nothing is writable it is a temporary
folder, with a message. GDSI_AUDIT_BOUNDSCHECK=1 compiles with bounds checks, into an empty cache of its own.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import platformdirs
from numba.core import event as numba_event

Function = TypeVar("Function", bound=Callable[..., object])

BOUNDSCHECK = os.environ.get("GDSI_AUDIT_BOUNDSCHECK") == "1"


def _kernel_sources() -> list[Path]:
    """Every file that a kernel can be made from: its own, and those whose constants it takes."""
    package = Path(__file__).parent
    stages = [path for stage in ("readers", "packets", "flows") for path in (package / stage).glob("*.py")]
    parsers = [path for path in (package / "protocols").glob("*.py") if b"import kernel" in path.read_bytes()]
    return sorted([package / "kernels.py", package / "gap.py", *stages, *parsers])


def _sources_digest() -> str:
    """Changes whenever one of those files changes: numba itself looks only at the kernel's own file."""
    states = ((path.name, path.stat()) for path in _kernel_sources())
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

# numba has read its variables already. It would notice the change in the midst of the first compilation, which is too late.
os.environ["NUMBA_CACHE_DIR"] = str(CACHE_FOLDER)
_settings: Any = numba.config
_settings.reload_config()

_announced: list[str] = []


def announce(stage: str) -> None:
    """Says on a terminal, once, that the kernels of `stage` (a folder) are being compiled."""
    if stage not in _announced and sys.stderr.isatty():
        _announced.append(stage)
        sys.stderr.write(f"gdsi-audit: compiling kernels, once per version: {stage}\n")


class _Watch(numba_event.Listener):
    """Hears of every compilation: announces it, and switches loop vectorisation off while the kernel is ours.

    Kernels walk bytes that depend on each other; trying to vectorise them finds nothing and takes a fifth of the compile time.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._vectorise = _settings.LOOP_VECTORIZE

    def on_start(self, event: Any) -> None:
        stage = _stage(event)
        if not stage:
            return
        if self._depth == 0:
            self._vectorise = _settings.LOOP_VECTORIZE
            _settings.LOOP_VECTORIZE = 0
            announce(stage)
        self._depth += 1

    def on_end(self, event: Any) -> None:
        if not _stage(event):
            return
        self._depth -= 1
        if self._depth == 0:
            _settings.LOOP_VECTORIZE = self._vectorise


def _stage(event: Any) -> str:
    """Folder of the kernel that an event is about; empty: it is not ours."""
    package, *inside = str(event.data["dispatcher"].py_func.__module__).split(".")
    return inside[0] if package == __package__ and inside else ""


_register: Callable[..., None] = numba_event.register
_register("numba:compile", _Watch())

KERNELS: list[Any] = []
"""Every kernel of the modules imported so far, as numba's dispatcher."""


def kernel(function: Function) -> Function:
    """Compiles `function` on first need: no interpreter lock, division as NumPy does it, cached.

    A kernel's private functions are not cached themselves: their code is part of the kernel's, and keeping them too costs compile time.
    """
    cached = not BOUNDSCHECK and not function.__name__.startswith("_")
    options: dict[str, Any] = {"no_cfunc_wrapper": True}
    compile_lazily = numba.njit(nogil=True, cache=cached, error_model="numpy", boundscheck=BOUNDSCHECK, **options)
    KERNELS.append(compile_lazily(function))
    return cast("Function", KERNELS[-1])


def part(function: Function) -> Function:
    """Compiles a function that only kernels of its own file call: it is kept inside them, so it needs no entry from Python and no cache file."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compile_within = numba.njit(nogil=True, error_model="numpy", boundscheck=BOUNDSCHECK, **options)
    return cast("Function", compile_within(function))


def compile_seconds(dispatcher: object) -> float:
    """Seconds that `dispatcher` spent compiling in this process; 0.0 when every signature came from the cache."""
    metadata: dict[object, dict[str, dict[str, float]] | None] = dispatcher.get_metadata() if hasattr(dispatcher, "get_metadata") else {}
    return sum(entry.get("timers", {}).get("compiler_lock", 0.0) for entry in metadata.values() if entry)
